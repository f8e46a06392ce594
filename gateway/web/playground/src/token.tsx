import { Button, useGraphiQLActions } from '@graphiql/react'

import type { SVGProps } from 'react'

import { TokenForm } from '../../shared/TokenForm'

function TokenPanel() {
  const { introspect } = useGraphiQLActions()
  return (
    <div className="token-panel">
      <h2>Authorization</h2>
      <TokenForm
        onSubmit={() => introspect()}
        buttons={(token, clear) => (
          <>
            <Button type="submit">Reload the schema</Button>
            <Button type="button" disabled={!token} onClick={clear}>
              Clear the token
            </Button>
          </>
        )}
      />
    </div>
  )
}

function KeyIcon(props: SVGProps<SVGSVGElement>) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      aria-hidden="true"
      {...props}
    >
      <circle cx="8" cy="15" r="4.5" />
      <path d="m11.5 11.5 8-8m-3 3 3.5 3.5m-6-1 2.5 2.5" strokeLinecap="round" />
    </svg>
  )
}

/** Open the panel, by the button that does: GraphiQL has no other way to unfold its plugins. */
export function showTokenPanel() {
  document.querySelector<HTMLElement>(`.graphiql-sidebar [aria-label="Show ${tokenPlugin.title}"]`)?.click()
}

export const tokenPlugin = { title: 'Bearer token', icon: KeyIcon, content: TokenPanel }
