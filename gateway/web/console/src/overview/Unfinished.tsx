import { Link } from '@tanstack/react-router'

import { useIsPrivate } from '../app/preferences'
import type { RowFragment } from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { numberText } from '../ui/numbers'
import { Person, withoutNumbers } from '../ui/people'
import { Status } from '../ui/Status'
import { RunningFor } from '../ui/time'

const UNFINISHED: ListSearch = { status: ['NotStarted', 'Running'], sort: 'createdAt' }

/** What has not ended, and for how long. */
export function Unfinished({ nodes, totalCount }: { nodes: RowFragment[]; totalCount: number }) {
  const isPrivate = useIsPrivate()
  if (totalCount === 0) return <p className="muted">No operation is in progress.</p>
  return (
    <>
      <ul className="unfinished">
        {nodes.map(({ id, status, clientContext, createdAt, participants }) => (
          <li key={id}>
            <Status status={status} />
            <Link to="/operations/$id" params={{ id }} className="unfinished-link">
              <bdi>{clientContext ? withoutNumbers(clientContext, isPrivate) : id}</bdi>
            </Link>
            <span className="who muted">
              {participants[0] && <Person set={participants[0].identity} />}
              {participants.length > 1 && ` +${participants.length - 1}`}
            </span>
            <RunningFor
              createdAt={createdAt}
              linkOf={(before, mark) => (
                <Link to="/operations" search={{ ...UNFINISHED, to: before }}>
                  {mark}
                </Link>
              )}
            />
          </li>
        ))}
      </ul>
      {totalCount > nodes.length && (
        <Link to="/operations" search={UNFINISHED}>
          All {numberText(totalCount)} in progress
        </Link>
      )}
    </>
  )
}
