import { Link } from '@tanstack/react-router'
import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table'

import { useIsPrivate } from '../app/preferences'
import { Person, withoutNumbers } from '../ui/people'
import { Status } from '../ui/Status'
import { Duration, When } from '../ui/time'
import type { Row } from './rows'
import type { ColumnId, SortKey } from './search'

const MOST_PEOPLE = 2

export const features = tableFeatures({ columnVisibilityFeature })

const helper = createColumnHelper<typeof features, Row>()

/** How wide each column is, in the terms of a CSS grid. */
export const WIDTHS: Record<ColumnId, string> = {
  status: '8.5rem',
  call: 'minmax(7rem, 1fr)',
  context: 'minmax(11rem, 1.8fr)',
  participants: 'minmax(15rem, 3fr)',
  result: 'minmax(10rem, 1.6fr)',
  age: '6.5rem',
  ended: '6.5rem',
  duration: '10.5rem',
}

/** What a column is sorted by, where it can be. */
export const SORTS: Record<string, SortKey> = {
  status: 'status',
  call: 'callId',
  context: 'clientContext',
  result: 'result',
  age: 'createdAt',
  ended: 'endedAt',
}

export const columns = helper.columns([
  helper.display({
    id: 'status',
    header: 'Status',
    cell: ({ row: { original } }) => <Status status={original.status} isDeleted={original.isDeleted} />,
  }),
  helper.display({
    id: 'context',
    header: 'Context',
    enableHiding: false,
    cell: ({ row: { original } }) => <ContextLink row={original} />,
  }),
  helper.display({
    id: 'participants',
    header: 'Participants',
    cell: ({ row: { original } }) => <People row={original} />,
  }),
  helper.display({
    id: 'result',
    header: 'Result',
    cell: ({ row: { original } }) => <Result row={original} />,
  }),
  helper.display({
    id: 'call',
    header: 'Call',
    cell: ({ row: { original } }) =>
      original.callId ? <bdi title={original.callId}>{original.callId}</bdi> : <Nothing what="No call" />,
  }),
  helper.display({
    id: 'age',
    header: 'Age',
    cell: ({ row: { original } }) => <When time={original.createdAt} />,
  }),
  helper.display({
    id: 'ended',
    header: 'Ended',
    cell: ({ row: { original } }) =>
      original.endedAt ? <When time={original.endedAt} /> : <Nothing what="Not ended" />,
  }),
  helper.display({
    id: 'duration',
    header: 'Duration',
    cell: ({ row: { original } }) => <Duration operation={original} />,
  }),
])

function Nothing({ what }: { what: string }) {
  return (
    <span className="muted">
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">{what}</span>
    </span>
  )
}

/** The link to the operation, which spans the row. */
function ContextLink({ row: { id, clientContext } }: { row: Row }) {
  const isPrivate = useIsPrivate()
  return (
    <Link to="/operations/$id" params={{ id }} className="row-link">
      <bdi>{clientContext ? withoutNumbers(clientContext, isPrivate) : id}</bdi>
    </Link>
  )
}

function People({ row: { participants } }: { row: Row }) {
  const more = participants.length - MOST_PEOPLE
  if (participants.length === 0) return <Nothing what="No participants" />
  return (
    <span className="people">
      {participants.slice(0, MOST_PEOPLE).map(({ identity }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: participants have no key of their own
        <Person key={place} set={identity} />
      ))}
      {more > 0 && <span className="more">+{more}</span>}
    </span>
  )
}

function Result({ row: { resultInfo } }: { row: Row }) {
  const isPrivate = useIsPrivate()
  if (!resultInfo) return <Nothing what="No result" />
  const { code, subcode, message } = resultInfo
  return (
    <span className="result" title={message ? withoutNumbers(message, isPrivate) : undefined}>
      <code>
        {code}/{subcode}
      </code>{' '}
      <bdi className="muted">{message && withoutNumbers(message, isPrivate)}</bdi>
    </span>
  )
}
