import { useIsPrivate } from '../app/preferences'
import type { OperationStatus, ResultInfoInput, StateFragment } from '../gql/graphql'
import { STATUSES } from '../list/search'
import { withoutNumbers } from '../ui/people'
import { STATUS_NAMES } from '../ui/Status'
import type { Problem } from './useSending'

export function Problems({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return null
  return (
    <ul className="problem" role="alert">
      {problems.map(({ message, path }) => (
        <li key={`${path?.join('.')} ${message}`}>
          {path && path.length > 1 && <code>{path.slice(1).join('.')}</code>} {message}
        </li>
      ))}
    </ul>
  )
}

export function StatusField({ initial }: { initial: OperationStatus }) {
  return (
    <fieldset>
      <legend>Status</legend>
      <div className="checks">
        {STATUSES.map((status) => (
          <label key={status}>
            <input type="radio" name="status" value={status} defaultChecked={status === initial} />
            {STATUS_NAMES[status]}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

export function ResultFields({ initial }: { initial: StateFragment['resultInfo'] }) {
  const isPrivate = useIsPrivate()
  const message = initial?.message ?? ''
  const isHidden = withoutNumbers(message, isPrivate) !== message
  return (
    <fieldset>
      <legend>Result</legend>
      <div className="pair">
        <label>
          Code
          <input
            name="code"
            inputMode="numeric"
            pattern="-?\d{1,9}"
            defaultValue={initial?.code}
            placeholder="200"
          />
        </label>
        <label>
          Subcode
          <input
            name="subcode"
            inputMode="numeric"
            pattern="-?\d{1,9}"
            defaultValue={initial?.subcode}
            placeholder="0"
          />
        </label>
      </div>
      <label>
        Message
        <input
          name="message"
          type={isHidden ? 'password' : 'text'}
          autoComplete="off"
          maxLength={1_024}
          defaultValue={message}
        />
      </label>
      <p className="muted small">Leave the code empty for no result.</p>
    </fieldset>
  )
}

/** The result that a form has, or null for none. */
export function resultOf(form: FormData): ResultInfoInput | null {
  const code = String(form.get('code') ?? '')
  if (!code) return null
  const message = String(form.get('message') ?? '')
  return { code: Number(code), subcode: Number(form.get('subcode') || 0), message: message || null }
}
