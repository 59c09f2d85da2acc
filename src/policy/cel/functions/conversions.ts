/** `int()`, `uint()`, `double()`, `string()`, `bool()`, `bytes()`: every conversion checks its range. */
import { type Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { CelFailure } from '../failure.ts'
import { fitsInt64 } from '../int64.ts'
import type { FunctionDefinition } from './definition.ts'
import { durationText } from './durations.ts'
import { timestampText } from './timestamps.ts'

const TIMESTAMP = 'google.protobuf.Timestamp'
const DURATION = 'google.protobuf.Duration'
const MAX_UINT = 2n ** 64n - 1n
const MAX_NUMBER_LENGTH = 64

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

function conversion(name: string, from: string, call: FunctionDefinition['call']): FunctionDefinition {
  return { name, params: [from], returns: name, call }
}

const same = (value: unknown) => value

export const conversionFunctions: readonly FunctionDefinition[] = [
  conversion('bool', 'bool', same),
  conversion('bool', 'string', (text: string) => {
    if (TRUE.has(text)) return true
    if (FALSE.has(text)) return false
    throw cannotConvert('bool')
  }),
  conversion('int', 'int', same),
  conversion('int', 'uint', (value: UnsignedInt) => asInt(value.value)),
  conversion('int', 'double', (value: number) => {
    // Both ends excluded: as doubles they are 2^63, and -2^63 may be the rounding of something smaller.
    if (!(value > -(2 ** 63) && value < 2 ** 63)) throw cannotConvert('int')
    return BigInt(Math.trunc(value))
  }),
  conversion('int', 'string', (text: string) => asInt(parseInteger(text, 'int'))),
  conversion('int', TIMESTAMP, (timestamp: Date) => BigInt(Math.floor(timestamp.getTime() / 1_000))),
  conversion('uint', 'uint', same),
  conversion('uint', 'int', asUint),
  conversion('uint', 'double', (value: number) => {
    if (!(value >= 0 && value < 2 ** 64)) throw cannotConvert('uint')
    return asUint(BigInt(Math.trunc(value)))
  }),
  conversion('uint', 'string', (text: string) => asUint(parseInteger(text, 'uint'))),
  conversion('double', 'double', same),
  conversion('double', 'int', (value: bigint) => Number(value)),
  conversion('double', 'uint', (value: UnsignedInt) => Number(value.value)),
  conversion('double', 'string', parseDouble),
  conversion('string', 'string', same),
  conversion('string', 'bool', (value: boolean) => String(value)),
  conversion('string', 'int', (value: bigint) => String(value)),
  conversion('string', 'uint', (value: UnsignedInt) => String(value.value)),
  conversion('string', 'double', doubleText),
  conversion('string', 'bytes', bytesText),
  conversion('string', TIMESTAMP, (value: Date) => timestampText(value)),
  conversion('string', DURATION, (value: Duration) => durationText(value)),
  conversion('bytes', 'bytes', same),
  conversion('bytes', 'string', (text: string) => new TextEncoder().encode(text)),
]

/** The shortest text that reads back as the same double, in the notation Kubernetes prints (Go's `%g`). */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const { mantissa, power } = scientific(value)
  return power >= -4 && power < 6 ? String(value) : `${mantissa}e${exponentText(power)}`
}

/** `1.5e+07` taken apart; `decimals` as in toExponential. */
export function scientific(value: number, decimals?: number): { readonly mantissa: string; readonly power: number } {
  const [mantissa = '', power = '0'] = value.toExponential(decimals).split('e')
  return { mantissa, power: Number(power) }
}

/** Go writes an exponent with its sign and at least two digits. */
export function exponentText(power: number): string {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function bytesText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CelFailure('the bytes are not UTF-8')
  }
}

function parseInteger(text: string, type: string): bigint {
  if (text.length > MAX_NUMBER_LENGTH || !/^[+-]?\d+$/.test(text)) throw cannotConvert(type)
  return BigInt(text.replace(/^\+/, ''))
}

function parseDouble(text: string): number {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return Number.NaN
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  const isNumber = text.length <= MAX_NUMBER_LENGTH && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
  const value = isNumber ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw cannotConvert('double')
  return value
}

function asInt(value: bigint): bigint {
  if (!fitsInt64(value)) throw cannotConvert('int')
  return value
}

function asUint(value: bigint): UnsignedInt {
  if (value < 0n || value > MAX_UINT) throw cannotConvert('uint')
  return new UnsignedInt(value)
}

function cannotConvert(type: string): CelFailure {
  return new CelFailure(`cannot convert this value to ${type}`)
}
