/** `'%s needs %d'.format([name, count])`: the verbs of cel-go, which are a subset of Go's. */
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { tick } from '../cost.ts'
import { numberOf } from '../equality.ts'
import { CelFailure } from '../failure.ts'
import { exponentText, scientific } from './conversions.ts'
import type { FunctionDefinition } from './definition.ts'
import { durationText } from './durations.ts'
import { checkBuiltLength } from './text.ts'
import { timestampText } from './timestamps.ts'

const DEFAULT_DECIMALS = 6
const MAX_DECIMALS = 50

export const formatFunctions: readonly FunctionDefinition[] = [
  { name: 'format', receiver: 'string', params: ['list<dyn>'], returns: 'string', call: format },
]

const CLAUSE = /%(?:(%)|(?:\.(\d{1,3}))?([a-zA-Z]))|%|[^%]+/g

function format(template: string, values: readonly unknown[]): string {
  const pieces: string[] = []
  let next = 0
  let length = 0
  for (const [text, percent, decimals, verb] of template.matchAll(CLAUSE)) {
    const piece = percent ?? (verb === undefined ? literalPiece(text) : formatted(verb, decimals, values, next++))
    length += piece.length
    checkBuiltLength(length)
    pieces.push(piece)
  }
  return pieces.join('')
}

function literalPiece(text: string): string {
  if (text === '%') throw new CelFailure('format(): a lone %; write %%')
  return text
}

function formatted(verb: string, decimals: string | undefined, values: readonly unknown[], index: number): string {
  const value = values[index]
  if (index >= values.length) throw new CelFailure(`format(): %${verb} has no argument`)
  const text = textByVerb(verb, value, decimals === undefined ? DEFAULT_DECIMALS : Number(decimals))
  if (text === undefined) throw new CelFailure(`format(): %${verb} does not take this kind of value`)
  return text
}

function textByVerb(verb: string, value: unknown, decimals: number): string | undefined {
  if (decimals > MAX_DECIMALS) throw new CelFailure(`format(): at most ${MAX_DECIMALS} decimals`)
  switch (verb) {
    case 's':
      return textOf(value)
    case 'd':
      return decimalOf(value)
    case 'f':
      return withNumber(value, number => fixed(number, decimals))
    case 'e':
      return withNumber(value, number => exponential(number, decimals))
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : inBase(value, 2)
    case 'o':
      return inBase(value, 8)
    case 'x':
      return hexadecimal(value)
    case 'X':
      return hexadecimal(value)?.toUpperCase()
    default:
      return undefined
  }
}

/** `%s` of any value; lists and maps recursively, a map ordered by the text of its keys. */
function textOf(value: unknown): string | undefined {
  tick(1)
  if (typeof value === 'string') return value
  if (value === null || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Date) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (Array.isArray(value)) return joined('[', value.map(textOf), ']')
  if (value instanceof Map) return mapText(value)
  return decimalOf(value) ?? typeName(value)
}

function mapText(map: ReadonlyMap<unknown, unknown>): string | undefined {
  const entries = [...map].map(([key, value]): [string, string | undefined] => [textOf(key) ?? '', textOf(value)])
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return joined(
    '{',
    entries.map(([key, text]) => (text === undefined ? undefined : `${key}: ${text}`)),
    '}',
  )
}

function joined(open: string, texts: readonly (string | undefined)[], close: string): string | undefined {
  const known = texts.filter(text => text !== undefined)
  checkBuiltLength(known.reduce((length, text) => length + text.length + 2, 2))
  return known.length < texts.length ? undefined : `${open}${known.join(', ')}${close}`
}

/** The name of a type value, which the package prints as `Type<int>`. */
function typeName(value: unknown): string | undefined {
  return /^Type<(.+)>$/.exec(String(value))?.[1]
}

function decimalOf(value: unknown): string | undefined {
  const number = numberOf(value)
  if (number === undefined) return undefined
  return typeof number === 'bigint' ? String(number) : (notFinite(number) ?? plainDecimal(number))
}

function notFinite(number: number): string | undefined {
  return Number.isFinite(number) ? undefined : String(number)
}

/** All digits, without an exponent. */
function plainDecimal(number: number): string {
  const text = String(number)
  if (!text.includes('e')) return text
  if (Number.isInteger(number)) return String(BigInt(number))
  const { mantissa, power } = scientific(Math.abs(number))
  return `${number < 0 ? '-' : ''}0.${'0'.repeat(-power - 1)}${mantissa.replace('.', '')}`
}

function withNumber(value: unknown, print: (number: number) => string): string | undefined {
  const number = numberOf(value)
  return number === undefined ? undefined : (notFinite(Number(number)) ?? print(Number(number)))
}

/** Exact ties go to the even digit, as in Go; toFixed rounds them up. */
function fixed(number: number, decimals: number): string {
  if (Math.abs(number) >= 1e21) return `${BigInt(number)}${decimals === 0 ? '' : `.${'0'.repeat(decimals)}`}`
  const rounded = number.toFixed(decimals)
  const exact = number.toFixed(decimals + MAX_DECIMALS)
  const tail = exact.slice(exact.length - MAX_DECIMALS)
  const kept = exact.slice(0, exact.length - MAX_DECIMALS).replace(/\.$/, '')
  const isTie = /^50*$/.test(tail)
  return isTie && Number(kept.at(-1)) % 2 === 0 ? kept : rounded
}

function exponential(number: number, decimals: number): string {
  const { mantissa, power } = scientific(number, decimals)
  return `${mantissa}e${exponentText(power)}`
}

function inBase(value: unknown, base: number): string | undefined {
  if (typeof value === 'bigint') return value.toString(base)
  return value instanceof UnsignedInt ? value.value.toString(base) : undefined
}

function hexadecimal(value: unknown): string | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex')
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : inBase(value, 16)
}
