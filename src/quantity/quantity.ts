/**
 * Kubernetes quantities, exact.
 *
 * Grammar and rounding follow k8s.io/apimachinery/pkg/api/resource: a signed decimal with one optional suffix, binary
 * (Ki…Ei), decimal (n u m k M G T P E) or exponent (e3, E-3); anything finer than a nano is rounded up, away from zero.
 */

/** An exact quantity. `nanos` counts billionths of one unit, the finest step Kubernetes keeps. */
export interface Quantity {
  readonly nanos: bigint
}

export type QuantityResult =
  | { readonly ok: true; readonly value: Quantity }
  | { readonly ok: false; readonly problem: string }

export const NANOS_PER_UNIT = 1_000_000_000n
export const ONE: Quantity = { nanos: NANOS_PER_UNIT }
const NANOS_PER_MILLI = 1_000_000n

// Longer texts are no quantity anyone writes; the cap keeps BigInt work bounded on hostile input.
const MAX_TEXT_LENGTH = 64
// 1e27 nanos is 1e18 units, the order of int64; an exponent beyond it can only be an attack or a mistake.
const MAX_EXPONENT = 30

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(.*)$/s

const BINARY_SUFFIXES: ReadonlyMap<string, bigint> = new Map([
  ['Ki', 1n << 10n],
  ['Mi', 1n << 20n],
  ['Gi', 1n << 30n],
  ['Ti', 1n << 40n],
  ['Pi', 1n << 50n],
  ['Ei', 1n << 60n],
])

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])

/** Reads a quantity as it stands in JSON or YAML: a string, or a number (which the API server accepts as well). */
export function parseQuantity(input: unknown): QuantityResult {
  if (typeof input === 'number') {
    return Number.isFinite(input) ? parseQuantity(String(input)) : problem(`${input} is not a quantity`)
  }
  if (typeof input !== 'string') {
    return problem(`a quantity is a string or a number, not ${input === null ? 'null' : typeof input}`)
  }
  if (input.length > MAX_TEXT_LENGTH) return problem(`a quantity has at most ${MAX_TEXT_LENGTH} characters`)

  const match = NUMBER.exec(input)
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match ?? []
  if (whole === '' && fraction === '') return problem(`${JSON.stringify(input)} is not a quantity`)

  const scale = scaleOf(suffix)
  if (scale === undefined)
    return problem(`${JSON.stringify(input)} is not a quantity: unknown suffix ${JSON.stringify(suffix)}`)

  const digits = BigInt(whole + fraction)
  const exponent = scale.exponent - fraction.length + 9
  const scaled = digits * scale.factor
  const magnitude =
    exponent >= 0 ? scaled * 10n ** BigInt(exponent) : divideRoundingUp(scaled, 10n ** BigInt(-exponent))
  return { ok: true, value: { nanos: sign === '-' ? -magnitude : magnitude } }
}

/** The whole number of units, or undefined when the quantity has a fraction. */
export function wholeUnits(quantity: Quantity): bigint | undefined {
  return quantity.nanos % NANOS_PER_UNIT === 0n ? quantity.nanos / NANOS_PER_UNIT : undefined
}

/** Thousandths of a unit, or undefined when the quantity is finer than that. */
export function wholeMillis(quantity: Quantity): bigint | undefined {
  return quantity.nanos % NANOS_PER_MILLI === 0n ? quantity.nanos / NANOS_PER_MILLI : undefined
}

function scaleOf(suffix: string): { readonly factor: bigint; readonly exponent: number } | undefined {
  const binary = BINARY_SUFFIXES.get(suffix)
  if (binary !== undefined) return { factor: binary, exponent: 0 }
  const decimal = DECIMAL_EXPONENTS.get(suffix)
  if (decimal !== undefined) return { factor: 1n, exponent: decimal }
  const exponent = /^[eE]([+-]?\d{1,4})$/.exec(suffix)?.[1]
  if (exponent === undefined || Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined
  return { factor: 1n, exponent: Number(exponent) }
}

function divideRoundingUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

function problem(text: string): QuantityResult {
  return { ok: false, problem: text }
}
