// PostGraphile 5 with its Amber preset on its server, Grafserv, without GraphiQL and watch mode.
import { createServer } from 'node:http'
import { grafserv } from 'postgraphile/grafserv/node'
import { makePgService } from 'postgraphile/adaptors/pg'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { postgraphile } from 'postgraphile'

const [port, connectionString] = process.argv.slice(2)
const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ['public'] })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false }
})
const server = createServer()
await pgl.createServ(grafserv).addTo(server)
server.listen(Number(port), '127.0.0.1')
