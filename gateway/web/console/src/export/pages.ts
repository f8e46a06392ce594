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

/**
 * Read all operations of a search, a page at a time; `onFailure` is called before a page is tried again.
 *
 * Throws `ExportError`.
 */
export async function* pagesOf(
  api: Api,
  search: ListSearch,
  onFailure: (failure: Failure) => void,
): AsyncGenerator<WholeFragment[]> {
  const variables: ExportQueryVariables = {
    filter: filterOf(search),
    orderBy: orderOf(search),
    first: MAX_PAGE_SIZE,
  }
  for (;;) {
    const { nodes, pageInfo } = await readPage(api, variables, onFailure)
    yield nodes
    if (!pageInfo.hasNextPage) return
    variables.after = pageInfo.endCursor
  }
}

/** Read a page. One that is too large for the gateway is halved, in the variables too. */
async function readPage(
  { client }: Api,
  variables: ExportQueryVariables,
  onFailure: (failure: Failure) => void,
): Promise<ExportQuery['inviteParticipantsOperations']> {
  for (let attempt = 1; ; ) {
    const { data, error } = await client.query(ExportDocument, variables)
    if (!error && data) return data.inviteParticipantsOperations
    const failure = failureOfRequest(error)
    if (failure.code === 'LIMIT_EXCEEDED' && variables.first > 1) {
      variables.first = Math.ceil(variables.first / 2)
    } else if (isPassing(failure)) {
      onFailure(failure)
      await new Promise((resolve) => setTimeout(resolve, retryDelay(attempt)))
      attempt += 1
    } else {
      throw new ExportError(failure)
    }
  }
}
