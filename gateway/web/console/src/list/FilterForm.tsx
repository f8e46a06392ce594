import { Popover } from 'radix-ui'
import { type FormEvent, useState } from 'react'

import { PopoverButton } from '../ui/PopoverButton'
import { KINDS } from '../ui/people'
import { STATUS_NAMES } from '../ui/Status'
import { TIME_ZONE } from '../ui/time'
import { type ListSearch, NONE, STATUSES, unfiltered, validateSearch } from './search'

/** A button that opens a form of all filters but the text that is searched for. */
export function FilterForm({
  search,
  onChange,
}: {
  search: ListSearch
  onChange: (search: ListSearch) => void
}) {
  const [isOpen, setOpen] = useState(false)

  function apply(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const next = validateSearch({ ...Object.fromEntries(data), status: data.getAll('status') })
    onChange({ ...unfiltered(search), ...next, q: search.q })
    setOpen(false)
  }

  return (
    <PopoverButton icon="filter" text="Filter" title="Filters" isOpen={isOpen} onOpenChange={setOpen}>
      <form className="form" onSubmit={apply}>
        <fieldset>
          <legend>Status</legend>
          <div className="checks">
            {STATUSES.map((status) => (
              <label key={status}>
                <input
                  type="checkbox"
                  name="status"
                  value={status}
                  defaultChecked={search.status?.includes(status)}
                />
                {STATUS_NAMES[status]}
              </label>
            ))}
          </div>
        </fieldset>
        <label>
          Call id
          <input name="call" defaultValue={search.call} maxLength={1_024} />
        </label>
        <label>
          Participant (id, number or part of the name)
          <input name="participant" defaultValue={search.participant} maxLength={1_024} />
        </label>
        <label>
          Kind of identity
          <select name="kind" defaultValue={search.kind ?? ''}>
            <option value="">any</option>
            {Object.entries(KINDS).map(([kind, { label }]) => (
              <option key={kind} value={kind}>
                {label}
              </option>
            ))}
            <option value={NONE}>none</option>
          </select>
        </label>
        <label>
          Context contains
          <input name="context" defaultValue={search.context} maxLength={256} />
        </label>
        <div className="pair">
          <label>
            Result (code/subcode)
            <input
              name="result"
              defaultValue={search.result}
              pattern="-?\d{1,9}(/-?\d{1,9})?"
              title="A code such as 412, or a code and a subcode such as 412/9999"
              placeholder="412/9999"
            />
          </label>
          <label>
            DiagCode in the message
            <input
              name="diagnosis"
              defaultValue={search.diagnosis}
              pattern="\d{1,9}#\d{1,9}|none"
              title="A code such as 412#10073, or none"
              placeholder="412#10073"
            />
          </label>
        </div>
        {TIMES.map(({ label, from, to }) => (
          <div className="pair times" key={from}>
            <label>
              {label} from
              <input type="datetime-local" name={from} defaultValue={localTime(search[from])} />
            </label>
            <label>
              and before
              <input
                type="datetime-local"
                name={to}
                defaultValue={localTime(search[to])}
                aria-label={`${label} before`}
              />
            </label>
          </div>
        ))}
        <p className="muted small">Times are in the time zone {TIME_ZONE}.</p>
        <div className="form-buttons">
          <Popover.Close className="button">Cancel</Popover.Close>
          <button type="submit" className="button primary">
            Apply
          </button>
        </div>
      </form>
    </PopoverButton>
  )
}

const TIMES = [
  { label: 'Created', from: 'from', to: 'to' },
  { label: 'Ended', from: 'endedFrom', to: 'endedTo' },
] as const

/** A time as an input of type `datetime-local` has it. */
function localTime(time: string | undefined): string {
  if (!time) return ''
  const date = new Date(time)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
