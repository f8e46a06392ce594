import { useCallback, useEffect, useMemo, useReducer, useState } from 'react'

import type { Api } from '../api/api'
import { type Failure, failureOfRequest } from '../api/failure'
import type { Follow } from '../api/feed'
import { useFeed } from '../app/connection'
import { useSession } from '../app/session'
import {
  type EntryFragment,
  HistoryDocument,
  OperationChangesDocument,
  OperationDocument,
} from '../gql/graphql'
import { type Story, storyOf, withEntries } from './state'

type Loaded = { story: Story } | { failure: Failure } | 'missing' | 'loading'

type Action = { kind: 'loaded'; loaded: Loaded } | { kind: 'entries'; entries: EntryFragment[] }

function reduce(loaded: Loaded, action: Action): Loaded {
  if (action.kind === 'loaded') return action.loaded
  if (typeof loaded === 'string' || !('story' in loaded)) return loaded
  return { story: withEntries(loaded.story, action.entries) }
}

/** One operation and what happens to it. */
export function useStory(id: string): { loaded: Loaded; reload: () => void } {
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

  const cursor = typeof loaded === 'object' && 'story' in loaded ? loaded.story.cursor : null
  const follow = useMemo(() => followOperation(api, id), [api, id])
  useFeed(cursor, follow, {
    onChanges: (entries) => dispatch({ kind: 'entries', entries }),
    onExpired: reload,
  })
  return { loaded, reload }
}

const MOST_PAGES = 10

/** Read an operation with its history, of which a page has 500 entries. */
async function read({ client }: Api, id: string): Promise<Loaded> {
  const { data, error } = await client.query(OperationDocument, { id })
  if (error) return { failure: failureOfRequest(error) }
  if (!data?.inviteParticipantsOperation) return 'missing'
  let story = storyOf(data.inviteParticipantsOperation)
  for (let page = 1; story.hasMore && page < MOST_PAGES; page += 1) {
    const more = await client.query(HistoryDocument, { id, after: story.cursor })
    const history = more.data?.inviteParticipantsOperation?.history
    if (!history) break
    story = {
      ...story,
      history: [...story.history, ...history.nodes],
      hasMore: history.pageInfo.hasNextPage,
      cursor: history.pageInfo.endCursor ?? story.cursor,
    }
  }
  return { story }
}

function followOperation(api: Api, id: string): Follow<EntryFragment> {
  return (after, { onOpen, onChange, onEnd }) =>
    api.follow(
      OperationChangesDocument,
      { after, id },
      { onOpen, onEnd, onChange: ({ changes }) => onChange(changes) },
    )
}
