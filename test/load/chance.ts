/** Chance that repeats itself: the same seed draws the same numbers (mulberry32, 32 bits of state). */
export interface Chance {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  /** True once in so many times, on average. */
  oneIn(times: number): boolean
  pick<T>(all: readonly T[]): T
  /** A UID as the API server makes them. */
  uid(): string
}

export function chance(seed: number): Chance {
  let state = seed >>> 0

  function draw(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const between = (least: number, most: number) => least + Math.floor(draw() * (most - least + 1))
  const hex = (digits: number) => Array.from({ length: digits }, () => between(0, 15).toString(16)).join('')
  return {
    between,
    oneIn: times => draw() * times < 1,
    pick(all) {
      const one = all[between(0, all.length - 1)]
      if (one === undefined) throw new Error('there is nothing to pick from')
      return one
    },
    uid: () => [8, 4, 4, 4, 12].map(hex).join('-'),
  }
}
