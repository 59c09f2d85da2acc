/** The string functions of Kubernetes (cel-go's string library, version 2), except `format`. */
import { MAX_BUILT_LENGTH, tick } from '../cost.ts'
import { CelFailure } from '../failure.ts'
import { type FunctionDefinition, overloads } from './definition.ts'
import { charactersOf, checkBuiltLength, tickSearch } from './text.ts'

// Unicode's White_Space. JavaScript's trim() knows U+FEFF in addition and lacks U+0085.
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

const QUOTED: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
])

export class StringsNamespace {}

export const stringFunctions: readonly FunctionDefinition[] = [
  { name: 'contains', receiver: 'string', params: ['string'], returns: 'bool', call: contains },
  { name: 'charAt', receiver: 'string', params: ['int'], returns: 'string', call: charAt },
  ...overloads('indexOf', 'int', [
    { receiver: 'string', params: ['string'], call: indexOf },
    { receiver: 'string', params: ['string', 'int'], call: indexOf },
  ]),
  ...overloads('lastIndexOf', 'int', [
    { receiver: 'string', params: ['string'], call: lastIndexOf },
    { receiver: 'string', params: ['string', 'int'], call: lastIndexOf },
  ]),
  ...overloads('substring', 'string', [
    { receiver: 'string', params: ['int'], call: substring },
    { receiver: 'string', params: ['int', 'int'], call: substring },
  ]),
  ...overloads('replace', 'string', [
    { receiver: 'string', params: ['string', 'string'], call: replace },
    { receiver: 'string', params: ['string', 'string', 'int'], call: replace },
  ]),
  ...overloads('split', 'list<string>', [
    { receiver: 'string', params: ['string'], call: split },
    { receiver: 'string', params: ['string', 'int'], call: split },
  ]),
  ...overloads('join', 'string', [
    { receiver: 'list<string>', params: [], call: join },
    { receiver: 'list<string>', params: ['string'], call: join },
  ]),
  {
    name: 'lowerAscii',
    receiver: 'string',
    params: [],
    returns: 'string',
    call: (text: string) => text.replace(/[A-Z]+/g, letters => letters.toLowerCase()),
  },
  {
    name: 'upperAscii',
    receiver: 'string',
    params: [],
    returns: 'string',
    call: (text: string) => text.replace(/[a-z]+/g, letters => letters.toUpperCase()),
  },
  { name: 'trim', receiver: 'string', params: [], returns: 'string', call: trim },
  {
    name: 'quote',
    receiver: 'StringsNamespace',
    params: ['string'],
    returns: 'string',
    call: (_: unknown, text: string) => quote(text),
  },
]

function charAt(text: string, position: bigint): string {
  const characters = charactersOf(text)
  const at = indexIn(characters.length, position)
  return characters.slice(at, Math.min(at + 1, characters.length))
}

function contains(text: string, part: string): boolean {
  tickSearch(text, part)
  return text.includes(part)
}

function indexOf(text: string, part: string, from = 0n): bigint {
  tickSearch(text, part)
  const characters = charactersOf(text)
  return BigInt(characters.indexOf(part, indexIn(characters.length, from)))
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  tickSearch(text, part)
  const characters = charactersOf(text)
  return BigInt(characters.lastIndexOf(part, from === undefined ? characters.length : indexIn(characters.length, from)))
}

function substring(text: string, start: bigint, end?: bigint): string {
  const characters = charactersOf(text)
  const last = end === undefined ? characters.length : indexIn(characters.length, end)
  return characters.slice(indexIn(last, start), last)
}

/** A negative limit, or none, replaces all; an empty `old` stands before every character and at the end. */
function replace(text: string, old: string, by: string, limit = -1n): string {
  const pieces = split(text, old, limit < 0n ? -1n : limit + 1n)
  if (old !== '') return join(pieces, by)
  const characters = [...text]
  const places = limit < 0n ? characters.length + 1 : Math.min(Number(limit), characters.length + 1)
  checkBuiltLength(text.length + places * by.length)
  return (
    characters.map((character, at) => (at < places ? by : '') + character).join('') +
    (places > characters.length ? by : '')
  )
}

/** At most `limit` pieces, the last one with the rest; all of them when the limit is negative. */
function split(text: string, separator: string, limit = -1n): readonly string[] {
  if (limit === 0n) return []
  tickSearch(text, separator)
  // Every piece is an element that stays alive, so splitting costs more than reading.
  tick(text.length >>> 1)
  const pieces = separator === '' ? [...text] : text.split(separator)
  if (limit < 0n || BigInt(pieces.length) <= limit) return pieces
  const kept = Number(limit) - 1
  return [...pieces.slice(0, kept), pieces.slice(kept).join(separator)]
}

function join(list: readonly unknown[], separator = ''): string {
  tick(list.length)
  let length = separator.length * Math.max(list.length - 1, 0)
  for (const element of list) {
    if (typeof element !== 'string') throw new CelFailure('join() takes a list of strings')
    length += element.length
    if (length > MAX_BUILT_LENGTH) break
  }
  checkBuiltLength(length)
  return list.join(separator)
}

function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACE.test(text.charAt(start))) start += 1
  while (start < end && SPACE.test(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** In double quotes, with escapes for what would not survive printing. */
function quote(text: string): string {
  checkBuiltLength(text.length * 2 + 2)
  return `"${Array.from(text.toWellFormed(), character => QUOTED.get(character) ?? character).join('')}"`
}

function indexIn(length: number, index: bigint): number {
  if (index < 0n || index > BigInt(length)) throw new CelFailure('index out of range')
  return Number(index)
}
