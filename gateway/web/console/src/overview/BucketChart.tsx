import { useEffect, useRef, useSyncExternalStore } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import type { OperationStatus } from '../gql/graphql'
import { type Bucket, STACK } from './range'

const HEIGHT = 200
const DARK = matchMedia('(prefers-color-scheme: dark)')
/** A shorter drag is a click. */
const CLICK_PIXELS = 4

export interface Selection {
  from: number
  to: number
  status?: OperationStatus
}

/**
 * Operations by bucket of time, stacked by status. A bar or a range that is dragged is selected.
 *
 * uPlot, since it draws the bars of a month many times a second and writes no style into the page;
 * what it draws is also in the table below it.
 */
export default function BucketChart({
  buckets,
  onSelect,
}: {
  buckets: Bucket[]
  onSelect: (selection: Selection) => void
}) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const latest = useRef({ buckets, onSelect })
  const isDark = useSyncExternalStore(
    (listener) => {
      DARK.addEventListener('change', listener)
      return () => DARK.removeEventListener('change', listener)
    },
    () => DARK.matches,
  )
  const bucketSeconds = buckets[0] ? (buckets[0].to - buckets[0].from) / 1_000 : 0
  useEffect(() => {
    latest.current = { buckets, onSelect }
    plot.current?.setData(stacked(buckets))
  }, [buckets, onSelect])

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are drawn anew
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const select = (one: uPlot) => {
      const selection = selectionOf(one, latest.current.buckets)
      if (selection) latest.current.onSelect(selection)
    }
    const created = new uPlot(
      options(element, bucketSeconds, select),
      stacked(latest.current.buckets),
      element,
    )
    plot.current = created
    const resizing = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height: HEIGHT }))
    resizing.observe(element)
    return () => {
      resizing.disconnect()
      created.destroy()
      plot.current = null
    }
  }, [isDark, bucketSeconds])

  return <div className="chart" ref={frame} role="img" aria-label="Operations by time, stacked by status" />
}

/** The tops of the stack, the highest first, since what is drawn later covers what came before. */
function stacked(buckets: Bucket[]): uPlot.AlignedData {
  const tops = STACK.map((_, place) =>
    buckets.map(({ counts }) => STACK.slice(0, place + 1).reduce((sum, status) => sum + counts[status], 0)),
  )
  return [buckets.map(({ from }) => from / 1_000), ...tops.reverse()]
}

function options(
  element: HTMLElement,
  bucketSeconds: number,
  onSelect: (plot: uPlot) => void,
): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.82, 48], align: 1 })
  const text = colourOf(element, 'muted')
  const axis = {
    stroke: text,
    grid: { stroke: colourOf(element, 'grid-line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { range: (_, first, last) => [first, last + bucketSeconds] },
      y: { range: (_, __, highest) => [0, Math.max(highest * 1.08, 4)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 64, size: 30, values: (_, times) => times.map(timeText) },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000] },
    ],
    series: [
      {},
      ...[...STACK].reverse().map((status) => ({
        fill: colourOf(element, `dot ${status}`, 'backgroundColor'),
        width: 0,
        points: { show: false },
        ...(bars && { paths: bars }),
      })),
    ],
    hooks: { setSelect: [onSelect] },
  }
}

const DATE = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

/** A time of an axis, which at midnight is a day. */
function timeText(seconds: number): string {
  const time = new Date(seconds * 1_000)
  return (time.getHours() === 0 && time.getMinutes() === 0 ? DATE : TIME).format(time)
}

/** The colour that a class gives: a canvas knows nothing of CSS. */
function colourOf(
  element: HTMLElement,
  name: string,
  property: 'color' | 'backgroundColor' = 'color',
): string {
  const probe = document.createElement('span')
  probe.className = name
  element.append(probe)
  const colour = getComputedStyle(probe)[property]
  probe.remove()
  return colour
}

function selectionOf(plot: uPlot, buckets: Bucket[]): Selection | null {
  const { left, width } = plot.select
  const at = (pixels: number) => buckets.findLast(({ from }) => from / 1_000 <= plot.posToVal(pixels, 'x'))
  if (width >= CLICK_PIXELS) {
    const [first = buckets[0], last] = [at(left), at(left + width)]
    return first && last ? { from: first.from, to: last.to } : null
  }
  const bucket = at(left)
  if (!bucket) return null
  const height = plot.posToVal(plot.cursor.top ?? 0, 'y')
  let top = 0
  const status = STACK.find((one) => {
    top += bucket.counts[one]
    return height <= top
  })
  return { from: bucket.from, to: bucket.to, status }
}
