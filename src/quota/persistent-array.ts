/**
 * An array of fixed length whose versions share what they have in common.
 *
 * Every decision is made on a value, and a batch that loses its compare-and-swap is simply forgotten; so a change must
 * be cheap and leave the old version whole. Two levels are enough for the sizes here: with rows of 128, one change
 * among 30,000 entries copies 128 + 235 slots, which costs less than a deeper tree does in code and in lookups.
 */
const BITS = 7
const ROW = 1 << BITS
const MASK = ROW - 1

export interface PersistentArray<T> {
  readonly length: number
  readonly rows: readonly (readonly T[])[]
}

export function filled<T>(length: number, value: T): PersistentArray<T> {
  // All rows are one and the same until they are written to.
  const row = Array.from({ length: ROW }, () => value)
  return { length, rows: Array.from({ length: Math.ceil(length / ROW) }, () => row) }
}

/** The array with other values at some places, at once: each row that is written to is copied once. */
export function withAll<T>(array: PersistentArray<T>, values: Iterable<readonly [index: number, value: T]>) {
  const rows = array.rows.slice()
  const own = new Map<number, T[]>()
  for (const [index, value] of values) {
    const at = index >> BITS
    const row = own.get(at) ?? array.rows[at]?.slice()
    if (row === undefined || index >= array.length) throw outside(array, index)
    row[index & MASK] = value
    own.set(at, row)
    rows[at] = row
  }
  return { length: array.length, rows }
}

export function fromArray<T>(values: readonly T[]): PersistentArray<T> {
  const rows = Array.from({ length: Math.ceil(values.length / ROW) }, (_, row) =>
    values.slice(row * ROW, (row + 1) * ROW),
  )
  return { length: values.length, rows }
}

export function get<T>(array: PersistentArray<T>, index: number): T {
  const value = array.rows[index >> BITS]?.[index & MASK]
  if (value === undefined || index >= array.length) throw outside(array, index)
  return value
}

export function set<T>(array: PersistentArray<T>, index: number, value: T): PersistentArray<T> {
  const row = array.rows[index >> BITS]?.slice()
  if (row === undefined || index >= array.length) throw outside(array, index)
  row[index & MASK] = value
  const rows = array.rows.slice()
  rows[index >> BITS] = row
  return { length: array.length, rows }
}

function outside(array: PersistentArray<unknown>, index: number): RangeError {
  return new RangeError(`index ${index} is outside an array of ${array.length}`)
}
