import { amount, formatGpus, MILLI } from '../quantity/amount.ts'
import { NANOS_PER_UNIT, parseQuantity } from '../quantity/quantity.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonValue } from '../schema/parts.ts'

/** Milli-GPUs as a document has them: `8`, or `"1704m"` where they are no whole number of GPUs. */
export function gpuCount(milliGpus: bigint): number | string {
  return milliGpus % MILLI === 0n ? Number(milliGpus / MILLI) : formatGpus(amount(milliGpus))
}

const WEIGHT_LENGTH = 14

/** Kueue's weight, a quantity (`500m`), as the decimal that it is here (`"0.5"`); undefined where there is none. */
export function weightOf(value: JsonValue | undefined, at: string, issues: Issue[]): string | undefined {
  if (value === undefined) return undefined
  const quantity = parseQuantity(value)
  if (!quantity.ok) issues.push({ at, problem: quantity.problem, remedy: 'write a decimal, such as 2 or "0.5"' })
  if (!quantity.ok) return undefined
  const text = decimal(quantity.value.nanos)
  if (quantity.value.nanos >= 0n && text.length <= WEIGHT_LENGTH) return text
  issues.push({ at, problem: `${JSON.stringify(value)} is no weight`, remedy: 'use 0 or more, with few decimals' })
  return undefined
}

function decimal(nanos: bigint): string {
  const fraction = String(nanos % NANOS_PER_UNIT)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${nanos / NANOS_PER_UNIT}${fraction === '' ? '' : `.${fraction}`}`
}
