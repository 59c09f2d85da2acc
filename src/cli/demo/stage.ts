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

/** What a line is about stands in a column of its own; what does not fit beside it follows below. */
const LABEL_WIDTH = 10

export function say({ terminal, paint }: Stage, tone: keyof Paint, label: string, ...lines: readonly string[]): void {
  for (const [index, line] of lines.entries()) {
    const margin = index === 0 ? paint[tone](label.padEnd(LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH)
    terminal.out(`  ${margin}${line}`)
  }
}

/** A table whose head is faint. */
export function table({ terminal, paint }: Stage, rows: readonly (readonly string[])[]): void {
  for (const [index, line] of columns(rows).entries()) terminal.out(`  ${index === 0 ? paint.faint(line) : line}`)
}
