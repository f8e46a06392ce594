/** A request that an address carries; a part that it does not have is empty. */
export interface Link {
  query: string
  variables: string
  operationName: string
}

/**
 * The request that the page's address carries, as a GET of GraphQL over HTTP does, or null.
 *
 * Its parts go into the editors as they are, as text. Nothing runs until somebody runs it.
 */
export function readLink(search = location.search): Link | null {
  const parameters = new URLSearchParams(search)
  const query = parameters.get('query')
  if (!query) return null
  return {
    query,
    variables: parameters.get('variables') ?? '',
    operationName: parameters.get('operationName') ?? '',
  }
}
