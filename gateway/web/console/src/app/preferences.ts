import { setting } from '../../../shared/settings'
import { createStore } from './store'

/** A list as it was saved: the query of its address. */
export interface View {
  name: string
  query: string
}

/** What is set for this browser, and kept in it. */
export interface Preferences {
  /** Whether names and numbers of people are hidden. */
  isPrivate: boolean
  hasAbsoluteTimes: boolean
  /** The list's columns, as its address has them; all when left out. */
  columns?: string
  views: View[]
}

const KEY = 'invite-gateway:console'
const INITIAL: Preferences = { isPrivate: false, hasAbsoluteTimes: false, views: [] }

const preferences = createStore(read())

function read(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return { ...INITIAL, ...stored, views: [stored.views ?? []].flat().filter(isView) }
  } catch {
    return INITIAL
  }
}

function isView(value: Partial<View> | null): value is View {
  return typeof value?.name === 'string' && typeof value.query === 'string'
}

export function setPreferences(changed: Partial<Preferences>): void {
  const next = { ...preferences.get(), ...changed }
  localStorage.setItem(KEY, JSON.stringify(next))
  preferences.set(next)
}

export const usePreferences = preferences.useValue

/** Whether the gateway hides names and numbers in every browser. */
export const isPrivateForAll = (): boolean => setting('hide-names') === 'true'

/** Whether names and numbers of people are hidden. */
export const useIsPrivate = (): boolean => usePreferences().isPrivate || isPrivateForAll()
