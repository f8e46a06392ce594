import { useNavigate } from '@tanstack/react-router'
import { Dialog } from 'radix-ui'
import { type FormEvent, useState } from 'react'
import { useSession } from '../app/session'
import { CreateDocument } from '../gql/graphql'
import { Icon } from '../ui/Icon'
import { Modal } from '../ui/Modal'
import { KINDS } from '../ui/people'
import { Problems } from './fields'
import { useSending } from './useSending'

const OFFERED = ['user', 'phone', 'guest', 'application', 'azureCommunicationServicesUser'] as const

export function CreateButton() {
  const { writing } = useSession()
  const [isOpen, setOpen] = useState(false)
  return (
    <Modal
      title="New operation"
      isOpen={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          className="button primary"
          disabled={!writing.isAllowed}
          title={writing.reason || undefined}
        >
          <Icon name="plus" /> New<span className="wide-only">operation</span>
        </button>
      }
    >
      <CreateForm onDone={() => setOpen(false)} />
    </Modal>
  )
}

/** A key that makes it safe to send the form twice. */
const newKey = () =>
  [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join('-')

function CreateForm({ onDone }: { onDone: () => void }) {
  const navigate = useNavigate()
  const { send, isSending, problems, setProblems } = useSending(CreateDocument)
  const [key, setKey] = useState(newKey)
  const [places, setPlaces] = useState([0])

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const participants = places.flatMap((place) => {
      const [id, displayName] = [text(`id ${place}`), text(`name ${place}`)]
      if (!id && !displayName) return []
      const kind = text(`kind ${place}`) as (typeof OFFERED)[number]
      return [{ identity: { [kind]: { id: id || null, displayName: displayName || null } } }]
    })
    const data = await send({
      input: {
        callId: text('callId') || undefined,
        clientContext: text('clientContext') || undefined,
        participants,
        idempotencyKey: key,
      },
    })
    if (!data) return
    const { operation, errors } = data.createInviteParticipantsOperation
    setProblems(errors)
    if (!operation) return setKey(newKey())
    onDone()
    navigate({ to: '/operations/$id', params: { id: operation.id } })
  }

  return (
    <form className="form" onSubmit={submit}>
      <div className="pair">
        <label>
          Call id
          <input name="callId" maxLength={1_024} />
        </label>
        <label>
          Context
          <input name="clientContext" maxLength={256} />
        </label>
      </div>
      <fieldset>
        <legend>Participants</legend>
        {places.map((place, index) => (
          <div className="participant-fields" key={place}>
            <label>
              <span className={index === 0 ? '' : 'visually-hidden'}>Kind</span>
              <select name={`kind ${place}`}>
                {OFFERED.map((kind) => (
                  <option key={kind} value={kind}>
                    {KINDS[kind].label}
                  </option>
                ))}
              </select>
            </label>
            <label>
              <span className={index === 0 ? '' : 'visually-hidden'}>Id or number</span>
              <input name={`id ${place}`} maxLength={1_024} />
            </label>
            <label>
              <span className={index === 0 ? '' : 'visually-hidden'}>Name</span>
              <input name={`name ${place}`} maxLength={1_024} />
            </label>
            <button
              type="button"
              className="button quiet icon-only"
              aria-label={`Remove participant ${index + 1}`}
              onClick={() => setPlaces(places.filter((one) => one !== place))}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
        <button
          type="button"
          className="button"
          disabled={places.length >= 200}
          onClick={() => setPlaces([...places, Math.max(-1, ...places) + 1])}
        >
          <Icon name="plus" /> Add a participant
        </button>
      </fieldset>
      <Problems problems={problems} />
      <div className="form-buttons">
        <Dialog.Close className="button">Cancel</Dialog.Close>
        <button type="submit" className="button primary" disabled={isSending}>
          {isSending ? 'Creating…' : 'Create'}
        </button>
      </div>
    </form>
  )
}
