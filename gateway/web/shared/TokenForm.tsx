import { type ReactNode, useId, useState } from 'react'

import { setting } from './settings'
import { readToken, storeToken } from './token'

/** A command that is wrapped between its words alone. */
function Command({ words }: { words: string[] }) {
  return <code className="command">{words.flatMap((word) => [<span key={word}>{word}</span>, ' '])}</code>
}

function TokenSource() {
  switch (setting('auth')) {
    case 'tokens':
      return (
        <p>
          This gateway requires a token. Create one on its machine:
          <Command words={['invite-gateway', 'token', 'create', 'NAME', '--scope', 'write']} />
          The option <code>--scope read</code> creates one that can only read.
        </p>
      )
    case 'oidc':
      return (
        <p>
          This gateway requires an access token from{' '}
          {setting('issuers')
            .split(' ')
            .map((issuer, index) => (
              <span key={issuer}>
                {index > 0 && ' or '}
                <code>{issuer}</code>
              </span>
            ))}
          . Get one as your application does.
        </p>
      )
    default:
      return <p>This gateway requires no token.</p>
  }
}

/**
 * Where the token is given. It is stored as it is typed; `buttons` gets it, and what removes it.
 */
export function TokenForm({
  onSubmit,
  buttons,
}: {
  onSubmit: () => void
  buttons: (token: string, clear: () => void) => ReactNode
}) {
  const id = useId()
  const [token, setToken] = useState(readToken)

  function change(next: string) {
    storeToken(next.trim())
    setToken(next)
  }

  return (
    <form
      className="token-form"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      <TokenSource />
      <label htmlFor={id}>Bearer token</label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        spellCheck="false"
        aria-describedby={`${id}-note`}
        value={token}
        onChange={(event) => change(event.target.value)}
      />
      <p id={`${id}-note`}>
        Kept in this tab only, and sent as <code>Authorization: Bearer …</code> with each request.
      </p>
      <div className="token-buttons">{buttons(token, () => change(''))}</div>
    </form>
  )
}
