/**
 * The words that a ledger's text is made of. None holds a blank, a line end, or one of `;` and `|`, which separate them; what is no
 * such word when it is read is damage, and then the whole text is refused.
 */
import { type Amount, amount } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { NO_AMOUNTS } from './holding.ts'
import type { Amounts } from './usage.ts'

/** Thrown while a text is read, and caught by its reader: the message is for whoever can restore the object. */
export class Unreadable extends Error {}

const PLAIN = /^[\w.-]+$/

/** Names as Kubernetes has them stay as they are. Anything else is wrapped. */
export function nameWord(name: string): string {
  return PLAIN.test(name) ? name : `~${Buffer.from(name, 'utf16le').toString('base64url')}`
}

export function nameOf(word: string | undefined): string {
  if (word?.startsWith('~')) return Buffer.from(word.slice(1), 'base64url').toString('utf16le')
  if (word === undefined || !PLAIN.test(word)) throw new Unreadable('a name is damaged')
  return word
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const SHORT = /^=[\w-]{22}$/

/** `=` and 22 characters for a UID as the API server makes them; any other is a name. */
export function uidWord(uid: string): string {
  return UUID.test(uid) ? `=${Buffer.from(uid.replaceAll('-', ''), 'hex').toString('base64url')}` : nameWord(uid)
}

export function uidOf(word: string | undefined): string {
  if (!word?.startsWith('=')) return nameOf(word)
  if (!SHORT.test(word)) throw new Unreadable('a UID is damaged')
  const hex = Buffer.from(word.slice(1), 'base64url').toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function tierWord(tier: Tier): string {
  return String(TIERS.indexOf(tier))
}

export function tierOf(word: string | undefined): Tier {
  const tier = TIERS[countOf(word)]
  if (tier === undefined) throw new Unreadable('a tier is damaged')
  return tier
}

/** Milliseconds since the epoch; `-` for none. */
export function timeWord(timeMs: number | null): string {
  return timeMs === null ? '-' : timeMs.toString(36)
}

export function timeOrNone(word: string | undefined): number | null {
  return word === '-' ? null : timeOf(word)
}

export function timeOf(word: string | undefined): number {
  const time = word !== undefined && /^[0-9a-z]{1,11}$/.test(word) ? Number.parseInt(word, 36) : Number.NaN
  if (!Number.isSafeInteger(time)) throw new Unreadable('a time is damaged')
  return time
}

export function countOf(word: string | undefined): number {
  if (word === undefined || !/^\d{1,15}$/.test(word)) throw new Unreadable('a number is damaged')
  return Number(word)
}

export function bigintOf(word: string | undefined): bigint {
  if (word === undefined || !/^-?\d{1,20}$/.test(word)) throw new Unreadable('a number is damaged')
  return BigInt(word)
}

/** Classes and amounts in turn. */
export function amountWords(amounts: Amounts): readonly string[] {
  const words: string[] = []
  for (const [key, value] of amounts) words.push(nameWord(key), String(value))
  return words
}

export function amountsOf(words: readonly string[]): Amounts {
  if (words.length === 0) return NO_AMOUNTS
  const amounts = new Map<string, Amount>()
  for (let at = 0; at < words.length; at += 2) amounts.set(nameOf(words[at]), amount(bigintOf(words[at + 1])))
  return amounts
}
