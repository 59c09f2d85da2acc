/** Durations: Go's notation, 64-bit nanoseconds, as in Kubernetes. */
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { CelFailure } from '../failure.ts'
import { fitsInt64 } from '../int64.ts'
import type { FunctionDefinition } from './definition.ts'

const BILLION = 1_000_000_000n
// The longest that makes sense, 2562047h47m16.854775807s, has 24 characters. The bound keeps parsing linear.
const MAX_TEXT_LENGTH = 64

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', BILLION],
  ['m', 60n * BILLION],
  ['h', 3_600n * BILLION],
])

const PART = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y

export const durationFunctions: readonly FunctionDefinition[] = [
  {
    name: 'duration',
    params: ['string'],
    returns: 'google.protobuf.Duration',
    call: (text: string) => parseDuration(text),
    prepare: ([literal]) => {
      if (typeof literal !== 'string') return undefined
      const duration = parseDuration(literal)
      return () => duration
    },
  },
  {
    name: 'duration',
    params: ['google.protobuf.Duration'],
    returns: 'google.protobuf.Duration',
    call: (duration: Duration) => duration,
  },
]

export function nanosOf(duration: Duration): bigint {
  return duration.seconds * BILLION + BigInt(duration.nanos)
}

export function toDuration(nanos: bigint): Duration {
  if (!fitsInt64(nanos)) throw new CelFailure('duration out of range')
  return new Duration(nanos / BILLION, Number(nanos % BILLION))
}

/** Seconds with an `s`, as Kubernetes prints it. */
export function durationText(duration: Duration): string {
  const nanos = nanosOf(duration)
  const magnitude = nanos < 0n ? -nanos : nanos
  const fraction = String(magnitude % BILLION)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${magnitude / BILLION}${fraction === '' ? '' : `.${fraction}`}s`
}

function parseDuration(text: string): Duration {
  if (text.length > MAX_TEXT_LENGTH) throw invalid()
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  const unsigned = text.slice(sign.length)
  if (unsigned === '0') return toDuration(0n)
  let nanos = 0n
  let at = 0
  do {
    PART.lastIndex = at
    const part = PART.exec(unsigned)
    if (part === null) throw invalid()
    nanos += partNanos(part)
    at += part[0].length
  } while (at < unsigned.length)
  return toDuration(sign === '-' ? -nanos : nanos)
}

function partNanos([, whole = '', fraction = '', unit = '']: RegExpExecArray): bigint {
  if (whole === '' && fraction === '') throw invalid()
  const factor = UNITS.get(unit) ?? 0n
  return (BigInt(`0${whole}${fraction}`) * factor) / 10n ** BigInt(fraction.length)
}

function invalid(): CelFailure {
  return new CelFailure('not a duration such as 1h30m')
}
