/**
 * A table of comma-separated values with a header (RFC 4180, but for line breaks within quotes, which no trace has). Every cell knows
 * its line and column, so that what is wrong with it can be said where it stands.
 */
import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'

export interface Row {
  /** A cell by the name of its column; undefined where the table has no such column. */
  cell(column: string): Cell | undefined
}

export interface Cell {
  readonly text: string
  /** `pods.csv:17:23`. */
  readonly at: string
}

export interface Columns {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

/** Reads a table of which columns are known by name, in any order. Columns that nobody asks for are passed over. */
export function readTable(text: string, file: string, columns: Columns): Parsed<readonly Row[]> {
  const [header, ...lines] = text.split(/\r?\n/)
  const names = cellsOf(header ?? '', 1, file).map(cell => cell.text.trim())
  const missing = columns.required.filter(name => !names.includes(name))
  if (missing.length > 0) return failed(missingColumns(`${file}:1:1`, missing, columns))

  const issues: Issue[] = []
  const rows = lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    const cells = cellsOf(line, index + 2, file)
    if (cells.length !== names.length) issues.push(wrongWidth(`${file}:${index + 2}:1`, cells.length, names.length))
    const byName = new Map(names.map((name, at) => [name, cells[at]]))
    return [{ cell: (column: string) => byName.get(column) }]
  })
  if (rows.length === 0)
    issues.push({ at: file, problem: 'has no rows', remedy: 'give a table with a header and rows' })
  return issues.length === 0 ? parsed(rows) : failed(...issues)
}

const CELL = /\s*(?:"((?:[^"]|"")*)"|([^,"]*))\s*(,|$)/y

function cellsOf(line: string, number: number, file: string): readonly Cell[] {
  const cells: Cell[] = []
  CELL.lastIndex = 0
  while (true) {
    const column = CELL.lastIndex + 1
    const match = CELL.exec(line)
    // A quote that is never closed, or text after one: the rest of the line is this cell, and its reader refuses it.
    if (match === null) return [...cells, { text: line.slice(column - 1), at: `${file}:${number}:${column}` }]
    const [, quoted, plain = '', end] = match
    const text = quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"')
    cells.push({ text, at: `${file}:${number}:${column}` })
    if (end === '') return cells
  }
}

function missingColumns(at: string, missing: readonly string[], { required, optional }: Columns): Issue {
  const others = optional.length === 0 ? '' : `; ${optional.join(',')} are optional`
  return {
    at,
    problem: `the header lacks ${missing.join(', ')}`,
    remedy: `the first line names the columns ${required.join(',')}${others}`,
  }
}

function wrongWidth(at: string, has: number, wants: number): Issue {
  return {
    at,
    problem: `${has} cells where the header has ${wants}`,
    remedy: 'give each row as many cells as the header',
  }
}
