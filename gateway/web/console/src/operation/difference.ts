import type { EntryFragment, ResultInfoInput, StateFragment } from '../gql/graphql'
import { identitiesOf, type KnownIdentity } from '../ui/people'
import { STATUS_NAMES } from '../ui/Status'

export interface Difference {
  field: string
  /** Null when there was nothing, or when it is not known any more. */
  from: string | null
  to: string | null
}

const FIELDS = {
  status: 'Status',
  resultInfo: 'Result',
  callId: 'Call',
  clientContext: 'Context',
  participants: 'Participants',
  additionalProperties: 'Additional properties',
} as const

type Field = keyof typeof FIELDS

/** What an entry of the history changed, from which value to which. */
export function differencesOf(entry: EntryFragment, before: EntryFragment | undefined): Difference[] {
  if (entry.kind === 'DELETED') return []
  const previous = entry.kind === 'UPDATED' ? before?.state : undefined
  return entry.changedFields
    .filter((field): field is Field => field in FIELDS)
    .map((field) => ({
      field: FIELDS[field],
      from: previous ? textOf(previous, field) : null,
      to: textOf(entry.state, field),
    }))
}

function textOf(state: StateFragment, field: Field): string | null {
  switch (field) {
    case 'status':
      return STATUS_NAMES[state.status]
    case 'resultInfo':
      return state.resultInfo ? resultText(state.resultInfo) : null
    case 'participants':
      return state.participants.map(({ identity }) => nameOf(identitiesOf(identity)[0])).join(', ') || null
    case 'additionalProperties':
      return state.additionalProperties == null ? null : JSON.stringify(state.additionalProperties)
    default:
      return state[field] ?? null
  }
}

export function resultText({ code, subcode, message }: ResultInfoInput): string {
  return `${code}/${subcode}${message ? ` ${message}` : ''}`
}

const nameOf = (identity: KnownIdentity | undefined): string =>
  identity?.displayName || identity?.id || 'somebody unknown'
