import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'

/** What the command line says. */
export interface SimulateOptions {
  readonly pods: string
  readonly nodes: string
  readonly cluster?: string
  /** True: the variants; a folder: a second cluster. */
  readonly compare?: string | true
  readonly compress: string
  readonly nodeShare: string
  readonly chart?: string
  readonly output: 'text' | 'json'
}

export interface Scale {
  /** How many times as dense the pods come. */
  readonly compress: number
  /** The part of the nodes that are there. */
  readonly nodeShare: number
}

export function scaleOf({ compress, nodeShare }: SimulateOptions): Parsed<Scale> {
  const issues: Issue[] = []
  const factor = Number(compress)
  if (!(factor > 0 && factor <= 1_000_000)) {
    issues.push({
      at: '--compress',
      problem: `${JSON.stringify(compress)} is no factor`,
      remedy: 'give a number, such as 100',
    })
  }
  const percent = Number(nodeShare.replace(/%$/, ''))
  if (!(percent > 0 && percent <= 100)) {
    const problem = `${JSON.stringify(nodeShare)} is no part of the nodes`
    issues.push({ at: '--node-share', problem, remedy: 'give a percentage, such as 10%' })
  }
  return issues.length > 0 ? failed(...issues) : parsed({ compress: factor, nodeShare: percent / 100 })
}

/** The form of a chart, by the name of its file. */
export function chartForm(file: string): Parsed<'svg' | 'html'> {
  if (file.endsWith('.svg')) return parsed('svg')
  if (file.endsWith('.html')) return parsed('html')
  const problem = `${JSON.stringify(file)} names no form of chart`
  return failed({ at: '--chart', problem, remedy: 'let the name end with .svg or .html' })
}
