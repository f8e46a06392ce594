import { Button, useGraphiQLActions } from '@graphiql/react'
import { useState } from 'react'

const KEY = 'bearerToken'

export const readToken = () => sessionStorage.getItem(KEY)

function storeToken(token) {
  if (token) sessionStorage.setItem(KEY, token)
  else sessionStorage.removeItem(KEY)
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

export const tokenPlugin = { title: 'Bearer token', icon: KeyIcon, content: TokenPanel }
