import { pick, type TabsState, useGraphiQL, useGraphiQLActions } from '@graphiql/react'
import { useEffect, useRef } from 'react'

import type { Link } from './link'
import { signals } from './signals'
import { showTokenPanel } from './token'

const NARROW = matchMedia('(max-width: 760px)')

/** Small enough that the examples are read whole; lines that are longer still are wrapped. */
const EDITOR_OPTIONS = {
  fontSize: 13,
  lineHeight: 18,
  wordWrap: 'on',
  wrappingIndent: 'indent',
  folding: !NARROW.matches,
  lineNumbers: NARROW.matches ? 'off' : 'on',
} as const

/** What the playground adds to GraphiQL's session; it shows nothing of its own. */
export function Session({ link }: { link: Link | null }) {
  useEditorOptions()
  useTokenPanel()
  useStoppedNote()
  useLinkedOperation(link)
  useClearedError()
  return null
}

function useEditorOptions() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = useGraphiQL(
    pick('queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'),
  )
  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, headerEditor]) editor?.updateOptions(EDITOR_OPTIONS)
    responseEditor?.updateOptions({ ...EDITOR_OPTIONS, lineNumbers: 'off' })
  }, [queryEditor, variableEditor, headerEditor, responseEditor])
}

function useTokenPanel() {
  useEffect(() => {
    signals.addEventListener('unauthorized', showTokenPanel)
    return () => signals.removeEventListener('unauthorized', showTokenPanel)
  }, [])
}

/** Say of a subscription that it stopped: GraphiQL stops it when another tab is opened. */
function useStoppedNote() {
  const { moveTab, updateActiveTabValues } = useGraphiQLActions()
  const session = useGraphiQL(pick('tabs', 'activeTabIndex', 'responseEditor'))
  const latest = useRef(session)
  useEffect(() => {
    latest.current = session
  })
  useEffect(() => {
    function note(event: Event) {
      const { events } = (event as CustomEvent<{ events: unknown[] }>).detail
      const followed = activeTab(latest.current)?.id
      setTimeout(() => {
        const { tabs, responseEditor } = latest.current
        const isInFront = activeTab(latest.current)?.id === followed
        const status = isInFront
          ? 'Stopped. Run it again to follow.'
          : 'Stopped, since another tab was opened. Run it again to follow.'
        const response = JSON.stringify({ status, events }, null, 2)
        if (isInFront) {
          responseEditor?.setValue(response)
          updateActiveTabValues({ response })
        } else {
          moveTab(tabs.map((tab) => (tab.id === followed ? { ...tab, response } : tab)))
        }
      })
    }
    signals.addEventListener('stopped', note)
    return () => signals.removeEventListener('stopped', note)
  }, [moveTab, updateActiveTabValues])
}

const activeTab = ({ tabs, activeTabIndex }: TabsState) => tabs[activeTabIndex]

/** Choose the operation that a link names, once the editor has read the document. */
function useLinkedOperation(link: Link | null): void {
  const { setOperationName } = useGraphiQLActions()
  const { operations, queryEditor } = useGraphiQL(pick('operations', 'queryEditor'))
  const isDone = useRef(!link?.operationName)
  useEffect(() => {
    if (isDone.current || !link || !queryEditor || !operations) return
    isDone.current = true
    const chosen = operations.find((operation) => operation.name?.value === link.operationName)
    if (!chosen) return
    setOperationName(link.operationName)
    const position = queryEditor.getModel()?.getPositionAt(chosen.loc?.start ?? 0)
    if (!position) return
    queryEditor.setPosition(position)
    queryEditor.revealPositionInCenterIfOutsideViewport(position)
  }, [link, operations, queryEditor, setOperationName])
}

/** Take away why the schema could not be loaded once it is. */
function useClearedError() {
  const { fetchError, responseEditor } = useGraphiQL(pick('fetchError', 'responseEditor'))
  const shown = useRef<string | null>(null)
  useEffect(() => {
    if (!fetchError && shown.current && responseEditor?.getValue() === shown.current)
      responseEditor.setValue('')
    shown.current = fetchError
  }, [fetchError, responseEditor])
}
