/** Plain sums of amounts, class by class, in milli-GPUs. */
import { amount, formatGpus } from '../../../quantity/amount.ts'

export type Sums = ReadonlyMap<string, bigint>

export function totalOf(all: Iterable<Sums>): Sums {
  const total = new Map<string, bigint>()
  for (const amounts of all) {
    for (const [key, value] of amounts) total.set(key, (total.get(key) ?? 0n) + value)
  }
  return total
}

/** What of the one is more than in the other; a class of which it is not is absent. */
export function beyond(a: Sums, b: Sums): Sums {
  const left = [...a].map(([key, value]) => [key, value - (b.get(key) ?? 0n)] as const)
  return new Map(left.filter(([, value]) => value > 0n))
}

export function areSame(a: Sums, b: Sums): boolean {
  return beyond(a, b).size === 0 && beyond(b, a).size === 0
}

/** The classes of which something is meant, in an order that is always the same. */
export function classesOf(amounts: Sums): readonly string[] {
  return [...amounts]
    .filter(([, value]) => value > 0n)
    .map(([key]) => key)
    .toSorted()
}

export function sumsText(amounts: Sums): string {
  const keys = classesOf(amounts)
  return keys.length === 0 ? 'nothing' : keys.map(key => `${gpus(amounts.get(key) ?? 0n)} ${key}`).join(', ')
}

export function gpus(value: bigint): string {
  return formatGpus(amount(value))
}
