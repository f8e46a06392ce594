import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'

import { setPreferences, usePreferences, type View } from '../app/preferences'
import { Icon } from '../ui/Icon'
import { PopoverButton } from '../ui/PopoverButton'
import { type ListSearch, parseQuery, validateSearch, writeQuery } from './search'

/** Lists kept in the browser under a name: their filters, order and columns. */
export function SavedViews({ search }: { search: ListSearch }) {
  const { views } = usePreferences()
  const [isOpen, setOpen] = useState(false)

  function save(name: string) {
    const view = { name, query: writeQuery({ ...search }) }
    const others = views.filter((one) => one.name !== name)
    setPreferences({ views: [...others, view].sort((one, other) => one.name.localeCompare(other.name)) })
  }

  return (
    <PopoverButton icon="bookmark" text="Views" title="Saved views" isOpen={isOpen} onOpenChange={setOpen}>
      {views.length === 0 ? (
        <p className="muted">Save the filters, the order and the columns of this list under a name.</p>
      ) : (
        <ul className="views">
          {views.map((view) => (
            <li key={view.name}>
              <Link to="/operations" search={searchOf(view)} onClick={() => setOpen(false)}>
                <bdi>{view.name}</bdi>
              </Link>
              <button
                type="button"
                className="button quiet icon-only"
                aria-label={`Remove the view ${view.name}`}
                onClick={() => setPreferences({ views: views.filter((one) => one !== view) })}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SaveForm onSave={save} />
    </PopoverButton>
  )
}

const searchOf = ({ query }: View): ListSearch => validateSearch(parseQuery(query))

function SaveForm({ onSave }: { onSave: (name: string) => void }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name')).trim()
    event.currentTarget.reset()
    if (name) onSave(name)
  }

  return (
    <form className="form save-view" onSubmit={submit}>
      <label>
        Name
        <input name="name" required maxLength={60} autoComplete="off" />
      </label>
      <button type="submit" className="button primary">
        Save this view
      </button>
    </form>
  )
}
