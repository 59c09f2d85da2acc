/** A comparison as a person reads it: what was replayed, and a column for each run. */
import { columns, paintFor, type Terminal } from '../terminal.ts'
import type { Scenes } from './scenes.ts'
import type { Run } from './simulate.ts'
import { MEASURES } from './table.ts'

export function simulationText(scenes: Scenes, runs: readonly Run[], terminal: Terminal): string {
  const paint = paintFor(terminal)
  const [head = '', ...rows] = columns([
    ['', ...runs.map(({ name }) => name)],
    ...MEASURES.map(({ name, of }) => [name, ...runs.map(({ figures }) => of(figures))]),
  ])
  return [...headLines(scenes, runs), '', paint.strong(head), ...rows].join('\n')
}

function headLines({ trace, scale, isBuilt }: Scenes, runs: readonly Run[]): readonly string[] {
  const figures = runs[0]?.figures
  if (figures === undefined) return []
  const { window, gpus } = figures
  const hours = ((window.toMs - window.fromMs) / 3_600_000).toFixed(1)
  const cluster = isBuilt ? 'a cluster built from the trace' : 'the cluster folder'
  return [
    `${trace.pods.length} pods with GPUs (${trace.withoutGpus} without were left out), ${gpus} GPUs, ${cluster}`,
    `pods come ${scale.compress} times as dense, ${Math.round(scale.nodeShare * 1000) / 10} % of the nodes are there`,
    `time is measured over the ${hours} h in which the middle nine tenths of the pods come, pods over the whole replay`,
  ]
}
