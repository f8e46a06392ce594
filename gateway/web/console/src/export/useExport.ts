import { useCallback, useEffect, useRef, useState } from 'react'

import type { Failure } from '../api/failure'
import { useIsPrivate } from '../app/preferences'
import { useSession } from '../app/session'
import type { ListSearch } from '../list/search'
import { anonymous, FORMATS, type FormatName } from './formats'
import { ExportError, pagesOf } from './pages'

export type ExportState =
  | { kind: 'idle' }
  /** `failure` is what a page has failed with that is tried again. */
  | { kind: 'running'; count: number; failure?: Failure }
  | { kind: 'done'; count: number; file: string }
  | { kind: 'failed'; failure: Failure }

/** Write all operations of a search into a file that the browser saves. */
export function useExport(search: ListSearch) {
  const { api, refuse } = useSession()
  const isPrivate = useIsPrivate()
  const [state, setState] = useState<ExportState>({ kind: 'idle' })
  const current = useRef<AbortController>(null)

  const cancel = useCallback(() => {
    current.current?.abort()
    setState({ kind: 'idle' })
  }, [])
  useEffect(() => cancel, [cancel])

  async function start(name: FormatName) {
    const { head, line, extension, type } = FORMATS[name]
    const controller = new AbortController()
    const { signal } = controller
    current.current = controller
    const show = (next: ExportState) => !signal.aborted && setState(next)
    // A blob a page: the browser may keep those on the disk.
    const parts = [new Blob([head])]
    let count = 0
    show({ kind: 'running', count })
    try {
      const onFailure = (failure: Failure) => show({ kind: 'running', count, failure })
      for await (const page of pagesOf(api, search, { signal, onFailure })) {
        parts.push(new Blob([(isPrivate ? page.map(anonymous) : page).map(line).join('')]))
        count += page.length
        show({ kind: 'running', count })
      }
      const file = `operations-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.${extension}`
      save(new Blob(parts, { type }), file)
      show({ kind: 'done', count, file })
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof ExportError)) throw error
      const { failure } = error
      if (failure.code === 'UNAUTHENTICATED') refuse(failure.message)
      show({ kind: 'failed', failure })
    }
  }

  return { state, start, cancel }
}

/** Have the browser save a file. */
function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
