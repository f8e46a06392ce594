/** An operation with its history, kept up to date by the changes that are followed. */

import type { EntryFragment, OperationQuery, StateFragment } from '../gql/graphql'

export interface Story {
  /** The operation as it is, or as it was last. */
  current: StateFragment
  history: EntryFragment[]
  isDeleted: boolean
  /** Whether the history goes on after what is here. */
  hasMore: boolean
  cursor: string | null
}

type Found = NonNullable<OperationQuery['inviteParticipantsOperation']>

export function storyOf({ history, id: _, ...current }: Found): Story {
  return {
    current,
    history: history.nodes,
    isDeleted: false,
    hasMore: history.pageInfo.hasNextPage,
    cursor: history.pageInfo.endCursor ?? null,
  }
}

/** Add what happened; the last of it is how things are. */
export function withEntries(story: Story, entries: EntryFragment[]): Story {
  const last = entries.at(-1)
  if (!last) return story
  const isNews = last.state.createdAt !== story.current.createdAt || last.version >= story.current.version
  return {
    ...story,
    current: isNews ? last.state : story.current,
    history: [...story.history, ...entries],
    isDeleted: last.kind === 'DELETED',
  }
}
