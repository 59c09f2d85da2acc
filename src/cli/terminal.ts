import { styleText } from 'node:util'

/** Where a command writes, and whether a person is looking. Tests pass their own. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  readonly isColour: boolean
}

export const EXIT = { yes: 0, no: 1, badInput: 2 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Colour on a terminal, plain text in a pipe or where NO_COLOR asks for it (https://no-color.org). */
export function processTerminal(): Terminal {
  return {
    out: text => void process.stdout.write(`${text}\n`),
    err: text => void process.stderr.write(`${text}\n`),
    isColour: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
  }
}

export interface Paint {
  good(text: string): string
  bad(text: string): string
  note(text: string): string
  faint(text: string): string
  strong(text: string): string
}

export function paintFor({ isColour }: Terminal): Paint {
  const paint = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold') => (text: string) =>
    isColour ? styleText(style, text, { validateStream: false }) : text
  return { good: paint('green'), bad: paint('red'), note: paint('yellow'), faint: paint('dim'), strong: paint('bold') }
}

/** Rows as aligned columns; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>((sofar, row) => row.map((cell, i) => Math.max(sofar[i] ?? 0, cell.length)), [])
  return rows.map(row => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '))
}
