import { type FormEvent, useState } from 'react'

import { useIsPrivate } from '../app/preferences'
import type { ListSearch } from '../list/search'
import { Icon } from '../ui/Icon'
import { Modal } from '../ui/Modal'
import { counted, numberText } from '../ui/numbers'
import type { FormatName } from './formats'
import { type ExportState, useExport } from './useExport'

const OFFERED: Record<FormatName, { name: string; note: string }> = {
  csv: { name: 'CSV', note: 'A row for each operation, for spreadsheets.' },
  ndjson: { name: 'NDJSON', note: 'A line of JSON for each operation, with all of its properties.' },
}

/** Exports all operations that match, and not only those read so far; `totalCount` is how many. */
export function ExportButton({ search, totalCount }: { search: ListSearch; totalCount: number }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Modal
      title="Export operations"
      isOpen={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button type="button" className="button">
          <Icon name="down" /> Export
        </button>
      }
    >
      <Content search={search} totalCount={totalCount} onClose={() => setOpen(false)} />
    </Modal>
  )
}

function Content({
  search,
  totalCount,
  onClose,
}: {
  search: ListSearch
  totalCount: number
  onClose: () => void
}) {
  const { state, start, cancel } = useExport(search)
  switch (state.kind) {
    case 'running':
      return <Progress state={state} totalCount={totalCount} onCancel={cancel} />
    case 'done':
      return (
        <>
          <p role="status">
            {counted(state.count, 'operation')} exported to <code>{state.file}</code>.
          </p>
          <div className="form-buttons">
            <button type="button" className="button primary" onClick={onClose}>
              Close
            </button>
          </div>
        </>
      )
    default:
      return <Choice state={state} totalCount={totalCount} onStart={start} onCancel={onClose} />
  }
}

function Choice({
  state,
  totalCount,
  onStart,
  onCancel,
}: {
  state: ExportState
  totalCount: number
  onStart: (format: FormatName) => void
  onCancel: () => void
}) {
  const isPrivate = useIsPrivate()

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    onStart(new FormData(event.currentTarget).get('format') as FormatName)
  }

  return (
    <form className="form" onSubmit={submit}>
      <p>All that match the filters, in the order of the list: {counted(totalCount, 'operation')}.</p>
      <fieldset>
        <legend>Format</legend>
        {Object.entries(OFFERED).map(([format, { name, note }]) => (
          <label key={format} className="choice">
            <input type="radio" name="format" value={format} defaultChecked={format === 'csv'} />
            <span>
              <strong>{name}</strong> {note}
            </span>
          </label>
        ))}
      </fieldset>
      {isPrivate && <p className="muted small">Names and numbers are hidden in the file as well.</p>}
      {state.kind === 'failed' && (
        <p className="problem" role="alert">
          Nothing was exported: {state.failure.message} (<code>{state.failure.code}</code>)
        </p>
      )}
      <div className="form-buttons">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button primary">
          Export
        </button>
      </div>
    </form>
  )
}

function Progress({
  state: { count, failure },
  totalCount,
  onCancel,
}: {
  state: Extract<ExportState, { kind: 'running' }>
  totalCount: number
  onCancel: () => void
}) {
  return (
    <>
      <progress aria-label="Operations exported" max={Math.max(totalCount, count, 1)} value={count} />
      <p role="status">
        {numberText(count)} of {counted(Math.max(totalCount, count), 'operation')}
      </p>
      {failure && (
        <p className="banner" role="status">
          {failure.message} (<code>{failure.code}</code>) Trying again.
        </p>
      )}
      <div className="form-buttons">
        <button type="button" className="button" onClick={onCancel}>
          Cancel the export
        </button>
      </div>
    </>
  )
}
