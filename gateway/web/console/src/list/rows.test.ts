import { expect, test } from 'vitest'

import { type ListChange, MAX_WAITING, type Row, type Rows, withChanges, withPage } from './rows'

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000Z`

const row = (id: string, second: number, version = 1): Row => ({
  id,
  callId: null,
  clientContext: null,
  status: 'Running',
  version,
  createdAt: at(second),
  updatedAt: at(second),
  endedAt: null,
  resultInfo: null,
  participants: [],
})

function change(kind: ListChange['kind'], { id, ...state }: Row): ListChange {
  return { cursor: `${id}-${state.version}`, kind, operationId: id, state }
}

const shown: Rows = {
  rows: [row('b', 20), row('a', 10)],
  waiting: new Set(),
  endCursor: 'a',
  hasMore: true,
}

test('a change of a row shows itself in place', () => {
  const { rows, waiting } = withChanges(
    shown,
    [change('UPDATED', { ...row('a', 10, 2), status: 'Failed' })],
    {},
  )
  expect(rows.map(({ id, status }) => [id, status])).toEqual([
    ['b', 'Running'],
    ['a', 'Failed'],
  ])
  expect(waiting.size).toBe(0)
})

test('a change that is older than its row changes nothing', () => {
  const later = { ...shown, rows: [row('b', 20, 3)] }
  expect(withChanges(later, [change('UPDATED', row('b', 20, 2))], {}).rows[0]?.version).toBe(3)
})

test('a new operation waits, and no longer once it is deleted or no longer matches', () => {
  const created = change('CREATED', row('c', 30))
  expect([...withChanges(shown, [created], {}).waiting]).toEqual(['c'])
  expect(withChanges(shown, [created, change('DELETED', row('c', 30))], {}).waiting.size).toBe(0)
  const completed = change('UPDATED', { ...row('c', 30, 2), status: 'Completed' })
  expect(withChanges(shown, [created, completed], { status: ['Running'] }).waiting.size).toBe(0)
})

test('an operation further down is left to be read there', () => {
  const older = change('UPDATED', row('0', 5, 2))
  expect(withChanges(shown, [older], {}).waiting.size).toBe(0)
  expect(withChanges({ ...shown, hasMore: false }, [older], {}).waiting.size).toBe(1)
})

test('a deleted operation stays where it is, and is marked', () => {
  const { rows } = withChanges(shown, [change('DELETED', row('b', 20))], {})
  expect(rows.map(({ isDeleted }) => isDeleted ?? false)).toEqual([true, false])
})

test('a page adds what is not there yet', () => {
  const { rows, hasMore } = withPage(shown, [row('a', 10), row('z', 1)], 'z', false)
  expect(rows.map(({ id }) => id)).toEqual(['b', 'a', 'z'])
  expect(hasMore).toBe(false)
})

test('those that wait are counted up to a limit', () => {
  const created = Array.from({ length: MAX_WAITING + 1 }, (_, n) => change('CREATED', row(`new ${n}`, 30)))
  expect(withChanges(shown, created, {}).waiting.size).toBe(MAX_WAITING)
})
