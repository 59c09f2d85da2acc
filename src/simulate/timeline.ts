/** Virtual time: what is to happen, in order. Things of one moment go by their rank, and those of one rank as they were entered. */

export interface Timeline<E> {
  enter(atMs: number, rank: number, event: E): void
  /** Takes the next out; undefined when nothing is left. */
  next(): Moment<E> | undefined
  size(): number
}

interface Moment<E> {
  readonly atMs: number
  readonly event: E
}

interface Entry<E> extends Moment<E> {
  readonly rank: number
  readonly sequence: number
}

/** A binary heap: hundreds of thousands of events come and go, most of them retries. */
export function timeline<E>(): Timeline<E> {
  const heap: Entry<E>[] = []
  let sequence = 0

  function rise(from: number): void {
    const entry = at(from)
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (isBefore(at(parent), entry)) break
      heap[place] = at(parent)
      place = parent
    }
    heap[place] = entry
  }

  function sink(entry: Entry<E>): void {
    let place = 0
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      const least = child + 1 < heap.length && isBefore(at(child + 1), at(child)) ? child + 1 : child
      if (isBefore(entry, at(least))) break
      heap[place] = at(least)
      place = least
    }
    heap[place] = entry
  }

  function at(place: number): Entry<E> {
    const entry = heap[place]
    if (entry === undefined) throw new Error(`the heap has no place ${place}`)
    return entry
  }

  return {
    enter(atMs, rank, event) {
      heap.push({ atMs, rank, sequence, event })
      sequence += 1
      rise(heap.length - 1)
    },
    next() {
      const [first] = heap
      const last = heap.pop()
      if (first !== undefined && last !== undefined && heap.length > 0) sink(last)
      return first
    },
    size: () => heap.length,
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  return a.rank !== b.rank ? a.rank < b.rank : a.sequence < b.sequence
}
