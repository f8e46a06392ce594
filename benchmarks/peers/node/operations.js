// The store and the resolvers of the peers on Node and Bun, with prepared statements that read only
// the selected columns. Changes are published if the server has a pubsub.
import { readFileSync } from 'node:fs'
import { GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql'
import { v7 } from 'uuid'
import { isDuplicate, openDatabase } from './database.js'

const COLUMNS = ['id', 'callId', 'clientContext', 'status', 'version', 'createdAt', 'updatedAt',
  'resultInfo', 'additionalProperties', 'participants']
const NESTED = ['resultInfo', 'additionalProperties', 'participants']
const PAGE_SIZE = 50
const MAX_PAGE_SIZE = 500

export const typeDefs = readFileSync(
  new URL('../../../schema/schema.graphql', import.meta.url), 'utf8')

const DateTime = new GraphQLScalarType({ name: 'DateTime', serialize: (value) => value })
const JSONScalar = new GraphQLScalarType({
  name: 'JSON', serialize: (value) => value, parseValue: (value) => value, parseLiteral: valueFromASTUntyped
})

export function openStore (path) {
  const database = openDatabase(path, ['journal_mode = WAL', 'synchronous = FULL', 'cache_size = -65536'])
  const prepared = new Map()

  const statement = (sql) => {
    let found = prepared.get(sql)
    if (!found) prepared.set(sql, found = database.prepare(sql))
    return found
  }

  const get = (id, columns) => {
    const row = statement(`SELECT ${columns} FROM operations WHERE id = ?`).get(id)
    return row && parsed(row)
  }

  const page = ({ first, after, filter }, columns) => {
    const limit = first ?? PAGE_SIZE
    if (limit < 0 || limit > MAX_PAGE_SIZE) throw new Error(`first is ${limit}: give 0 to ${MAX_PAGE_SIZE}.`)
    const { from, where, values } = conditions(filter)
    if (after != null) {
      where.push('seq < ?')
      values.push(decodeCursor(after))
    }
    const rows = statement(
      `SELECT ${columns}, seq FROM ${from}${where.length ? ` WHERE ${where.join(' AND ')}` : ''}
       ORDER BY seq DESC LIMIT ?`
    ).all(...values, limit + 1)
    const hasNextPage = rows.length > limit
    if (hasNextPage) rows.pop()
    for (let index = 0; index < rows.length; index++) parsed(rows[index])
    return {
      nodes: rows,
      pageInfo: {
        hasNextPage,
        hasPreviousPage: after != null,
        startCursor: rows.length ? encodeCursor(rows[0].seq) : null,
        endCursor: rows.length ? encodeCursor(rows[rows.length - 1].seq) : null
      }
    }
  }

  const insertIdentities = (seq, participants) => {
    for (const { identity } of participants) {
      for (const kind in identity) {
        const id = identity[kind]?.id
        if (id != null) statement('INSERT OR IGNORE INTO identities VALUES (?, ?, ?)').run(kind, id, seq)
      }
    }
  }

  const create = database.transaction((input) => {
    const now = dateTime()
    const { callId = null, clientContext = null, resultInfo, additionalProperties } = input
    const operation = {
      id: input.id ?? v7(),
      callId,
      clientContext,
      status: input.status ?? 'NotStarted',
      version: 1,
      createdAt: now,
      updatedAt: now,
      resultInfo,
      additionalProperties,
      participants: input.participants ?? []
    }
    const { lastInsertRowid } = statement(
      `INSERT INTO operations (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
    ).run(operation.id, callId, clientContext, operation.status, 1, now, now, json(resultInfo),
      json(additionalProperties), json(operation.participants))
    insertIdentities(lastInsertRowid, operation.participants)
    return operation
  })

  const update = database.transaction(({ id, ifVersion, ...changes }) => {
    const current = get(id, 'seq, *')
    if (!current) return notFound(id)
    if (ifVersion != null && ifVersion !== current.version) return conflict(current, ifVersion)
    const operation = { ...current, ...changes }
    operation.version++
    operation.updatedAt = dateTime()
    const { seq } = current
    statement(
      `UPDATE operations SET callId = ?, clientContext = ?, status = ?, version = ?, updatedAt = ?,
       resultInfo = ?, additionalProperties = ?, participants = ? WHERE seq = ?`
    ).run(operation.callId, operation.clientContext, operation.status, operation.version,
      operation.updatedAt, json(operation.resultInfo), json(operation.additionalProperties),
      json(operation.participants), seq)
    if (changes.participants) {
      statement('DELETE FROM identities WHERE seq = ?').run(seq)
      insertIdentities(seq, operation.participants)
    }
    return { operation, errors: [] }
  })

  return { get, page, create, update }
}

export function resolversOn (store) {
  let changes = 0

  const publish = async (pubsub, kind, operation) => {
    const payload = { changes: { cursor: encodeCursor(++changes), kind, operation } }
    await pubsub?.publish({ topic: 'CHANGES', payload })
  }

  return {
    DateTime,
    JSON: JSONScalar,
    Query: {
      inviteParticipantsOperation: (_, { id }, context, info) => store.get(id, columnsOf(info)),
      inviteParticipantsOperations: (_, args, context, info) => store.page(args, columnsOf(info))
    },
    Mutation: {
      createInviteParticipantsOperation: async (_, { input }, { pubsub }) => {
        try {
          const operation = store.create.immediate(input)
          await publish(pubsub, 'CREATED', operation)
          return { operation, errors: [] }
        } catch (error) {
          if (!isDuplicate(error)) throw error
          return { operation: null, errors: [{ __typename: 'AlreadyExistsError', code: 'ALREADY_EXISTS', message: 'An operation with the id exists.', path: ['input', 'id'], current: store.get(input.id, '*') }] }
        }
      },
      updateInviteParticipantsOperation: async (_, { input }, { pubsub }) => {
        const payload = store.update.immediate(input)
        if (!payload.errors.length) await publish(pubsub, 'UPDATED', payload.operation)
        return payload
      }
    },
    Subscription: {
      changes: { subscribe: (_, args, { pubsub }) => pubsub.subscribe('CHANGES') }
    }
  }
}

const notFound = (id) => ({
  operation: null,
  errors: [{ __typename: 'NotFoundError', code: 'NOT_FOUND', message: `No operation has the id ${id}.`, path: ['input', 'id'] }]
})

const conflict = (current, version) => ({
  operation: null,
  errors: [{ __typename: 'ConflictError', code: 'CONFLICT', message: `The version is ${current.version}, not ${version}.`, path: ['input', 'ifVersion'], current }]
})

// The filters that the workloads use; others are errors.
function conditions (filter) {
  const where = []
  const values = []
  let from = 'operations'
  for (const name in filter) {
    if (name === 'status' && only(filter.status, 'eq')) {
      where.push('status = ?')
      values.push(filter.status.eq)
    } else if (name === 'participants' && only(filter.participants, 'some') && only(filter.participants.some, 'identity')) {
      // SQLite keeps the order of a cross join, so the page is read in order from the key of identities.
      from = '(SELECT kind, id AS identityId, seq FROM identities) CROSS JOIN operations USING (seq)'
      for (const [kind, comparison] of Object.entries(filter.participants.some.identity)) {
        if (!only(comparison, 'id') || !only(comparison.id, 'eq')) throw new Error('This filter is not supported.')
        where.push('kind = ?', 'identityId = ?')
        values.push(kind, comparison.id.eq)
      }
    } else throw new Error(`A filter on ${name} is not supported.`)
  }
  return { from, where, values }
}

const only = (object, name) => object != null && name in object && Object.keys(object).length === 1

// Computed once for each field of each cached document.
const columnsOfNode = new WeakMap()

function columnsOf ({ fieldNodes, fragments }) {
  let columns = columnsOfNode.get(fieldNodes[0])
  if (!columns) {
    const names = new Set()
    for (const node of fieldNodes) collect(node.selectionSet, fragments, names)
    columns = COLUMNS.filter((name) => names.has(name)).join(', ') || 'id'
    columnsOfNode.set(fieldNodes[0], columns)
  }
  return columns
}

function collect (selectionSet, fragments, names) {
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) names.add(selection.name.value)
    collect(selection.kind === Kind.FRAGMENT_SPREAD
      ? fragments[selection.name.value].selectionSet
      : selection.selectionSet, fragments, names)
  }
}

function parsed (row) {
  for (const name of NESTED) {
    if (typeof row[name] === 'string') row[name] = JSON.parse(row[name])
  }
  return row
}

const json = (value) => value == null ? null : JSON.stringify(value)
const dateTime = () => `${new Date().toISOString().slice(0, -1)}000Z`
const encodeCursor = (seq) => Buffer.from(`${seq}`).toString('base64url')
const decodeCursor = (cursor) => Number(Buffer.from(cursor, 'base64url').toString())
