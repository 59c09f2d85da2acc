import { parseQuantity, wholeUnits } from '../quantity/quantity.ts'
import { isPlaceholder } from './findings.ts'

/** A count of devices as a manifest holds it. */
export type Count =
  | { readonly kind: 'count'; readonly value: bigint }
  | { readonly kind: 'open' }
  | { readonly kind: 'bad'; readonly problem: string; readonly remedy: string }

const REMEDY = 'write a whole number, such as "8"'

/** Reads the quantity of an extended resource: whole and not negative, in any notation Kubernetes knows. */
export function readCount(value: unknown): Count {
  const small = smallCount(value)
  if (small !== undefined) return { kind: 'count', value: small }
  if (isPlaceholder(value)) return { kind: 'open' }
  const quantity = parseQuantity(value)
  if (!quantity.ok) return { kind: 'bad', problem: quantity.problem, remedy: REMEDY }
  const units = wholeUnits(quantity.value)
  if (units === undefined) return { kind: 'bad', problem: `${JSON.stringify(value)} is not whole`, remedy: REMEDY }
  if (units < 0n) return { kind: 'bad', problem: `${JSON.stringify(value)} is negative`, remedy: REMEDY }
  return { kind: 'count', value: units }
}

const SMALL = Array.from({ length: 100 }, (_, count) => BigInt(count))
const DIGIT_0 = 48

/** One or two digits, as nearly every pod writes them: a tenth of the cost of the grammar. */
function smallCount(value: unknown): bigint | undefined {
  if (typeof value === 'number') return SMALL[value]
  if (typeof value !== 'string' || value.length === 0 || value.length > 2) return undefined
  const first = value.charCodeAt(0) - DIGIT_0
  if (first < 0 || first > 9) return undefined
  if (value.length === 1) return SMALL[first]
  const second = value.charCodeAt(1) - DIGIT_0
  return second < 0 || second > 9 ? undefined : SMALL[first * 10 + second]
}
