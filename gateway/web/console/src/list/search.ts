/** A list's filters and order, as the address of the page has them and as the gateway takes them. */

import type {
  InviteParticipantsOperationFilter,
  InviteParticipantsOperationOrder,
  OperationStatus,
  ResultInfoInput,
} from '../gql/graphql'
import { diagnosisOf } from '../overview/meaning'
import { KINDS, type Kind } from '../ui/people'

/** In the place of a value: that there is none. */
export const NONE = 'none'
export const STATUSES: readonly OperationStatus[] = ['NotStarted', 'Running', 'Completed', 'Failed']
export const SORTED_BY = [
  'createdAt',
  'updatedAt',
  'endedAt',
  'status',
  'callId',
  'clientContext',
  'result',
] as const
export type SortKey = (typeof SORTED_BY)[number]
export const COLUMNS = [
  'status',
  'context',
  'participants',
  'result',
  'call',
  'age',
  'ended',
  'duration',
] as const
export type ColumnId = (typeof COLUMNS)[number]

export interface ListSearch {
  /** Finds an id, a call, or a participant's id or name. */
  q?: string
  status?: OperationStatus[]
  call?: string
  /** A participant's id, or a part of the name. */
  participant?: string
  /** A part of the client's context. */
  context?: string
  /** A kind of identity that somebody is invited by, or `none` where there is no identity. */
  kind?: Kind | typeof NONE
  /** A code, such as `412`, or a code and a subcode, such as `412/9999`. */
  result?: string
  /** The diagnostic code in the result's message, such as `412#10073`, or `none`. */
  diagnosis?: string
  /** When created: from this time on, and before that one, in RFC 3339. */
  from?: string
  to?: string
  /** When ended, in the same way. */
  endedFrom?: string
  endedTo?: string
  /** What to sort by, with a minus sign for the largest first; the newest first when left out. */
  sort?: `${'' | '-'}${SortKey}`
  /** The columns that are shown, with commas between; those of the browser's preferences when left out. */
  columns?: string
}

export type FilterKey = Exclude<keyof ListSearch, 'sort' | 'columns'>

/** Read what is in an address; what makes no sense is left out. */
export function validateSearch(raw: Record<string, unknown>): ListSearch {
  const search: ListSearch = {}
  for (const key of ['q', 'call', 'participant', 'context'] as const) {
    const value = textOf(raw[key])
    if (value) search[key] = value
  }
  const status = [raw.status].flat().filter((one) => STATUSES.includes(one as OperationStatus))
  if (status.length > 0) search.status = status as OperationStatus[]
  const result = textOf(raw.result)
  if (/^-?\d{1,9}(\/-?\d{1,9})?$/.test(result)) search.result = result
  const kind = textOf(raw.kind)
  if (kind === NONE || kind in KINDS) search.kind = kind as ListSearch['kind']
  const diagnosis = textOf(raw.diagnosis)
  if (diagnosis === NONE || /^\d{1,9}#\d{1,9}$/.test(diagnosis)) search.diagnosis = diagnosis
  for (const key of ['from', 'to', 'endedFrom', 'endedTo'] as const) {
    const time = new Date(textOf(raw[key]))
    if (!Number.isNaN(time.getTime())) search[key] = time.toISOString()
  }
  const sort = textOf(raw.sort)
  if (SORTED_BY.some((key) => sort === key || sort === `-${key}`)) search.sort = sort as ListSearch['sort']
  const columns = textOf(raw.columns)
  if (columns) search.columns = columnsText(columnsOf(columns))
  return search
}

/** The columns that a text names, or the usual ones; the context leads to the operation, and stays. */
export function columnsOf(text: string | undefined): ColumnId[] {
  if (!text) return COLUMNS.filter((id) => id !== 'ended')
  const named = text.split(',')
  return COLUMNS.filter((id) => id === 'context' || named.includes(id))
}

export const columnsText = (columns: ColumnId[]): string =>
  COLUMNS.filter((id) => columns.includes(id)).join(',')

/** A search without its filters. */
export const unfiltered = ({ sort, columns }: ListSearch): ListSearch => ({ sort, columns })

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

/** Read the query of an address: a name given several times is a list. */
export function parseQuery(query: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(query)
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((name) => {
      const values = parameters.getAll(name)
      return [name, values.length > 1 ? values : (values[0] ?? '')]
    }),
  )
}

/** Write the query of an address. */
export function writeQuery(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    for (const one of [value].flat())
      if (one !== undefined && one !== '') parameters.append(name, String(one))
  }
  const query = parameters.toString()
  return query ? `?${query}` : ''
}

/** The filter that the gateway takes for a search. */
export function filterOf(search: ListSearch): InviteParticipantsOperationFilter {
  const all: InviteParticipantsOperationFilter[] = []
  if (search.q) all.push(anywhere(search.q))
  if (search.status) all.push({ status: { in: search.status } })
  if (search.call) all.push({ callId: { eq: search.call } })
  if (search.participant) all.push(invites(search.participant))
  if (search.context) all.push({ clientContext: { contains: search.context, ignoreCase: true } })
  if (search.result) {
    const [code, subcode] = search.result.split('/').map(Number)
    all.push({
      resultInfo: { code: { eq: code }, ...(subcode !== undefined && { subcode: { eq: subcode } }) },
    })
  }
  if (search.kind) all.push(invitesKind(search.kind))
  if (search.diagnosis) {
    const diagCode = search.diagnosis === NONE ? { isNull: true } : { eq: search.diagnosis }
    all.push({ resultInfo: { diagCode } })
  }
  if (search.from) all.push({ createdAt: { gte: search.from } })
  if (search.to) all.push({ createdAt: { lt: search.to } })
  if (search.endedFrom) all.push({ endedAt: { gte: search.endedFrom } })
  if (search.endedTo) all.push({ endedAt: { lt: search.endedTo } })
  return all.length === 1 && all[0] ? all[0] : { and: all }
}

const anywhere = (text: string): InviteParticipantsOperationFilter => ({
  or: [{ id: { eq: text } }, { callId: { eq: text } }, invites(text)],
})

const invites = (text: string): InviteParticipantsOperationFilter => ({
  or: [
    { participants: { some: { identity: { any: { id: { eq: text } } } } } },
    { participants: { some: { identity: { any: { displayName: { contains: text, ignoreCase: true } } } } } },
  ],
})

function invitesKind(kind: Kind | typeof NONE): InviteParticipantsOperationFilter {
  const some = (name: Kind | 'any') => ({
    participants: { some: { identity: { [name]: { isNull: false } } } },
  })
  return kind === NONE ? { not: some('any') } : some(kind)
}

/** The order that the gateway takes for a search. */
export function orderOf({ sort }: ListSearch): InviteParticipantsOperationOrder[] {
  if (!sort) return []
  const direction = sort.startsWith('-') ? 'DESC' : 'ASC'
  const key = sort.replace('-', '') as SortKey
  if (key === 'result') return [{ resultInfo: { code: direction } }, { resultInfo: { subcode: direction } }]
  return [{ [key]: direction } as unknown as InviteParticipantsOperationOrder]
}

/** Whether an operation whose status and result are these is one of a search's, going by them alone. */
export function admits(
  search: ListSearch,
  operation: { status: OperationStatus; resultInfo?: ResultInfoInput | null },
): boolean {
  if (search.status && !search.status.includes(operation.status)) return false
  if (search.diagnosis && search.diagnosis !== (diagnosisOf(operation.resultInfo?.message) ?? NONE))
    return false
  if (!search.result) return true
  const result = operation.resultInfo
  if (!result) return false
  return [`${result.code}`, `${result.code}/${result.subcode}`].includes(search.result)
}
