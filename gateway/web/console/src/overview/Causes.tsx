import { Link } from '@tanstack/react-router'

import type { OverviewQuery } from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { numberText } from '../ui/numbers'
import { causeOf } from './meaning'

/** Results of operations that failed, the commonest first, each with what it means. */
export function Causes({ causes, since }: { causes: OverviewQuery['causes']; since: ListSearch }) {
  if (causes.length === 0) return <p className="muted">No invitation failed.</p>
  const most = Math.max(...causes.map(({ count }) => count))
  return (
    <ul className="causes">
      {causes.map(({ resultCode, resultSubcode, count }) => {
        const isKnown = resultCode != null && resultSubcode != null
        const result = isKnown ? `${resultCode}/${resultSubcode}` : undefined
        return (
          <li key={result ?? 'none'}>
            <Link to="/operations" search={{ ...since, status: ['Failed'], ...(result && { result }) }}>
              <code>{result ?? 'No result'}</code>
              <span className="cause">
                {isKnown && causeOf({ code: resultCode, subcode: resultSubcode })}
              </span>
              <strong>{numberText(count)}</strong>
            </Link>
            <div className="cause-bar" style={{ width: `${(100 * count) / most}%` }} />
          </li>
        )
      })}
    </ul>
  )
}
