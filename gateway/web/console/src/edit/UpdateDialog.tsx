import { Dialog } from 'radix-ui'
import { type FormEvent, useState } from 'react'
import { useIsPrivate } from '../app/preferences'
import { useSession } from '../app/session'
import {
  type OperationStatus,
  type StateFragment,
  UpdateDocument,
  type UpdateInviteParticipantsOperationInput,
} from '../gql/graphql'
import { resultText } from '../operation/difference'
import { Icon } from '../ui/Icon'
import { Modal } from '../ui/Modal'
import { withoutNumbers } from '../ui/people'
import { Status } from '../ui/Status'
import { When } from '../ui/time'
import { Problems, ResultFields, resultOf, StatusField } from './fields'
import { useSending } from './useSending'

export function UpdateButton({ id, current }: { id: string; current: StateFragment }) {
  const { writing } = useSession()
  const [isOpen, setOpen] = useState(false)
  return (
    <Modal
      title="Change the status and the result"
      isOpen={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          className="button"
          disabled={!writing.isAllowed}
          title={writing.reason || undefined}
        >
          <Icon name="edit" /> Change
        </button>
      }
    >
      <UpdateForm id={id} opened={current} onDone={() => setOpen(false)} />
    </Modal>
  )
}

type Wanted = Pick<UpdateInviteParticipantsOperationInput, 'status' | 'resultInfo'>
type Conflicting = Pick<StateFragment, 'status' | 'resultInfo' | 'version' | 'updatedAt'>

function UpdateForm({ id, opened, onDone }: { id: string; opened: StateFragment; onDone: () => void }) {
  // The version that the form was opened on: what changes meanwhile is a conflict, and is shown.
  const [initial] = useState(opened)
  const { send, isSending, problems, setProblems } = useSending(UpdateDocument)
  const [conflict, setConflict] = useState<{ wanted: Wanted; current: Conflicting } | null>(null)

  async function update(wanted: Wanted, version: number) {
    const data = await send({ input: { id, ifVersion: version, ...wanted } })
    if (!data) return
    const { errors } = data.updateInviteParticipantsOperation
    const current = errors.find((error) => 'current' in error)?.current
    setConflict(current ? { wanted, current } : null)
    setProblems(current ? [] : errors)
    if (errors.length === 0) onDone()
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    update({ status: form.get('status') as OperationStatus, resultInfo: resultOf(form) }, initial.version)
  }

  if (conflict) {
    const { wanted, current } = conflict
    return (
      <div className="form">
        <p className="problem" role="alert">
          The operation has changed since this form was opened. Nothing was saved.
        </p>
        <Comparison wanted={wanted} current={current} />
        <Problems problems={problems} />
        <div className="form-buttons">
          <button type="button" className="button" onClick={onDone}>
            Keep the current state
          </button>
          <button
            type="button"
            className="button primary"
            disabled={isSending}
            onClick={() => update(wanted, current.version)}
          >
            Save yours anyway
          </button>
        </div>
      </div>
    )
  }
  return (
    <form className="form" onSubmit={submit}>
      <StatusField initial={initial.status} />
      <ResultFields initial={initial.resultInfo} />
      <Problems problems={problems} />
      <div className="form-buttons">
        <Dialog.Close className="button">Cancel</Dialog.Close>
        <button type="submit" className="button primary" disabled={isSending}>
          {isSending ? 'Saving…' : 'Save'}
        </button>
      </div>
    </form>
  )
}

/** Both states of a conflict. */
function Comparison({ wanted, current }: { wanted: Wanted; current: Conflicting }) {
  const isPrivate = useIsPrivate()
  const shown = (result: Wanted['resultInfo']) =>
    result ? withoutNumbers(resultText(result), isPrivate) : 'none'
  return (
    <table className="comparison">
      <thead>
        <tr>
          <td />
          <th scope="col">Yours</th>
          <th scope="col">
            Current{' '}
            <span className="muted">
              (version {current.version}, <When time={current.updatedAt} />)
            </span>
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Status</th>
          <td>{wanted.status && <Status status={wanted.status} />}</td>
          <td>
            <Status status={current.status} />
          </td>
        </tr>
        <tr>
          <th scope="row">Result</th>
          <td>{shown(wanted.resultInfo)}</td>
          <td>{shown(current.resultInfo)}</td>
        </tr>
      </tbody>
    </table>
  )
}
