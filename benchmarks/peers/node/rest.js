// Two requests of Graph's REST interface on Fastify and better-sqlite3, with prepared statements.
import Fastify from 'fastify'
import Database from 'better-sqlite3'

const [port, path] = process.argv.slice(2)
const ROOT = `http://127.0.0.1:${port}/v1.0/`
const COLLECTION = 'communications/inviteParticipantsOperations'
const TYPE = '@odata.type'
const ANNOTATIONS = 'application/json;odata.metadata=minimal'

const database = new Database(path, { readonly: true })
database.pragma('cache_size = -65536')
const one = database.prepare('SELECT * FROM operations WHERE id = ?')
const page = database.prepare('SELECT * FROM operations ORDER BY seq DESC LIMIT ?')

const identity = ({ id, displayName, additionalProperties }) => ({
  [TYPE]: 'microsoft.graph.identity', displayName, id, ...additionalProperties
})

const BASE_KINDS = ['application', 'device', 'user']
const KINDS = ['applicationInstance', 'assertedIdentity', 'azureCommunicationServicesUser',
  'encrypted', 'guest', 'onPremises', 'phone']

function identitySet (set) {
  const isBase = set.endpointType == null && KINDS.every((kind) => set[kind] == null)
  const type = isBase ? 'microsoft.graph.identitySet' : '#microsoft.graph.communicationsIdentitySet'
  const written = { [TYPE]: type }
  for (const kind of [...BASE_KINDS, ...KINDS]) if (set[kind]) written[kind] = identity(set[kind])
  return { ...written, endpointType: set.endpointType, ...set.additionalProperties }
}

const participant = (stored) => ({
  [TYPE]: 'microsoft.graph.invitationParticipantInfo',
  identity: identitySet(stored.identity),
  region: stored.region,
  languageId: stored.languageId,
  replacesCallId: stored.replacesCallId,
  hidden: stored.hidden,
  participantId: stored.participantId,
  removeFromDefaultAudioRoutingGroup: stored.removeFromDefaultAudioRoutingGroup,
  ...stored.additionalProperties
})

function entity (row, address) {
  const result = row.resultInfo && JSON.parse(row.resultInfo)
  return {
    [TYPE]: '#microsoft.graph.inviteParticipantsOperation',
    '@odata.etag': `W/"${row.version}"`,
    ...(address && {
      '@odata.id': `communications/calls('${row.callId}')/operations('${row.id}')`
    }),
    id: row.id,
    status: row.status,
    clientContext: row.clientContext ?? undefined,
    resultInfo: result
      ? { [TYPE]: 'microsoft.graph.resultInfo', code: result.code, subcode: result.subcode, message: result.message }
      : undefined,
    participants: JSON.parse(row.participants).map(participant),
    ...(row.additionalProperties && JSON.parse(row.additionalProperties))
  }
}

const app = Fastify()
app.get(`/v1.0/${COLLECTION}/:id`, (request, reply) => {
  const row = one.get(request.params.id)
  if (!row) return reply.code(404).send()
  reply.header('OData-Version', '4.0').header('ETag', `W/"${row.version}"`).type(ANNOTATIONS)
  const context = `${ROOT}$metadata#${COLLECTION}/$entity`
  reply.send(JSON.stringify({ '@odata.context': context, ...entity(row, false) }))
})
app.get(`/v1.0/${COLLECTION}`, (request, reply) => {
  const top = Number(request.query.$top)
  const rows = page.all(top + 1)
  const more = rows.length > top
  if (more) rows.pop()
  reply.header('OData-Version', '4.0').type(ANNOTATIONS)
  reply.send(JSON.stringify({
    '@odata.context': `${ROOT}$metadata#${COLLECTION}`,
    '@odata.nextLink': more ? `${ROOT}${COLLECTION}?$top=${top}&$skiptoken=${rows.at(-1).seq}` : undefined,
    value: rows.map((row) => entity(row, true))
  }))
})
app.post('/graphql', (request, reply) => reply.send({ data: {} })) // requested until the server has started
await app.listen({ port: Number(port), host: '127.0.0.1' })
