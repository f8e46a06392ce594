import { Link } from '@tanstack/react-router'
import { useQuery } from 'urql'

import { useIsPrivate } from '../app/preferences'
import { RelatedDocument, type StateFragment } from '../gql/graphql'
import { filterOf } from '../list/search'
import { Card } from '../ui/Card'
import { numberText } from '../ui/numbers'
import { withoutNumbers } from '../ui/people'
import { Status } from '../ui/Status'
import { When } from '../ui/time'

/** Others of the same call. */
export function Related({ id, current: { callId } }: { id: string; current: StateFragment }) {
  const isPrivate = useIsPrivate()
  const [{ data }] = useQuery({
    query: RelatedDocument,
    variables: { filter: { and: [filterOf({ call: callId ?? '' }), { id: { neq: id } }] } },
    pause: !callId,
  })
  const related = data?.inviteParticipantsOperations
  if (!callId || !related || related.totalCount === 0) return null
  return (
    <Card title={`Other operations of this call (${numberText(related.totalCount)})`}>
      <ul className="related">
        {related.nodes.map((other) => (
          <li key={other.id}>
            <Status status={other.status} />
            <Link to="/operations/$id" params={{ id: other.id }}>
              <bdi>{other.clientContext ? withoutNumbers(other.clientContext, isPrivate) : other.id}</bdi>
            </Link>
            <span className="muted">
              <When time={other.createdAt} />
            </span>
          </li>
        ))}
      </ul>
      <Link to="/operations" search={{ call: callId }}>
        All operations of this call
      </Link>
    </Card>
  )
}
