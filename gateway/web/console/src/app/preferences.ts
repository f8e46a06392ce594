import { useSyncExternalStore } from 'react'

/** What is set for this browser, and kept in it. */
export interface Preferences {
  /** Whether names and numbers of people are hidden. */
  isPrivate: boolean
  hasAbsoluteTimes: boolean
  /** The ids of the list's columns that are not shown. */
  hiddenColumns: string[]
}

const KEY = 'invite-gateway:console'
const INITIAL: Preferences = { isPrivate: false, hasAbsoluteTimes: false, hiddenColumns: [] }

const listeners = new Set<() => void>()
let current = read()

function read(): Preferences {
  try {
    return { ...INITIAL, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') }
  } catch {
    return INITIAL
  }
}

export function setPreferences(changed: Partial<Preferences>): void {
  current = { ...current, ...changed }
  localStorage.setItem(KEY, JSON.stringify(current))
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current)
