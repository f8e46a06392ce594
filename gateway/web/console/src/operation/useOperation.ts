import { useCallback, useEffect, useMemo, useReducer, useState } from 'react'

import { type Api, changesOf } from '../api/api'
import { type Failure, failureOfRequest } from '../api/failure'
import { useFeed } from '../app/connection'
import { useSession } from '../app/session'
import { type EntryFragment, OperationChangesDocument, OperationDocument } from '../gql/graphql'
import { type Versions, versionsOf, withEntries } from './versions'

type Loaded = { versions: Versions } | { failure: Failure } | 'missing' | 'loading'

type Action = { kind: 'loaded'; loaded: Loaded } | { kind: 'entries'; entries: EntryFragment[] }

function reduce(loaded: Loaded, action: Action): Loaded {
  if (action.kind === 'loaded') return action.loaded
  if (typeof loaded === 'string' || !('versions' in loaded)) return loaded
  return { versions: withEntries(loaded.versions, action.entries) }
}

/** One operation and what happens to it. */
export function useOperation(id: string): { loaded: Loaded; reload: () => void } {
  const { api } = useSession()
  const [loaded, dispatch] = useReducer(reduce, 'loading')
  const [attempt, setAttempt] = useState(0)
  const reload = useCallback(() => setAttempt((count) => count + 1), [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt reads it again
  useEffect(() => {
    let isCurrent = true
    read(api, id).then((next) => {
      if (isCurrent) dispatch({ kind: 'loaded', loaded: next })
    })
    return () => {
      isCurrent = false
    }
  }, [api, id, attempt])

  const cursor = typeof loaded === 'object' && 'versions' in loaded ? loaded.versions.cursor : null
  const source = useMemo(
    () => ({
      ...changesOf(api, OperationChangesDocument, { id: { eq: id } }),
      // Those of one operation are few.
      isFarBehind: () => Promise.resolve(false),
    }),
    [api, id],
  )
  useFeed(cursor, source, {
    onChanges: (entries) => dispatch({ kind: 'entries', entries }),
    onGap: reload,
  })
  return { loaded, reload }
}

async function read({ client }: Api, id: string): Promise<Loaded> {
  const { data, error } = await client.query(OperationDocument, { id })
  if (error) return { failure: failureOfRequest(error) }
  const found = data?.inviteParticipantsOperation
  return found ? { versions: versionsOf(found) } : 'missing'
}
