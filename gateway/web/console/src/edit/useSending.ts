import { useState } from 'react'
import { type TypedDocumentNode, useMutation as useUrqlMutation } from 'urql'

import { failureOfRequest } from '../api/failure'
import { useSession } from '../app/session'

/** Why a change was not made. */
export interface Problem {
  message: string
  path?: readonly string[]
}

/** Send a mutation; what went wrong with the request itself is a problem like any other. */
export function useSending<Data, Variables extends object>(document: TypedDocumentNode<Data, Variables>) {
  const { refuse } = useSession()
  const [{ fetching }, execute] = useUrqlMutation(document)
  const [problems, setProblems] = useState<Problem[]>([])

  async function send(variables: Variables): Promise<Data | null> {
    setProblems([])
    const { data, error } = await execute(variables as never)
    if (!error) return data ?? null
    const failure = failureOfRequest(error)
    if (failure.code === 'UNAUTHENTICATED') refuse(failure.message)
    setProblems([{ message: `${failure.message} (${failure.code})` }])
    return null
  }

  return { send, isSending: fetching, problems, setProblems }
}
