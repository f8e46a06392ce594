import type { Api } from '../api/api'
import { type Failure, failureOfRequest, isPassing } from '../api/failure'
import { retryDelay } from '../api/feed'
import {
  ExportDocument,
  type ExportQuery,
  type ExportQueryVariables,
  type WholeFragment,
} from '../gql/graphql'
import { filterOf, type ListSearch, orderOf } from '../list/search'

const MAX_PAGE_SIZE = 500

/** The gateway did not answer, and asking again is of no use. */
export class ExportError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

interface Reading {
  /** Ends the reading, when aborted, after the page that is being read. */
  signal: AbortSignal
  /** Called before a page is tried again. */
  onFailure: (failure: Failure) => void
}

/**
 * Read all operations of a search, a page at a time.
 *
 * Throws `ExportError`, and the signal's reason once it is aborted.
 */
export async function* pagesOf(
  api: Api,
  search: ListSearch,
  reading: Reading,
): AsyncGenerator<WholeFragment[]> {
  const variables: ExportQueryVariables = {
    filter: filterOf(search),
    orderBy: orderOf(search),
    first: MAX_PAGE_SIZE,
  }
  for (;;) {
    const { nodes, pageInfo } = await readPage(api, variables, reading)
    yield nodes
    if (!pageInfo.hasNextPage) return
    variables.after = pageInfo.endCursor
  }
}

/** Read a page. One that is too large for the gateway is halved, in the variables too. */
async function readPage(
  { client }: Api,
  variables: ExportQueryVariables,
  { signal, onFailure }: Reading,
): Promise<ExportQuery['inviteParticipantsOperations']> {
  for (let attempt = 1; ; ) {
    const { data, error } = await client.query(ExportDocument, variables)
    signal.throwIfAborted()
    if (!error && data) return data.inviteParticipantsOperations
    const failure = failureOfRequest(error)
    if (failure.code === 'LIMIT_EXCEEDED' && variables.first > 1) {
      variables.first = Math.ceil(variables.first / 2)
    } else if (isPassing(failure)) {
      onFailure(failure)
      await new Promise((resolve) => setTimeout(resolve, retryDelay(attempt)))
      signal.throwIfAborted()
      attempt += 1
    } else {
      throw new ExportError(failure)
    }
  }
}
