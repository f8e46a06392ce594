import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import { useMedia } from '../ui/media'
import type { Bucket } from './range'

const HEIGHT = 200
const DARK = matchMedia('(prefers-color-scheme: dark)')
/** A shorter drag is a click. */
const CLICK_PIXELS = 4

/** What was clicked, with the value there, or what was dragged over. */
export type PlotSelection =
  | { kind: 'bucket'; bucket: Bucket; value: number }
  | { kind: 'range'; from: number; to: number }

export interface PlotProps {
  buckets: Bucket[]
  onSelect: (selection: PlotSelection) => void
  /** Called with the bucket that the pointer is over, or with nothing. */
  onHover: (bucket: Bucket | undefined) => void
}

/** The colour that a class of the style sheets gives. */
export type ColourOf = (name: string, property?: 'color' | 'backgroundColor') => string

export interface PlotDefinition {
  data: (buckets: Bucket[]) => uPlot.AlignedData
  series: (colourOf: ColourOf) => uPlot.Series[]
  valueAxis: uPlot.Axis
  /** The end of the axis of values is this at least. */
  least: number
}

/**
 * A chart over buckets of time.
 *
 * By uPlot, since it draws those of a month many times a second and writes no style into the page;
 * what it draws is also in a table below it.
 */
export function Plot({
  label,
  definition,
  buckets,
  onSelect,
  onHover,
}: PlotProps & { label: string; definition: PlotDefinition }) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const latest = useRef({ buckets, onSelect, onHover })
  const isDark = useMedia(DARK)
  useEffect(() => {
    latest.current = { buckets, onSelect, onHover }
  })
  useEffect(() => plot.current?.setData(definition.data(buckets)), [definition, buckets])

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are drawn anew
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const current = () => latest.current.buckets
    const hooks: uPlot.Hooks.Arrays = {
      setSelect: [
        (one) => {
          const selection = selectionOf(one, current())
          if (selection) latest.current.onSelect(selection)
        },
      ],
      setCursor: [(one) => latest.current.onHover(bucketAt(one, current(), one.cursor.left ?? -1))],
    }
    const created = new uPlot(
      options(element, definition, current, hooks),
      definition.data(current()),
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
  }, [isDark, definition])

  return <div className="chart" ref={frame} role="img" aria-label={label} />
}

function options(
  element: HTMLElement,
  { series, valueAxis, least }: PlotDefinition,
  buckets: () => Bucket[],
  hooks: uPlot.Hooks.Arrays,
): uPlot.Options {
  const colourOf: ColourOf = (name, property = 'color') => {
    const probe = document.createElement('span')
    probe.className = name
    element.append(probe)
    const colour = getComputedStyle(probe)[property]
    probe.remove()
    return colour
  }
  const axis: uPlot.Axis = {
    stroke: colourOf('muted'),
    grid: { stroke: colourOf('grid-line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { range: () => [(buckets()[0]?.from ?? 0) / 1_000, (buckets().at(-1)?.to ?? 0) / 1_000] },
      y: { range: (_, __, highest) => [0, Math.max(highest * 1.08, least)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 64, size: 24, values: (_, times) => times.map(timeOfAxis) },
      { ...axis, size: 52, ...valueAxis },
    ],
    series: [{}, ...series(colourOf)],
    hooks,
  }
}

const DATE = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

/** A time of an axis, which at midnight is a day. */
function timeOfAxis(seconds: number): string {
  const time = new Date(seconds * 1_000)
  return (time.getHours() === 0 && time.getMinutes() === 0 ? DATE : TIME).format(time)
}

/** The bucket at so many pixels from the left; none where these are negative. */
function bucketAt(plot: uPlot, buckets: Bucket[], pixels: number): Bucket | undefined {
  if (pixels < 0) return undefined
  return buckets.findLast(({ from }) => from / 1_000 <= plot.posToVal(pixels, 'x'))
}

function selectionOf(plot: uPlot, buckets: Bucket[]): PlotSelection | null {
  const { left, width } = plot.select
  const at = (pixels: number) => bucketAt(plot, buckets, pixels)
  if (width >= CLICK_PIXELS) {
    const [first = buckets[0], last] = [at(left), at(left + width)]
    return first && last ? { kind: 'range', from: first.from, to: last.to } : null
  }
  const bucket = at(left)
  return bucket ? { kind: 'bucket', bucket, value: plot.posToVal(plot.cursor.top ?? 0, 'y') } : null
}
