/** The file that a chart is drawn into: looked at before the runs, which may take long, and written after them. */
import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { shortPath } from '../../config/cluster-folder.ts'
import { failed, type Parsed, parsed } from '../../schema/parsed.ts'
import { chartSvg } from './chart.ts'
import { chartHtml } from './chart-page.ts'
import { chartForm } from './options.ts'
import type { Run } from './simulate.ts'

type Draw = (runs: readonly Run[]) => Parsed<true>

/** How the chart is drawn once the runs are known, or why it could not be. Nothing is written yet. */
export function openChart(file: string | undefined): Parsed<Draw> {
  if (file === undefined) return parsed(() => parsed(true))
  const form = chartForm(file)
  if (!form.ok) return form
  const open = attempt(file, () => mayBeWritten(file))
  if (!open.ok) return open
  return parsed(runs => attempt(file, () => writeFileSync(file, textOf(form.value, runs))))
}

function textOf(form: 'svg' | 'html', runs: readonly Run[]): string {
  const svg = chartSvg(runs)
  return form === 'svg' ? `${svg}\n` : chartHtml(svg)
}

/** Throws where it may not. A file that is there is written over, so its folder may be closed to this user. */
function mayBeWritten(file: string): void {
  const isThere = existsSync(file)
  if (isThere && statSync(file).isDirectory()) throw new Error('is a folder')
  accessSync(isThere ? file : dirname(file), constants.W_OK)
}

function attempt(file: string, write: () => void): Parsed<true> {
  try {
    write()
    return parsed(true)
  } catch (cause) {
    const problem = `cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`
    const remedy = 'give the path of a file that this user may write, in a folder that exists'
    return failed({ at: `--chart: ${shortPath(file)}`, problem, remedy })
  }
}
