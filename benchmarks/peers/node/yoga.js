// graphql-yoga on the runtime's HTTP server, with its caches for parsing and validation (the default).
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { openStore, resolversOn, typeDefs } from './operations.js'

const [port, path] = process.argv.slice(2)
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: resolversOn(openStore(path)) }),
  logging: false,
  graphiql: false
})
if (process.versions.bun) {
  Bun.serve({ port: Number(port), hostname: '127.0.0.1', fetch: yoga })
} else {
  createServer(yoga).listen(Number(port), '127.0.0.1')
}
