import { expect, test } from 'vitest'

import type { OverviewQuery } from '../gql/graphql'
import { causeOf } from './meaning'
import { bucketsOf, rangeOf, startOf } from './range'

const NOW = Date.UTC(2026, 0, 31, 9, 30)

test('a day is 24 hours, the last of which goes on', () => {
  const day = rangeOf('day')
  const from = startOf(day, NOW)
  const data: OverviewQuery = {
    latest: { changeCursor: '', nodes: [] },
    statuses: [],
    notStarted: [],
    running: [],
    completed: [{ createdFrom: '2026-01-31T09:00:00.000000Z', count: 3 }],
    failed: [{ createdFrom: '2026-01-30T10:00:00.000000Z', count: 1 }],
    causes: [],
    unfinished: { nodes: [], totalCount: 0 },
  }
  const buckets = bucketsOf(day, from, data)
  expect(new Date(from).toISOString()).toBe('2026-01-30T10:00:00.000Z')
  expect(buckets).toHaveLength(24)
  expect(buckets[0]?.counts).toEqual({ NotStarted: 0, Running: 0, Completed: 0, Failed: 1 })
  expect(buckets.at(-1)?.counts.Completed).toBe(3)
})

test.each([
  [{ code: 412, subcode: 9999, message: 'It failed. DiagCode: 412#10073' }, 'not set up to call telephones'],
  [{ code: 412, subcode: 9999, message: null }, 'was not there'],
  [{ code: 500, subcode: 7106 }, 'error of its own'],
  [{ code: 200, subcode: 0 }, 'went well'],
  [{ code: 0, subcode: 7015 }, ''],
])('the result %o is put in words', (result, words) => expect(causeOf(result)).toContain(words))
