/** A binary heap in an array, whose first element comes before all others. */

/** Whether the first of two comes before the second. Must be a total order. */
export type Before<T> = (a: T, b: T) => boolean

export function heaped<T>(items: T[], before: Before<T>): T[] {
  for (let at = (items.length >> 1) - 1; at >= 0; at -= 1) sink(items, at, before)
  return items
}

/** Restores the heap after its first element has changed. */
export function settleTop<T>(heap: T[], before: Before<T>): void {
  sink(heap, 0, before)
}

export function dropTop<T>(heap: T[], before: Before<T>): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  heap[0] = last
  sink(heap, 0, before)
}

function sink<T>(heap: T[], from: number, before: Before<T>): void {
  for (let at = from; ; ) {
    const first = firstOf(heap, at, before)
    const [here, there] = [heap[at], heap[first]]
    if (first === at || here === undefined || there === undefined) return
    heap[at] = there
    heap[first] = here
    at = first
  }
}

/** The place of the one that comes first among a parent and its two children. */
function firstOf<T>(heap: readonly T[], parent: number, before: Before<T>): number {
  return [2 * parent + 1, 2 * parent + 2].reduce((first, child) => {
    const [a, b] = [heap[child], heap[first]]
    return a !== undefined && b !== undefined && before(a, b) ? child : first
  }, parent)
}
