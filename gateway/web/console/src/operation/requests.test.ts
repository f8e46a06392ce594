import { execFileSync } from 'node:child_process'

import { parse } from 'graphql'
import { expect, test } from 'vitest'

import { asCurl, asGraphQL, playgroundLink } from './requests'

const ID = `it's "$HOME" \\ \`id\` é`

test('a shell passes the id on as it is', () => {
  const command = asCurl(ID, 'http://127.0.0.1:8000', true).replace('curl', "printf '%s\\n'")
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8', env: { TOKEN: 'secret' } }).split(
    '\n',
  )
  expect(words[0]).toBe('http://127.0.0.1:8000/graphql')
  expect(words).toContain('Authorization: Bearer secret')
  expect(JSON.parse(words.at(-2) ?? '').variables).toEqual({ id: ID })
})

test('what is copied is GraphQL', () => {
  expect(parse(asGraphQL(ID)).definitions).toHaveLength(1)
})

test('the link has the query and its variables', () => {
  const link = new URL(playgroundLink(ID), 'http://127.0.0.1')
  expect(JSON.parse(link.searchParams.get('variables') ?? '')).toEqual({ id: ID })
})
