import { Popover } from 'radix-ui'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'

import { useIsPrivate } from '../app/preferences'
import { Icon } from '../ui/Icon'
import { PopoverButton } from '../ui/PopoverButton'
import { HIDDEN, KINDS, withoutNumbers } from '../ui/people'
import { STATUS_NAMES } from '../ui/Status'
import { dateAndTime } from '../ui/time'
import { type FilterKey, type ListSearch, NONE, STATUSES, unfiltered, validateSearch } from './search'

interface Bar {
  search: ListSearch
  onChange: (search: ListSearch) => void
}

/** What narrows the list down: a text, a form of filters, and a chip for each that is set; and `children`. */
export function FilterBar({ search, onChange, children }: Bar & { children: ReactNode }) {
  return (
    <div className="filters">
      <div className="filter-tools">
        <SearchBox search={search} onChange={onChange} />
        <FilterForm search={search} onChange={onChange} />
        {children}
      </div>
      <Chips search={search} onChange={onChange} />
    </div>
  )
}

function SearchBox({ search, onChange }: Bar) {
  const [text, setText] = useState(search.q ?? '')
  useEffect(() => setText(search.q ?? ''), [search.q])
  return (
    <search>
      <form
        className="search-box"
        onSubmit={(event) => {
          event.preventDefault()
          onChange({ ...search, q: text.trim() || undefined })
        }}
      >
        <Icon name="search" />
        <input
          type="search"
          aria-label="Find an id, a call, or a participant"
          placeholder="Id, call, or participant's id or name"
          value={text}
          maxLength={1_024}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
    </search>
  )
}

function FilterForm({ search, onChange }: Bar) {
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
          Participant: id, number or a part of the name
          <input name="participant" defaultValue={search.participant} maxLength={1_024} />
        </label>
        <label>
          Invited by a kind of identity
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
            Result: code, or code/subcode
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
          <div className="pair" key={from}>
            <label>
              {label} from
              <input type="datetime-local" name={from} defaultValue={localTime(search[from])} />
            </label>
            <label>
              to before
              <input
                type="datetime-local"
                name={to}
                defaultValue={localTime(search[to])}
                aria-label={`${label} before`}
              />
            </label>
          </div>
        ))}
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

const CHIPS: Record<FilterKey, { label: string; text: (search: ListSearch) => string }> = {
  q: { label: 'Find', text: ({ q = '' }) => q },
  status: { label: 'Status', text: ({ status = [] }) => status.map((one) => STATUS_NAMES[one]).join(' or ') },
  call: { label: 'Call', text: ({ call = '' }) => call },
  participant: { label: 'Participant', text: ({ participant = '' }) => participant },
  kind: {
    label: 'Kind',
    text: ({ kind }) => (kind && kind !== NONE ? KINDS[kind].label : 'none'),
  },
  context: { label: 'Context', text: ({ context = '' }) => context },
  result: { label: 'Result', text: ({ result = '' }) => result },
  diagnosis: { label: 'DiagCode', text: ({ diagnosis = '' }) => diagnosis },
  from: { label: 'Created from', text: ({ from = '' }) => dateAndTime(from) },
  to: { label: 'Created before', text: ({ to = '' }) => dateAndTime(to) },
  endedFrom: { label: 'Ended from', text: ({ endedFrom = '' }) => dateAndTime(endedFrom) },
  endedTo: { label: 'Ended before', text: ({ endedTo = '' }) => dateAndTime(endedTo) },
}

function Chips({ search, onChange }: Bar) {
  const isPrivate = useIsPrivate()
  const keys = (Object.keys(CHIPS) as FilterKey[]).filter((key) => search[key] !== undefined)
  if (keys.length === 0) return null
  return (
    <ul className="chips" aria-label="Filters that are set">
      {keys.map((key) => {
        const { label, text } = CHIPS[key]
        return (
          <li key={key} className="chip">
            <span className="chip-text">
              {label}:{' '}
              <bdi>
                {isPrivate && key === 'participant' ? HIDDEN : withoutNumbers(text(search), isPrivate)}
              </bdi>
            </span>
            <button
              type="button"
              aria-label={`Remove the filter ${label}`}
              onClick={() => onChange({ ...search, [key]: undefined })}
            >
              <Icon name="close" />
            </button>
          </li>
        )
      })}
      <li>
        <button type="button" className="link-button" onClick={() => onChange(unfiltered(search))}>
          Clear all
        </button>
      </li>
    </ul>
  )
}
