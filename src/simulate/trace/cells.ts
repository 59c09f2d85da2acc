/** What is read from single cells: a value, or undefined with an issue that says where and why. */
import type { Issue } from '../../schema/parsed.ts'
import type { Cell } from './table.ts'

export function wholeNumber(cell: Cell | undefined, issues: Issue[]): number | undefined {
  if (cell === undefined) return undefined
  // Longer ones are no counts, no amounts and no times, and would not be exact.
  if (/^\d{1,12}$/.test(cell.text)) return Number(cell.text)
  issues.push({
    at: cell.at,
    problem: `${JSON.stringify(cell.text)} is not a whole number`,
    remedy: 'write 0 or more, in digits',
  })
  return undefined
}

/** Seconds, as traces have them, in milliseconds. An empty cell is a moment that never came. */
export function seconds(cell: Cell | undefined, issues: Issue[]): number | null | undefined {
  if (cell === undefined || cell.text === '') return null
  if (/^\d{1,10}(\.\d{1,9})?$/.test(cell.text)) return Math.round(Number(cell.text) * 1000)
  issues.push({
    at: cell.at,
    problem: `${JSON.stringify(cell.text)} is not a time`,
    remedy: 'write seconds since the start of the trace',
  })
  return undefined
}

export function name(cell: Cell | undefined, issues: Issue[]): string | undefined {
  if (cell === undefined) return undefined
  if (cell.text !== '') return cell.text
  issues.push({ at: cell.at, problem: 'is empty', remedy: 'write a name' })
  return undefined
}
