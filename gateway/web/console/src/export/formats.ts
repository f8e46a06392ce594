/** How operations are written into a file. */

import type { WholeFragment } from '../gql/graphql'
import { identitiesOf, KINDS, withoutPeople } from '../ui/people'

export interface Format {
  extension: string
  type: string
  /** What the file begins with. */
  head: string
  line: (operation: WholeFragment) => string
}

export type FormatName = 'csv' | 'ndjson'

/** An operation without the names and numbers of people. */
export const anonymous = (operation: WholeFragment): WholeFragment =>
  withoutPeople(operation) as WholeFragment

type Cell = string | number | null | undefined

function cellsOf(operation: WholeFragment): Cell[] {
  const {
    id,
    status,
    callId,
    clientContext,
    participants,
    resultInfo,
    version,
    createdAt,
    updatedAt,
    endedAt,
  } = operation
  return [
    id,
    status,
    callId,
    clientContext,
    participants.map(({ identity }) => identityText(identity)).join('; '),
    resultInfo?.code,
    resultInfo?.subcode,
    resultInfo?.message,
    version,
    createdAt,
    updatedAt,
    endedAt,
  ]
}

function identityText(set: Parameters<typeof identitiesOf>[0]): string {
  const [identity] = identitiesOf(set)
  if (!identity) return 'Unknown'
  const { kind, id, displayName } = identity
  const name = displayName && id ? `${displayName} (${id})` : displayName || id
  return [KINDS[kind].label, name].filter(Boolean).join(' ')
}

/** A row of RFC 4180, ended as it says. */
export function csvRow(cells: Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** What a spreadsheet would take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/

function csvCell(value: Cell): string {
  if (typeof value !== 'string') return String(value ?? '')
  const text = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A JSON value without the fields that are null, but for those that are not declared. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, name === 'additionalProperties' ? inner : withoutNulls(inner)]),
  )
}

const COLUMNS = [
  'id',
  'status',
  'callId',
  'clientContext',
  'participants',
  'resultCode',
  'resultSubcode',
  'resultMessage',
  'version',
  'createdAt',
  'updatedAt',
  'endedAt',
]

export const FORMATS: Record<FormatName, Format> = {
  csv: {
    extension: 'csv',
    type: 'text/csv;charset=utf-8',
    // The byte order mark has spreadsheets read the file as UTF-8.
    head: `\ufeff${csvRow(COLUMNS)}`,
    line: (operation) => csvRow(cellsOf(operation)),
  },
  ndjson: {
    extension: 'ndjson',
    type: 'application/x-ndjson',
    head: '',
    line: (operation) => `${JSON.stringify(withoutNulls(operation))}\n`,
  },
}
