/** Round numbers for an axis from 0 on: at most `most` steps of 1, 2, 2.5 or 5 times a power of ten, the last at or above `max`. */
export function ticks(max: number, most: number): readonly number[] {
  const rough = Math.max(max, Number.EPSILON) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5].find(factor => factor * power >= rough) ?? 10) * power
  const count = Math.max(1, Math.ceil(max / step - 1e-9))
  // Multiplied rather than added up, so that no tick is 0.30000000000000004.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}
