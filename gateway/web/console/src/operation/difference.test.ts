import { expect, test } from 'vitest'

import type { EntryFragment, StateFragment } from '../gql/graphql'
import { withoutPeople } from '../ui/people'
import { differencesOf } from './difference'
import { versionsOf, withEntries } from './versions'

const state: StateFragment = {
  callId: 'call',
  clientContext: null,
  status: 'NotStarted',
  version: 1,
  createdAt: '2026-01-01T00:00:00.000000Z',
  updatedAt: '2026-01-01T00:00:00.000000Z',
  endedAt: null,
  additionalProperties: null,
  resultInfo: null,
  participants: [],
}

const entry = (
  kind: EntryFragment['kind'],
  changedFields: string[],
  changed: Partial<StateFragment> = {},
): EntryFragment => ({
  cursor: 'c',
  kind,
  at: state.createdAt,
  operationId: 'id',
  version: 1,
  changedFields,
  state: { ...state, ...changed },
})

test('a creation goes from nothing to what there is', () => {
  expect(differencesOf(entry('CREATED', ['callId', 'status']), undefined)).toEqual([
    { field: 'Call', from: null, to: 'call' },
    { field: 'Status', from: null, to: 'Not started' },
  ])
})

test('a change goes from the value before to the value after', () => {
  const failed = { status: 'Failed' as const, resultInfo: { code: 412, subcode: 9999, message: null } }
  expect(differencesOf(entry('UPDATED', ['status', 'resultInfo'], failed), entry('CREATED', []))).toEqual([
    { field: 'Status', from: 'Not started', to: 'Failed' },
    { field: 'Result', from: null, to: '412/9999' },
  ])
})

test('what happens is how things are, but not what is older than that', () => {
  const found = { ...state, id: 'id', status: 'Running' as const, version: 2 }
  const versions = versionsOf({ ...found, history: { nodes: [], pageInfo: { endCursor: 'c' } } })
  const older = withEntries(versions, [entry('CREATED', [])])
  expect(older.history).toHaveLength(1)
  expect(older.current.status).toBe('Running')
  const gone = withEntries(versions, [entry('DELETED', [], { version: 2 })])
  expect(gone.isDeleted).toBe(true)
  const again = { version: 1, createdAt: '2026-01-02T00:00:00.000000Z' }
  expect(withEntries(gone, [entry('CREATED', [], again)]).isDeleted).toBe(false)
})

test('a deletion changes no field', () => {
  expect(differencesOf(entry('DELETED', []), entry('CREATED', []))).toEqual([])
})

test('names and numbers are taken out of JSON, and nothing else', () => {
  const operation = {
    id: 'operation-1',
    createdAt: state.createdAt,
    resultInfo: { message: 'failed for 4:+61450078883.' },
    participants: [{ identity: { user: { id: 'ada', displayName: 'Ada' }, phone: null } }],
  }
  expect(withoutPeople(operation)).toEqual({
    id: 'operation-1',
    createdAt: state.createdAt,
    resultInfo: { message: 'failed for 4:hidden.' },
    participants: [{ identity: { user: { id: 'hidden', displayName: 'hidden' }, phone: null } }],
  })
})
