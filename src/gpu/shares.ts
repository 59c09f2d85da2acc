import type { AcceleratorClass, FractionUnit } from './class-table.ts'

/** Milli-GPUs of one whole device: a part never counts for more, whatever it is said to be. */
export const WHOLE_DEVICE = 1000n

/** The part of one device that a pod asks for: a number of `unit`s as an exact decimal, `digits / 10^scale`. */
export interface Part {
  readonly unit: FractionUnit
  readonly digits: bigint
  readonly scale: number
}

/** Milli-GPUs of a part, rounded up: what is handed out is never more than what is charged. */
export function shareOf(part: Part, owner: AcceleratorClass): bigint {
  const divisor = 10n ** BigInt(part.scale)
  switch (part.unit) {
    case 'fraction':
      return roundUp(part.digits * WHOLE_DEVICE, divisor)
    case 'percent':
      return roundUp(part.digits * WHOLE_DEVICE, divisor * 100n)
    case 'mebibytes': {
      // Without its memory a part of the device cannot be told: the whole of it is charged.
      if (owner.memoryMiB === undefined) return WHOLE_DEVICE
      return least(roundUp(part.digits * WHOLE_DEVICE, divisor * owner.memoryMiB), WHOLE_DEVICE)
    }
  }
}

/** A note where the memory of a class is needed and not known. */
export function noteOf(part: Part, owner: AcceleratorClass): string | undefined {
  if (part.unit !== 'mebibytes' || owner.memoryMiB !== undefined) return undefined
  return `the class ${owner.name} does not say its memory; a whole device is counted`
}

export function least(a: bigint, b: bigint): bigint {
  if (a < b) return a
  return b
}

function roundUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
