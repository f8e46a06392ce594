import type uPlot from 'uplot'

import { duration } from '../ui/time'
import { Plot, type PlotDefinition, type PlotProps } from './Plot'

/** What has no neighbour is on no line, and is drawn as a point. */
const POINTS: uPlot.Series.Points = {
  show: true,
  size: 5,
  filter: (plot, series) => alone(plot.data[series] ?? []),
}

function alone(values: ArrayLike<number | null | undefined>): number[] {
  const isThere = (place: number) => values[place] != null
  return Array.from(values, (_, place) => place).filter(
    (place) => isThere(place) && !isThere(place - 1) && !isThere(place + 1),
  )
}

const DEFINITION: PlotDefinition = {
  data: (buckets) => [
    // In the middle of the bucket.
    buckets.map(({ from, to }) => (from + to) / 2_000),
    buckets.map((bucket) => bucket.duration?.median ?? null),
    buckets.map((bucket) => bucket.duration?.p95 ?? null),
  ],
  series: (colourOf) => [
    { stroke: colourOf('line-median'), width: 2, points: POINTS },
    { stroke: colourOf('line-p95'), width: 2, dash: [6, 4], points: POINTS },
  ],
  valueAxis: { values: (_, seconds) => seconds.map((one) => (one < 10 ? `${one} s` : duration(one))) },
  least: 1,
}

/** How long operations took, by bucket of time. */
export default function DurationPlot(props: PlotProps) {
  return <Plot label="Time from creation to the end" definition={DEFINITION} {...props} />
}
