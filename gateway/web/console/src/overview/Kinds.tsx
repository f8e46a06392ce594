import { Link } from '@tanstack/react-router'

import type { OverviewQuery } from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { Icon } from '../ui/Icon'
import { numberText } from '../ui/numbers'
import { KINDS, type Kind } from '../ui/people'
import { countsText, STACK } from '../ui/Status'
import { kindCountsOf } from './kindCounts'

/** Operations by the kinds of identities that they invite, each stacked by status. */
export function Kinds({ groups, list }: { groups: OverviewQuery['kinds']; list: ListSearch }) {
  const kinds = kindCountsOf(groups)
  const most = Math.max(...kinds.map(({ total }) => total))
  return (
    <ul className="kinds">
      {kinds.map(({ kind, counts, total }) => (
        <li key={kind}>
          <KindLink kind={kind} total={total} list={list} />
          <div className="stack" style={{ width: `${(100 * total) / most}%` }} aria-hidden="true">
            {STACK.map((status) => (
              <span key={status} className={`dot ${status}`} style={{ flexGrow: counts[status] }} />
            ))}
          </div>
          <p className="muted small">{countsText(counts)}</p>
        </li>
      ))}
    </ul>
  )
}

function KindLink({ kind, total, list }: { kind: Kind | 'other' | 'none'; total: number; list: ListSearch }) {
  const count = <strong>{numberText(total)}</strong>
  if (kind === 'other') {
    return (
      <p className="kind">
        <Icon name="user" /> <span>Of another kind</span> {count}
      </p>
    )
  }
  const { label, icon } =
    kind === 'none' ? { label: 'Without an identity', icon: 'user' as const } : KINDS[kind]
  return (
    <Link className="kind" to="/operations" search={{ ...list, kind }}>
      <Icon name={icon} /> <span>{label}</span> {count}
    </Link>
  )
}
