// graphql-yoga on Node's own HTTP server, its parser and validation caches on as they come.
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { openStore, resolversOn, typeDefs } from './operations.js'

const [port, path] = process.argv.slice(2)
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: resolversOn(openStore(path)) }),
  logging: false,
  graphiql: false
})
createServer(yoga).listen(Number(port), '127.0.0.1')
