import { useSyncExternalStore } from 'react'

/** A value outside of React, and a hook by which components have it as it is. */
export function createStore<Value>(initial: Value) {
  const listeners = new Set<() => void>()
  let value = initial

  function subscribe(listener: () => void) {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  return {
    get: () => value,
    set(next: Value) {
      value = next
      for (const listener of listeners) listener()
    },
    useValue: (): Value => useSyncExternalStore(subscribe, () => value),
  }
}
