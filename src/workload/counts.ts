import { isPlaceholder, quoted } from '../gpu/findings.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { type Path, placeOf, valueAt } from './json.ts'

/** A number of pods, or what keeps it from being known. */
export interface Count {
  readonly value: number | undefined
  /** Why the number is open. Empty where it is known, and where no manifest could say it (a DaemonSet's nodes). */
  readonly issues: readonly Issue[]
}

// The API keeps counts in 32 bits; products of two of them stay exact below the cap.
const MAX_COUNT = 2 ** 31 - 1
const MAX_ISSUES = 20

export const UNTOLD: Count = { value: undefined, issues: [] }

export function exactly(value: number): Count {
  return { value, issues: [] }
}

/** The count at a path; `absent` where the field is not there, which is the API's default. */
export function countAt(root: JsonObject, path: Path, absent: Count): Count {
  const value = valueAt(root, path)
  if (value === undefined || value === null) return absent
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT) return exactly(value)
  return { value: undefined, issues: [{ at: placeOf(path), ...problemOf(value) }] }
}

function problemOf(value: JsonValue): Omit<Issue, 'at'> {
  if (isPlaceholder(value)) {
    const shown = typeof value === 'string' ? quoted(value) : 'a template expression'
    return { problem: `${shown} is a placeholder, not a number`, remedy: 'render the manifest first' }
  }
  const shown = typeof value === 'string' || typeof value === 'number' ? quoted(String(value)) : `this ${kindOf(value)}`
  return { problem: `${shown} is not a whole number of pods`, remedy: 'write a number such as 2, without quotes' }
}

function kindOf(value: JsonValue): string {
  return Array.isArray(value) ? 'list' : typeof value
}

export function sum(...counts: readonly Count[]): Count {
  return combine(counts, (a, b) => a + b, 0)
}

export function product(...counts: readonly Count[]): Count {
  return combine(counts, (a, b) => a * b, 1)
}

export function least(...counts: readonly Count[]): Count {
  return combine(counts, (a, b) => Math.min(a, b), MAX_COUNT)
}

export function most(...counts: readonly Count[]): Count {
  return combine(counts, (a, b) => Math.max(a, b), 0)
}

/** Never less than none. */
export function minus(whole: Count, part: Count): Count {
  return combine([whole, part], (a, b) => Math.max(0, a - b))
}

/** One fewer: a group without its leader. */
export function lessOne(count: Count): Count {
  return minus(count, exactly(1))
}

/** How often `part` fits into `whole`, at least once: data parallel ranks over ranks per pod. */
export function quotient(whole: Count, part: Count): Count {
  return combine([whole, part], (a, b) => Math.max(1, Math.floor(Math.max(a, 1) / Math.max(b, 1))))
}

/** What of each count lies within a total when they are taken in their order. */
export function within(total: Count, counts: readonly Count[]): readonly Count[] {
  const values = counts.flatMap(count => count.value ?? [])
  if (total.value === undefined || values.length < counts.length) return counts.map(() => UNTOLD)
  return takeInOrder(total.value, values).map(exactly)
}

export function takeInOrder(total: number, values: readonly number[]): readonly number[] {
  let left = total
  return values.map(value => {
    const taken = Math.min(value, left)
    left -= taken
    return taken
  })
}

function combine(counts: readonly Count[], fold: (a: number, b: number) => number, start?: number): Count {
  const issues = counts.flatMap(count => count.issues).slice(0, MAX_ISSUES)
  const values = counts.flatMap(count => count.value ?? [])
  if (values.length < counts.length) return { value: undefined, issues }
  const folded = start === undefined ? values.reduce(fold) : values.reduce(fold, start)
  return { value: Math.min(folded, MAX_COUNT), issues }
}
