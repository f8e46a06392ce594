// graphql-yoga on Bun's own HTTP server.
import { createSchema, createYoga } from 'graphql-yoga'
import { openStore, resolversOn, typeDefs } from './operations.js'

const [port, path] = process.argv.slice(2)
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: resolversOn(openStore(path)) }),
  logging: false,
  graphiql: false
})
Bun.serve({ port: Number(port), hostname: '127.0.0.1', fetch: yoga })
