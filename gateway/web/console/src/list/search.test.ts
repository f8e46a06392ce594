import { describe, expect, test } from 'vitest'

import { admits, columnsOf, filterOf, orderOf, parseQuery, validateSearch, writeQuery } from './search'

describe('the address of a list', () => {
  test('is read and written back', () => {
    const query = '?status=Running&status=Failed&call=a%2Fb+%26c&result=412%2F9999&sort=-updatedAt'
    const search = validateSearch(parseQuery(query))
    expect(search).toEqual({
      status: ['Running', 'Failed'],
      call: 'a/b &c',
      result: '412/9999',
      sort: '-updatedAt',
    })
    expect(validateSearch(parseQuery(writeQuery({ ...search })))).toEqual(search)
  })

  test.each(['?status=Done', '?result=x', '?sort=secret', '?from=yesterday', '?q=', '?unknown=1'])(
    'leaves out what makes no sense: %s',
    (query) => expect(validateSearch(parseQuery(query))).toEqual({}),
  )
})

describe('the filter of a list', () => {
  test('matches everything when nothing is set', () => expect(filterOf({})).toEqual({ and: [] }))

  test('joins what is set by and', () => {
    expect(filterOf({ call: 'c', result: '400' })).toEqual({
      and: [{ callId: { eq: 'c' } }, { resultInfo: { code: { eq: 400 } } }],
    })
  })
})

test('an order is one of the gateway', () => {
  expect(orderOf({})).toEqual([])
  expect(orderOf({ sort: '-callId' })).toEqual([{ callId: 'DESC' }])
  expect(orderOf({ sort: 'result' })).toEqual([
    { resultInfo: { code: 'ASC' } },
    { resultInfo: { subcode: 'ASC' } },
  ])
})

test.each([
  [{}, null, true],
  [{ status: ['Failed' as const] }, null, false],
  [{ result: '412' }, { code: 412, subcode: 9999 }, true],
  [{ result: '412/9999' }, { code: 412, subcode: 9999 }, true],
  [{ result: '412/1' }, { code: 412, subcode: 9999 }, false],
  [{ result: '412' }, null, false],
])('%o admits a running operation with the result %o: %s', (search, resultInfo, expected) => {
  expect(admits(search, { status: 'Running', resultInfo })).toBe(expected)
})

test('columns are those that there are, and the context always', () => {
  expect(validateSearch({ columns: 'call,secret,status' }).columns).toBe('status,context,call')
  expect(columnsOf(undefined)).toHaveLength(7)
})
