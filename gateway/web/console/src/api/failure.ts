import type { CombinedError } from '@urql/core'

/** Why something was not answered: a code of the gateway's, or one of these two. */
export interface Failure {
  code: string
  message: string
}

interface GatewayError {
  message: string
  extensions?: Record<string, unknown>
}

export const UNREACHABLE = 'UNREACHABLE'

/** The failure that GraphQL errors tell of: the first, as the others follow from it. */
export function failureOf(errors: readonly GatewayError[]): Failure {
  const [first] = errors
  if (!first) return { code: 'UNKNOWN', message: 'The gateway gave no reason.' }
  return { code: String(first.extensions?.code ?? 'UNKNOWN'), message: first.message }
}

/** The failure of a request. */
export function failureOfRequest(error: CombinedError | undefined): Failure {
  if (error?.graphQLErrors.length) return failureOf(error.graphQLErrors)
  const status = error?.response?.status
  if (status) {
    return {
      code: `HTTP ${status}`,
      message: `The response has the status ${status} and is not from the gateway. A proxy may have sent it.`,
    }
  }
  return {
    code: UNREACHABLE,
    message: 'The gateway cannot be reached. Check whether it is running, and whether you are online.',
  }
}

/** Whether it can go well when tried again, with nothing changed. */
export function isPassing({ code }: Failure): boolean {
  return code === UNREACHABLE || code === 'OVERLOADED' || /^HTTP 5/.test(code)
}
