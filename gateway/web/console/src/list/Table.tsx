import { useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type RefObject, useEffect, useMemo } from 'react'

import { Icon } from '../ui/Icon'
import { useMedia } from '../ui/media'
import { columns, features, SORTS, WIDTHS } from './columns'
import type { Row } from './rows'
import { COLUMNS, type ColumnId, type ListSearch } from './search'

const NARROW = matchMedia('(max-width: 760px)')
const ROW_PIXELS = 44
const NARROW_ROW_PIXELS = 92
/** How long a change is highlighted, by an animation in the style sheet. */
const HIGHLIGHT_MILLISECONDS = 1_600

/** The rows, of which only those in sight are in the page; near their end it asks for more. */
export function Table({
  rows,
  shown,
  hasMore,
  sort,
  scroller,
  onSort,
  onEnd,
}: {
  rows: Row[]
  shown: ColumnId[]
  hasMore: boolean
  sort: ListSearch['sort']
  scroller: RefObject<HTMLDivElement | null>
  onSort: (sort: ListSearch['sort']) => void
  onEnd: () => void
}) {
  const isNarrow = useMedia(NARROW)
  const columnVisibility = useMemo(
    () => Object.fromEntries(COLUMNS.map((id) => [id, shown.includes(id)])),
    [shown],
  )
  const table = useTable({
    features,
    columns,
    data: rows,
    getRowId: ({ id }) => id,
    state: { columnVisibility },
  })
  const model = table.getRowModel().rows
  const virtualizer = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? NARROW_ROW_PIXELS : ROW_PIXELS),
    overscan: 12,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useEffect(() => virtualizer.measure(), [isNarrow])

  const items = virtualizer.getVirtualItems()
  const isNearEnd = hasMore && (items.at(-1)?.index ?? -1) >= model.length - 20
  useEffect(() => {
    if (isNearEnd) onEnd()
  }, [isNearEnd, onEnd])

  const headers = table.getHeaderGroups()[0]?.headers ?? []
  const template = shown.map((id) => WIDTHS[id]).join(' ')
  return (
    <div
      className="table"
      role="table"
      aria-label="Operations"
      aria-rowcount={hasMore ? -1 : model.length + 1}
      style={{ '--columns': template } as CSSProperties}
    >
      <div className="table-head" role="row" aria-rowindex={1}>
        {headers.map((header) => (
          <HeaderCell
            key={header.id}
            id={header.id}
            title={String(header.column.columnDef.header)}
            sort={sort}
            onSort={onSort}
          />
        ))}
      </div>
      <div className="table-body" role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = model[index]
          if (!row) return null
          const { version, isDeleted, changedAt = 0 } = row.original
          const isChanged = Date.now() - changedAt < HIGHLIGHT_MILLISECONDS
          return (
            <div
              key={row.id}
              className={`table-row ${isDeleted ? 'is-deleted' : ''}`}
              role="row"
              aria-rowindex={index + 2}
              style={{ transform: `translateY(${start}px)` }}
            >
              {row.getVisibleCells().map((cell) => (
                // The version in the key makes the status of a changed row appear anew, and so be seen.
                <div
                  key={cell.column.id === 'status' ? `${cell.id} ${version}` : cell.id}
                  className={`cell ${cell.column.id} ${isChanged ? 'is-changed' : ''}`}
                  role="cell"
                >
                  <table.FlexRender cell={cell} />
                </div>
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
}

function HeaderCell({
  id,
  title,
  sort = '-createdAt',
  onSort,
}: {
  id: string
  title: string
  sort: ListSearch['sort']
  onSort: (sort: ListSearch['sort']) => void
}) {
  const key = SORTS[id]
  const isDescending = sort === `-${key}`
  const isAscending = sort === key
  const direction = isDescending ? 'descending' : isAscending ? 'ascending' : undefined
  // The youngest is what was created last.
  const shown = id === 'age' && direction ? (isDescending ? 'ascending' : 'descending') : direction
  return (
    <div role="columnheader" className={`cell ${id}`} aria-sort={key && (shown ?? 'none')}>
      {key ? (
        <button type="button" className="sort" onClick={() => onSort(isDescending ? key : `-${key}`)}>
          {title}
          {direction && <Icon name={shown === 'ascending' ? 'up' : 'down'} />}
        </button>
      ) : (
        title
      )}
    </div>
  )
}
