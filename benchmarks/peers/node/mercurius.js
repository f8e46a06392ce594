// Mercurius with its just-in-time compiler and its pubsub, set up as documented.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { openStore, resolversOn, typeDefs } from './operations.js'

const [port, path] = process.argv.slice(2)
const app = Fastify()
app.register(mercurius, {
  schema: typeDefs,
  resolvers: resolversOn(openStore(path)),
  jit: 1,
  subscription: true
})
await app.listen({ port: Number(port), host: '127.0.0.1' })
