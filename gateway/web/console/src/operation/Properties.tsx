import { Link } from '@tanstack/react-router'

import { useIsPrivate } from '../app/preferences'
import type { StateFragment } from '../gql/graphql'
import { causeOf, diagnosisOf } from '../overview/meaning'
import { withoutNumbers, withoutPeople } from '../ui/people'
import { ageText, Duration, dateAndTime, isFinished, secondsBetween, useNow } from '../ui/time'
import { Additional } from './Additional'

export function Result({ current }: { current: StateFragment }) {
  const isPrivate = useIsPrivate()
  const { resultInfo } = current
  return (
    <>
      <p className="took">
        <Duration operation={current} />{' '}
        <span className="muted">{isFinished(current) ? 'from creation to the end' : 'so far'}</span>
      </p>
      {resultInfo ? (
        <>
          <p>
            <Link
              to="/operations"
              search={{ result: `${resultInfo.code}/${resultInfo.subcode}` }}
              title="All operations with this result"
            >
              <code>
                {resultInfo.code}/{resultInfo.subcode}
              </code>
            </Link>{' '}
            {causeOf({ ...resultInfo, diagnosis: diagnosisOf(resultInfo.message) })}
          </p>
          {resultInfo.message && (
            <p className="message">
              <bdi>{withoutNumbers(resultInfo.message, isPrivate)}</bdi>
            </p>
          )}
        </>
      ) : (
        <p className="muted">There is no result yet.</p>
      )}
    </>
  )
}

export function Properties({ current }: { current: StateFragment }) {
  const { callId, version, createdAt, updatedAt, endedAt, additionalProperties } = current
  return (
    <dl className="properties">
      <dt>Call</dt>
      <dd>
        {callId ? (
          <Link to="/operations" search={{ call: callId }}>
            <bdi>{callId}</bdi>
          </Link>
        ) : (
          <span className="muted">not known</span>
        )}
      </dd>
      <dt>Version</dt>
      <dd>{version}</dd>
      <dt>Created</dt>
      <dd>
        <DateAndAge time={createdAt} />
      </dd>
      <dt>Last changed</dt>
      <dd>
        <DateAndAge time={updatedAt} />
      </dd>
      {endedAt && (
        <>
          <dt>Ended</dt>
          <dd>
            <DateAndAge time={endedAt} />
          </dd>
        </>
      )}
      <Additional value={additionalProperties} />
    </dl>
  )
}

function DateAndAge({ time }: { time: string }) {
  const age = secondsBetween(time, useNow())
  return (
    <time dateTime={time} title={time}>
      {dateAndTime(time)} <span className="muted">· {ageText(age)}</span>
    </time>
  )
}

export function Json({ value }: { value: object }) {
  const isPrivate = useIsPrivate()
  return (
    <details>
      <summary>Show the JSON</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre className="json" tabIndex={0}>
        {JSON.stringify(isPrivate ? withoutPeople(value) : value, null, 2)}
      </pre>
    </details>
  )
}
