import { writeFileSync } from 'node:fs'
import { shortPath, unreadable } from '../../config/cluster-folder.ts'
import { failed, formatIssue, type Parsed, parsed } from '../../schema/parsed.ts'
import type { Figures } from '../../simulate/figures.ts'
import { replay } from '../../simulate/replay.ts'
import type { Rejection } from '../../simulate/turn.ts'
import type { Rebalancer } from '../../simulate/world.ts'
import { complain } from '../cluster.ts'
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts'
import { chartSvg } from './chart.ts'
import { chartHtml } from './chart-page.ts'
import { simulationJson } from './json.ts'
import { chartForm, type SimulateOptions } from './options.ts'
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
  const form = options.chart === undefined ? parsed(undefined) : chartForm(options.chart)
  const scenes = form.ok ? scenesOf(options, rebalancer) : form
  if (!form.ok || !scenes.ok) return badInput(form.ok ? scenes : form, terminal)

  const runs = runsOf(scenes.value, processProgress())
  if (options.chart !== undefined && form.value !== undefined) {
    const svg = chartSvg(runs)
    const written = write(options.chart, form.value === 'svg' ? `${svg}\n` : chartHtml(svg))
    if (!written.ok) return badInput(written, terminal)
  }
  if (options.output === 'json') terminal.out(JSON.stringify(simulationJson(scenes.value, runs), null, 2))
  else terminal.out(simulationText(scenes.value, runs, terminal))
  for (const run of runs) tellRejections(run, terminal)
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

function write(file: string, text: string): Parsed<true> {
  try {
    writeFileSync(file, text)
    return parsed(true)
  } catch (cause) {
    return failed(unreadable(shortPath(file), cause))
  }
}
