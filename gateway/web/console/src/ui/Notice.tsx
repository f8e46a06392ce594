import { type ReactNode, useEffect, useRef } from 'react'

import { type Failure, isPassing } from '../api/failure'
import { useRefusal } from '../app/session'

const RETRY_MILLISECONDS = 4_000

/** A state of a whole page: nothing there, or something wrong. */
export function Notice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="notice">
      <h1>{title}</h1>
      <div className="notice-text">{children}</div>
    </section>
  )
}

/** Try again every few seconds what failed in passing; returns whether it does. */
export function useRetry(failure: Failure, onRetry: () => void): boolean {
  const isRetried = isPassing(failure)
  const retry = useRef(onRetry)
  useEffect(() => {
    retry.current = onRetry
  })
  useEffect(() => {
    if (!isRetried) return
    const timer = setInterval(() => retry.current(), RETRY_MILLISECONDS)
    return () => clearInterval(timer)
  }, [isRetried])
  return isRetried
}

/** Why a page cannot be shown, with the gateway's error code, and what to do. */
export function FailureNotice({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  useRefusal(failure)
  const isRetried = useRetry(failure, onRetry)
  return (
    <section className="notice" role="alert">
      <h1>{TITLES[failure.code] ?? 'This could not be loaded'}</h1>
      <div className="notice-text">
        <p>{failure.message}</p>
        <p className="muted">
          Code: <code>{failure.code}</code>
        </p>
        {isRetried && <p>The page tries again every few seconds.</p>}
        <button type="button" className="button primary" onClick={onRetry}>
          Try again
        </button>
      </div>
    </section>
  )
}

const TITLES: Record<string, string> = {
  UNREACHABLE: 'The gateway cannot be reached',
  UNAUTHENTICATED: 'A valid token is required',
  FORBIDDEN: 'This token may not read operations',
  OVERLOADED: 'The gateway is unavailable',
  TIMEOUT: 'The request took too long',
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Loading {what}…
    </p>
  )
}
