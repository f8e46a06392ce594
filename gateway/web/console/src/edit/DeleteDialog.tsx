import { AlertDialog } from 'radix-ui'
import { useState } from 'react'
import { useSession } from '../app/session'
import { DeleteDocument } from '../gql/graphql'
import { Icon } from '../ui/Icon'
import { InertPage } from '../ui/Modal'
import { STATUS_NAMES } from '../ui/Status'
import { Problems } from './fields'
import { useSending } from './useSending'

export function DeleteButton({ id, version }: { id: string; version: number }) {
  const { writing } = useSession()
  const [isOpen, setOpen] = useState(false)
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={setOpen}>
      <AlertDialog.Trigger asChild>
        <button
          type="button"
          className="button danger"
          disabled={!writing.isAllowed}
          title={writing.reason || undefined}
        >
          <Icon name="bin" /> Delete
        </button>
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <div className="backdrop" />
        <AlertDialog.Content className="dialog" aria-modal="true">
          <InertPage />
          <Question id={id} opened={version} onDone={() => setOpen(false)} />
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

function Question({ id, opened, onDone }: { id: string; opened: number; onDone: () => void }) {
  // What changes while the question is open is not deleted unseen.
  const [initial] = useState(opened)
  const [version, setVersion] = useState(initial)
  const { send, isSending, problems, setProblems } = useSending(DeleteDocument)

  async function remove() {
    const data = await send({ input: { id, ifVersion: version } })
    if (!data) return
    const { errors } = data.deleteInviteParticipantsOperation
    const current = errors.find((error) => 'current' in error)?.current
    if (errors.length === 0) return onDone()
    if (!current) return setProblems(errors)
    setVersion(current.version)
    const now = `It is ${STATUS_NAMES[current.status]} now, at version ${current.version}.`
    setProblems([
      { message: `The operation has changed since this question was opened, and was not deleted. ${now}` },
    ])
  }

  return (
    <>
      <AlertDialog.Title>Delete this operation?</AlertDialog.Title>
      <AlertDialog.Description>
        It is removed from all lists, and cannot be restored. Its history stays in the change log until old
        changes are removed.
      </AlertDialog.Description>
      <Problems problems={problems} />
      <div className="form-buttons">
        <AlertDialog.Cancel className="button">Cancel</AlertDialog.Cancel>
        <button type="button" className="button danger solid" disabled={isSending} onClick={remove}>
          {version === initial ? 'Delete' : 'Delete it anyway'}
        </button>
      </div>
    </>
  )
}
