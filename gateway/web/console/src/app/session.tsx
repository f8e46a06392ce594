import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { Provider } from 'urql'

import { setting } from '../../../shared/settings'
import { readToken } from '../../../shared/token'
import { type Api, createApi } from '../api/api'
import { type Failure, failureOfRequest } from '../api/failure'
import { ViewerDocument } from '../gql/graphql'

/** Whether the token lets its bearer write, and why not. */
export type WriteAccess = { isAllowed: boolean; reason: string }

interface Session {
  api: Api
  /** Another one for each token: every page is mounted again for it. */
  number: number
  writing: WriteAccess
  /** Why the gateway refused the token, when it did. */
  refusal: string | null
  refuse: (message: string) => void
  /** Begin anew with the token that is stored now. */
  renew: () => void
}

const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('There is no SessionProvider around this component.')
  return session
}

/** Tell the session of a failure, so that a refused token leads to the place where one is given. */
export function useRefusal(failure: Failure | null | undefined): void {
  const { refuse } = useSession()
  useEffect(() => {
    if (failure?.code === 'UNAUTHENTICATED') refuse(failure.message)
  }, [failure, refuse])
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [identity, setIdentity] = useState(() => ({ token: readToken(), number: 1 }))
  const [refusal, setRefusal] = useState<string | null>(null)
  const api = useMemo(() => createApi(identity.token), [identity])
  useEffect(() => () => api.close(), [api])
  const writing = useWriteAccess(api)
  const session = useMemo(
    () => ({
      api,
      number: identity.number,
      writing,
      refusal,
      refuse: setRefusal,
      renew: () => {
        setRefusal(null)
        setIdentity(({ number }) => ({ token: readToken(), number: number + 1 }))
      },
    }),
    [api, identity, writing, refusal],
  )
  return (
    <SessionContext value={session}>
      <Provider value={api.client}>{children}</Provider>
    </SessionContext>
  )
}

const ALLOWED: WriteAccess = { isAllowed: true, reason: '' }
const READ_ONLY: WriteAccess = { isAllowed: false, reason: 'This token does not have the scope to write.' }
const UNKNOWN: WriteAccess = { isAllowed: false, reason: 'A valid token is required.' }

/** Ask the gateway what the token lets its bearer do, where there are tokens. */
function useWriteAccess({ client }: Api): WriteAccess {
  const [access, setAccess] = useState(ALLOWED)
  useEffect(() => {
    if (setting('auth') === 'none') return
    let isCurrent = true
    client
      .query(ViewerDocument, {})
      .toPromise()
      .then(({ data, error }) => {
        if (!isCurrent) return
        if (data) setAccess(data.viewer.scopes.includes('WRITE') ? ALLOWED : READ_ONLY)
        else if (failureOfRequest(error).code === 'UNAUTHENTICATED') setAccess(UNKNOWN)
      })
    return () => {
      isCurrent = false
    }
  }, [client])
  return access
}
