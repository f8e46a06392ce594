import { Link } from '@tanstack/react-router'

import type { OverviewQuery } from '../gql/graphql'
import { type ListSearch, NONE } from '../list/search'
import { numberText } from '../ui/numbers'
import { causeOf, KNOWN_CAUSES } from './meaning'

type Cause = OverviewQuery['causes'][number]

/** Results of operations that failed, the commonest first, each with what it means. */
export function Causes({ causes, list }: { causes: Cause[]; list: ListSearch }) {
  if (causes.length === 0) return <p className="muted">No invitation failed.</p>
  const most = Math.max(...causes.map(({ count }) => count))
  return (
    <>
      <ul className="causes">
        {causes.map((cause) => {
          const { result, diagnosis } = searchOf(cause)
          return (
            <li key={`${result} ${diagnosis}`}>
              <Link to="/operations" search={{ ...list, status: ['Failed'], result, diagnosis }}>
                <span className="codes">
                  <code>{result ?? 'No result'}</code>
                  {cause.resultDiagCode && cause.resultDiagCode !== result?.replace('/', '#') && (
                    <code>{cause.resultDiagCode}</code>
                  )}
                </span>
                <span>{meaningOf(cause)}</span>
                <strong>{numberText(cause.count)}</strong>
              </Link>
              <div className="cause-bar" style={{ width: `${(100 * cause.count) / most}%` }} />
            </li>
          )
        })}
      </ul>
      <KnownCauses />
    </>
  )
}

function searchOf({ resultCode, resultSubcode, resultDiagCode }: Cause): ListSearch {
  if (resultCode == null || resultSubcode == null) return {}
  return { result: `${resultCode}/${resultSubcode}`, diagnosis: resultDiagCode ?? NONE }
}

function meaningOf({ resultCode, resultSubcode, resultDiagCode }: Cause): string {
  if (resultCode == null || resultSubcode == null) return ''
  return causeOf({ code: resultCode, subcode: resultSubcode, diagnosis: resultDiagCode })
}

function KnownCauses() {
  return (
    <details>
      <summary>What codes mean</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className="known-causes" tabIndex={0} aria-label="What codes mean">
        <dl className="properties">
          {KNOWN_CAUSES.map(([code, meaning]) => [
            <dt key={code}>
              <code>{code}</code>
            </dt>,
            <dd key={`${code} meaning`}>{meaning}</dd>,
          ])}
        </dl>
      </section>
    </details>
  )
}
