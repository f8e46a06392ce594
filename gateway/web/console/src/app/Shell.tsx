import { Link, Outlet } from '@tanstack/react-router'
import { Switch } from 'radix-ui'
import { useEffect, useState } from 'react'

import { setting } from '../../../shared/settings'
import { TokenForm } from '../../../shared/TokenForm'
import { CreateButton } from '../edit/CreateDialog'
import { Icon } from '../ui/Icon'
import { Modal } from '../ui/Modal'
import { useConnection } from './connection'
import { isPrivateForAll, setPreferences, useIsPrivate } from './preferences'
import { useSession } from './session'

/** What is around every page. */
export function Shell() {
  const { number } = useSession()
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <Link to="/" className="brand" aria-label="Invite gateway">
          <Icon name="logo" /> <span>Invite gateway</span>
        </Link>
        <nav aria-label="Pages">
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
            Overview
          </Link>
          <Link to="/operations" activeOptions={{ includeSearch: false }}>
            Operations
          </Link>
          {setting('playground') === 'true' && <a href="/graphql">Playground</a>}
        </nav>
        <div className="bar-tools">
          <ConnectionStatus />
          <PrivacySwitch />
          <TokenButton />
          <CreateButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet key={number} />
      </main>
    </>
  )
}

function PrivacySwitch() {
  const isPrivate = useIsPrivate()
  const isForced = isPrivateForAll()
  const reason = isForced ? 'This gateway hides names and numbers in every browser.' : undefined
  return (
    <label className="switch-label" htmlFor="privacy" title={reason}>
      <Switch.Root
        id="privacy"
        className="switch"
        checked={isPrivate}
        disabled={isForced}
        onCheckedChange={(checked) => setPreferences({ isPrivate: checked })}
      >
        <Switch.Thumb className="switch-thumb" />
      </Switch.Root>
      Hide names
    </label>
  )
}

function TokenButton() {
  const { refusal, renew } = useSession()
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    if (refusal) setOpen(true)
  }, [refusal])
  if (setting('auth') === 'none') return null
  return (
    <Modal
      title="Authorization"
      isOpen={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button type="button" className="button quiet">
          <Icon name="key" /> <span className="wide-only">Token</span>
        </button>
      }
    >
      {refusal && (
        <p className="problem" role="alert">
          {refusal}
        </p>
      )}
      <TokenForm
        onSubmit={() => {
          setOpen(false)
          renew()
        }}
        buttons={(token, clear) => (
          <>
            <button type="submit" className="button primary">
              Use this token
            </button>
            <button type="button" className="button" disabled={!token} onClick={clear}>
              Clear the token
            </button>
          </>
        )}
      />
    </Modal>
  )
}

function ConnectionStatus() {
  const connection = useConnection()
  const { text, kind, detail } = describe(connection)
  return (
    <span className={`connection ${kind}`} title={detail}>
      <span className="dot" aria-hidden="true" />
      <span role="status">{text}</span>
    </span>
  )
}

function describe(connection: ReturnType<typeof useConnection>) {
  if (!connection) return { kind: 'idle', text: 'Not live', detail: 'This page does not follow changes.' }
  const { status, cursor } = connection
  const from = `Continues after the cursor ${cursor}, so that no change is missed or repeated.`
  switch (status.kind) {
    case 'live':
      return { kind: 'live', text: 'Live', detail: 'Changes are shown as they are made.' }
    case 'connecting':
      return { kind: 'idle', text: 'Connecting…', detail: from }
    case 'paused':
      return { kind: 'idle', text: 'Paused', detail: from }
    case 'reconnecting':
      return { kind: 'broken', text: 'Reconnecting…', detail: `${status.failure.message} ${from}` }
    case 'stopped':
      return { kind: 'broken', text: 'Stopped', detail: status.failure.message }
  }
}
