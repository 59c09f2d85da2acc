import { formatIssue, type Parsed } from '../../schema/parsed.ts'
import type { Figures } from '../../simulate/figures.ts'
import { replay } from '../../simulate/replay.ts'
import type { Rejection } from '../../simulate/turn.ts'
import type { Rebalancer } from '../../simulate/world.ts'
import { complain } from '../cluster.ts'
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts'
import { openChart } from './chart-file.ts'
import { simulationJson } from './json.ts'
import type { SimulateOptions } from './options.ts'
import { type Progress, processProgress } from './progress.ts'
import { type Scenes, scenesOf } from './scenes.ts'
import { simulationText } from './text.ts'

/** One replay, by the name under which it is compared. */
export interface Run {
  readonly name: string
  readonly figures: Figures
  readonly rejections: readonly Rejection[]
}

/** `sluice simulate`: replays a trace in virtual time. Exits with 1 if a plan was found to be wrong. */
export function simulate(options: SimulateOptions, rebalancer: Rebalancer | null, terminal: Terminal): ExitCode {
  const chart = openChart(options.chart)
  const scenes = chart.ok ? scenesOf(options, rebalancer) : chart
  if (!chart.ok || !scenes.ok) return badInput(chart.ok ? scenes : chart, terminal)

  const runs = runsOf(scenes.value, processProgress())
  if (options.output === 'json') terminal.out(JSON.stringify(simulationJson(scenes.value, runs), null, 2))
  else terminal.out(simulationText(scenes.value, runs, terminal))
  for (const run of runs) tellRejections(run, terminal)
  // Last, so that a disk that is full by now takes nothing but the chart.
  const drawn = chart.value(runs)
  if (!drawn.ok) return badInput(drawn, terminal)
  return runs.every(({ rejections }) => rejections.length === 0) ? EXIT.yes : EXIT.no
}

function runsOf({ runs }: Scenes, progress: Progress): readonly Run[] {
  return runs.map(({ name, scene }) => {
    const outcome = replay(scene, part => progress.show(name, part))
    progress.clear()
    return { name, ...outcome }
  })
}

// One bug shows in many plans, and nobody reads them all.
const MOST_TOLD = 3

function tellRejections({ name, rejections }: Run, terminal: Terminal): void {
  if (rejections.length === 0) return
  terminal.err(
    `error: ${name}: ${rejections.length} plans were found to be wrong and not carried out; this is a bug of Sluice`,
  )
  for (const { tree, atMs, issues } of rejections.slice(0, MOST_TOLD)) {
    terminal.err(`  cohort ${tree} at ${atMs / 1000} s: ${issues.map(formatIssue).join('; ')}`)
  }
}

function badInput(result: Parsed<unknown>, terminal: Terminal): ExitCode {
  if (!result.ok) complain(result.issues, terminal)
  return EXIT.badInput
}
