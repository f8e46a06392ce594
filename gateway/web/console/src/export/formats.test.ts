import { expect, test } from 'vitest'

import type { WholeFragment } from '../gql/graphql'
import { anonymous, csvRow, FORMATS, withoutNulls } from './formats'

const operation = {
  id: 'one',
  callId: null,
  clientContext: '=HYPERLINK("//example.com")',
  status: 'Failed',
  resultInfo: { code: -1, subcode: 0, message: 'said "no",\nto +12345678901' },
  participants: [
    { identity: { phone: { id: '+12345678901', displayName: null } } },
    { identity: { user: { id: 'ada', displayName: 'Ada' } } },
  ],
  additionalProperties: null,
  version: 2,
  createdAt: '2026-01-01T00:00:00.000000Z',
  updatedAt: '2026-01-01T00:00:01.000000Z',
  endedAt: null,
} as unknown as WholeFragment

test('an operation is a row of CSV', () => {
  expect(FORMATS.csv.line(operation)).toBe(
    `one,Failed,,"'=HYPERLINK(""//example.com"")",Phone +12345678901; User Ada (ada),-1,0,` +
      `"said ""no"",\nto +12345678901",2,2026-01-01T00:00:00.000000Z,2026-01-01T00:00:01.000000Z,\r\n`,
  )
})

test.each(['=1', '+1', '-1', '@a', '\t=1', '\r=1', '＝1'])('%o is no formula in CSV', (text) =>
  expect(csvRow([text])).toMatch(/^"?'/),
)

test('fields that are null are left out of NDJSON, but not what is in undeclared ones', () => {
  const value = { a: null, b: [{ c: null, additionalProperties: { d: null } }] }
  expect(withoutNulls(value)).toEqual({ b: [{ additionalProperties: { d: null } }] })
})

test('names and numbers are taken out of a file', () => {
  const line = FORMATS.csv.line(anonymous(operation))
  expect(line).toContain('Phone hidden; User hidden (hidden)')
  expect(line).not.toMatch(/Ada|2345678/)
})
