/** What every part of the demo plays on. */
import type { Cluster } from '../../admission/cluster.ts'
import type { Service } from '../serve.ts'
import { columns, type Paint, type Terminal } from '../terminal.ts'
import type { WebhookClient } from '../webhook-client.ts'
import type { DemoClock } from './clock.ts'

export interface Stage {
  readonly terminal: Terminal
  readonly paint: Paint
  readonly client: WebhookClient
  readonly cluster: Cluster
  readonly service: Service
  readonly clock: DemoClock
}

export function heading({ terminal, paint }: Stage, title: string, subtitle = ''): void {
  terminal.out(`\n${paint.strong(title)}${subtitle === '' ? '' : `  ${paint.faint(subtitle)}`}`)
}

/** What a line is about stands in a column of its own, and what is said of it beside that, in lines of at most this width. */
const LABEL_WIDTH = 10
const WIDTH = 78
const MARGIN = 2

export function say({ terminal, paint }: Stage, tone: keyof Paint, label: string, ...texts: readonly string[]): void {
  const lines = texts.flatMap(text => wrapped(text, WIDTH - MARGIN - LABEL_WIDTH))
  for (const [index, line] of lines.entries()) {
    const padded = (index === 0 ? label : '').padEnd(LABEL_WIDTH)
    terminal.out(`${' '.repeat(MARGIN)}${index === 0 ? paint[tone](padded) : padded}${line}`)
  }
}

/** Broken between words; a word that is longer than a line has one of its own. What follows is indented as its text is. */
function wrapped(text: string, width: number): readonly string[] {
  const indent = /^ */.exec(text)?.[0] ?? ''
  const lines: string[] = []
  let line = indent
  for (const word of text.trim().split(/ +/)) {
    if (line.length > indent.length && line.length + word.length > width) {
      lines.push(line.trimEnd())
      line = `${indent}  `
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()]
}

/** A table whose head is faint. */
export function table({ terminal, paint }: Stage, rows: readonly (readonly string[])[]): void {
  for (const [index, line] of columns(rows).entries()) terminal.out(`  ${index === 0 ? paint.faint(line) : line}`)
}
