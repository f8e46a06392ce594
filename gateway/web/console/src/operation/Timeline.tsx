import { useIsPrivate } from '../app/preferences'
import type { EntryFragment } from '../gql/graphql'
import { HIDDEN, withoutNumbers } from '../ui/people'
import { dateAndTime, duration, secondsBetween } from '../ui/time'
import { type Difference, differencesOf } from './difference'

const KINDS: Record<EntryFragment['kind'], string> = {
  CREATED: 'Created',
  UPDATED: 'Changed',
  DELETED: 'Deleted',
}

/** What happened, from the first to the last. */
export function Timeline({ history }: { history: EntryFragment[] }) {
  return (
    <>
      {history[0]?.kind === 'UPDATED' && <p className="muted">Earlier changes are no longer kept.</p>}
      <ol className="timeline">
        {history.map((entry, place) => {
          const before = history[place - 1]
          return <Entry key={entry.cursor} entry={entry} before={before} />
        })}
      </ol>
    </>
  )
}

function Entry({ entry, before }: { entry: EntryFragment; before: EntryFragment | undefined }) {
  const differences = differencesOf(entry, before)
  const status = entry.kind === 'DELETED' ? 'deleted' : entry.state.status
  return (
    <li className={`entry ${status}`}>
      <p className="entry-head">
        <strong>{KINDS[entry.kind]}</strong>
        <span className="muted">
          {before ? `after ${duration(secondsBetween(before.at, entry.at))}` : `version ${entry.version}`}
        </span>
        <time dateTime={entry.at} title={entry.at} className="muted">
          {dateAndTime(entry.at)}
        </time>
      </p>
      {differences.length > 0 && (
        <dl>
          {differences.map((difference) => (
            <DifferenceRow key={difference.field} difference={difference} isNew={entry.kind === 'CREATED'} />
          ))}
        </dl>
      )}
    </li>
  )
}

function DifferenceRow({
  difference: { field, from, to },
  isNew,
}: {
  difference: Difference
  isNew: boolean
}) {
  const isPrivate = useIsPrivate()

  function shown(text: string | null) {
    if (text === null) return <span className="muted">nothing</span>
    const isOfPeople = isPrivate && (field === 'Participants' || field === 'Additional properties')
    return <bdi>{isOfPeople ? HIDDEN : withoutNumbers(text, isPrivate)}</bdi>
  }

  return (
    <div>
      <dt>{field}</dt>
      <dd>
        {!isNew && (
          <>
            <del>{shown(from)}</del> <span aria-hidden="true">→</span>{' '}
          </>
        )}
        <ins>{shown(to)}</ins>
      </dd>
    </div>
  )
}
