import { type ReactNode, useEffect, useState } from 'react'

import { useIsPrivate } from '../app/preferences'
import { Icon } from '../ui/Icon'
import { HIDDEN, KINDS, withoutNumbers } from '../ui/people'
import { STATUS_NAMES } from '../ui/Status'
import { dateAndTime } from '../ui/time'
import { FilterForm } from './FilterForm'
import { type FilterKey, type ListSearch, NONE, unfiltered } from './search'

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
