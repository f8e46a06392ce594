import uPlot from 'uplot'
import { STACK } from '../ui/Status'
import { Plot, type PlotDefinition, type PlotProps } from './Plot'
import type { Bucket } from './range'

const DEFINITION: PlotDefinition = {
  data: stacked,
  series: (colourOf) => {
    const bars = uPlot.paths.bars?.({ size: [0.82, 48], align: 1 })
    return [...STACK].reverse().map((status) => ({
      fill: colourOf(`dot ${status}`, 'backgroundColor'),
      width: 0,
      points: { show: false },
      ...(bars && { paths: bars }),
    }))
  },
  valueAxis: { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000] },
  least: 4,
}

/** Operations by bucket of time, stacked by status. */
export default function CountPlot(props: PlotProps) {
  return <Plot label="Operations by time, stacked by status" definition={DEFINITION} {...props} />
}

/** The tops of the stack, the highest first, since what is drawn later covers what came before. */
function stacked(buckets: Bucket[]): uPlot.AlignedData {
  const tops = STACK.map((_, place) =>
    buckets.map(({ counts }) => STACK.slice(0, place + 1).reduce((sum, status) => sum + counts[status], 0)),
  )
  return [buckets.map(({ from }) => from / 1_000), ...tops.reverse()]
}
