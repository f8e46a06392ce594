import { Button, useGraphiQLActions } from '@graphiql/react'
import { useState } from 'react'

const KEY = 'bearerToken'

export const readToken = () => sessionStorage.getItem(KEY)

/** What the gateway wrote into the page: the settings of these names. */
const setting = (name) => document.querySelector(`meta[name="invite-gateway:${name}"]`)?.content ?? ''

function storeToken(token) {
  if (token) sessionStorage.setItem(KEY, token)
  else sessionStorage.removeItem(KEY)
}

/** A command that is wrapped between its words alone. */
function Command({ children }) {
  const words = children.split(' ')
  return <code className="command">{words.flatMap((word, index) => [<span key={index}>{word}</span>, ' '])}</code>
}

function TokenSource() {
  switch (setting('auth')) {
    case 'tokens':
      return (
        <p>
          This gateway asks for a token. Make one where it runs:
          <Command>invite-gateway token create NAME --scope write</Command>
          or, to read alone, with <code>--scope read</code>.
        </p>
      )
    case 'oidc':
      return (
        <p>
          This gateway asks for an access token of{' '}
          {setting('issuers')
            .split(' ')
            .map((issuer, index) => (
              <span key={issuer}>
                {index > 0 && ' or '}
                <code>{issuer}</code>
              </span>
            ))}
          . Get one there, as your application does.
        </p>
      )
    default:
      return <p>This gateway asks for no token.</p>
  }
}

function TokenPanel() {
  const { introspect } = useGraphiQLActions()
  const [token, setToken] = useState(readToken() ?? '')

  function change(next) {
    storeToken(next.trim())
    setToken(next)
  }

  function submit(event) {
    event.preventDefault()
    introspect()
  }

  return (
    <form className="token-panel" onSubmit={submit}>
      <h2>Authorization</h2>
      <TokenSource />
      <label htmlFor="bearer-token">Bearer token</label>
      <input
        id="bearer-token"
        type="password"
        autoComplete="off"
        spellCheck="false"
        aria-describedby="bearer-token-note"
        value={token}
        onChange={(event) => change(event.target.value)}
      />
      <p id="bearer-token-note">
        Kept in this tab only, and sent as <code>Authorization: Bearer …</code> with each request.
      </p>
      <div className="token-buttons">
        <Button type="submit">Reload the schema</Button>
        <Button type="button" disabled={!token} onClick={() => change('')}>
          Clear the token
        </Button>
      </div>
    </form>
  )
}

function KeyIcon(props) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" {...props}>
      <circle cx="8" cy="15" r="4.5" />
      <path d="m11.5 11.5 8-8m-3 3 3.5 3.5m-6-1 2.5 2.5" strokeLinecap="round" />
    </svg>
  )
}

/** Open the panel, by the button that does: GraphiQL has no other way to unfold its plugins. */
export function showTokenPanel() {
  document.querySelector(`.graphiql-sidebar [aria-label="Show ${tokenPlugin.title}"]`)?.click()
}

export const tokenPlugin = { title: 'Bearer token', icon: KeyIcon, content: TokenPanel }
