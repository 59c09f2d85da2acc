/**
 * The ledger as one opaque, compact text: what a write costs is field tracking and decoding, so a stored object holds no
 * structure (src/decisions/ledger.md).
 *
 * Three lines of JSON: the base, the charges, the gangs. The base changes with a recount only and is by far the largest part, so a
 * reader that knows the line already takes what it made of it before. Names stand once and are referred to by number, times are
 * relative to the earliest, UIDs lose their dashes and a quarter of their length.
 */
import type { Amount } from '../quantity/amount.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Gang, gangKeyAt } from './gang.ts'
import { emptyHoldings, holdMore, NO_AMOUNTS } from './holding.ts'
import { amountOf, bigintOf, countOf, listOf, parsedJson, textOf, Unreadable, unknownName } from './json-parts.ts'
import { type Base, type Charge, type Ledger, ledgerOf } from './ledger.ts'
import { entries } from './persistent-map.ts'
import type { Amounts } from './usage.ts'

// The version of this encoding, which stands first. A reader refuses every other.
const FORMAT = 1

export interface LedgerReader {
  /** The ledger of a text, or what is wrong with it. No text means an empty ledger. */
  read(text: string): Parsed<Ledger>
}

export function ledgerText({ base, charges: booked, gangs }: Ledger): string {
  return [baseLine(base), chargesLine([...entries(booked)]), gangsLine([...entries(gangs)])].join('\n')
}

/** A reader remembers the last base it has read. */
export function ledgerReader(): LedgerReader {
  let known: { readonly line: string; readonly base: Base } | undefined

  function baseOf(line: string): Base {
    if (known?.line !== line) {
      const base = readBase(parsedJson(line))
      baseLines.set(base, line)
      known = { line, base }
    }
    return known.base
  }

  return {
    read(text) {
      try {
        if (text === '') return parsed(ledgerOf([]))
        const [base = '', booked = '', gangs = '', ...rest] = text.split('\n')
        if (rest.length > 0) throw new Unreadable('has more than three lines')
        return parsed(ledgerOf(readCharges(parsedJson(booked)), readGangs(parsedJson(gangs)), baseOf(base)))
      } catch (error) {
        if (error instanceof Unreadable) return failed(unreadable(error.message))
        throw error
      }
    },
  }
}

// Every write has the base of the last recount in it.
const baseLines = new WeakMap<Base, string>()

function baseLine(base: Base): string {
  const known = baseLines.get(base)
  if (known !== undefined) return known
  const rows = [...entries(base.held)].map(([tenant, holding]) => [
    tenant,
    ...TIERS.map(tier => [...holding[tier]].flatMap(([key, value]) => [key, plain(value)])),
  ])
  const line = JSON.stringify([FORMAT, String(base.position), ...rows])
  baseLines.set(base, line)
  return line
}

function readBase(value: unknown): Base {
  const [format, position, ...rows] = listOf(value)
  if (format !== FORMAT) throw new Unreadable(`its format is not ${FORMAT}, the one that this version knows`)
  let held = emptyHoldings()
  for (const row of rows) {
    const [tenant, ...byTier] = listOf(row)
    if (byTier.length !== TIERS.length) throw new Unreadable('a tenant does not have three tiers')
    for (const [index, tier] of TIERS.entries()) {
      held = holdMore(held, { tenant: textOf(tenant), tier, amounts: pairsOf(listOf(byTier[index]), textOf) })
    }
  }
  return { position: bigintOf(position), held }
}

function chargesLine(booked: readonly (readonly [string, Charge])[]): string {
  const names = numbered()
  const earliestMs = booked.reduce(
    (least, [, { expiresAtMs }]) => Math.min(least, expiresAtMs),
    Number.MAX_SAFE_INTEGER,
  )
  const rows = booked.map(([uid, { tenant, tier, amounts, gang, expiresAtMs, bookedBy }]) => [
    shortUid(uid),
    names.of(tenant),
    TIERS.indexOf(tier),
    expiresAtMs - earliestMs,
    names.of(bookedBy),
    gang === null ? -1 : names.of(gang),
    ...pairs(amounts, names.of),
  ])
  return JSON.stringify([names.all, earliestMs, ...rows])
}

function readCharges(value: unknown): readonly Charge[] {
  const [all, earliest, ...rows] = listOf(value)
  const names = listOf(all).map(textOf)
  const nameOf = (index: unknown): string => names[countOf(index)] ?? unknownName(index)
  return rows.map((row): Charge => {
    const [uid, tenant, tier, afterMs, bookedBy, gang, ...held] = listOf(row)
    return {
      uid: longUid(textOf(uid)),
      tenant: nameOf(tenant),
      tier: tierOf(tier),
      amounts: pairsOf(held, nameOf),
      gang: gang === -1 ? null : nameOf(gang),
      expiresAtMs: countOf(earliest) + countOf(afterMs),
      bookedBy: nameOf(bookedBy),
    }
  })
}

function gangsLine(gangs: readonly (readonly [string, Gang])[]): string {
  const names = numbered()
  const rows = gangs.map(([key, { tenant, tier, size, whole, arrived, came, open, isCounted, heldUntilMs }]) => [
    key.slice(tenant.length + 1),
    names.of(tenant),
    TIERS.indexOf(tier),
    size,
    arrived,
    open,
    isCounted ? 1 : 0,
    heldUntilMs ?? -1,
    pairs(whole, names.of),
    pairs(came, names.of),
  ])
  return JSON.stringify([names.all, ...rows])
}

function readGangs(value: unknown): readonly (readonly [string, Gang])[] {
  const [all, ...rows] = listOf(value)
  const names = listOf(all).map(textOf)
  const nameOf = (index: unknown): string => names[countOf(index)] ?? unknownName(index)
  return rows.map((row): [string, Gang] => {
    const [hash, tenant, tier, size, arrived, open, isCounted, heldUntil, whole, came] = listOf(row)
    const gang = {
      tenant: nameOf(tenant),
      tier: tierOf(tier),
      size: countOf(size),
      arrived: countOf(arrived),
      open: countOf(open),
      isCounted: isCounted === 1,
      heldUntilMs: heldUntil === -1 ? null : countOf(heldUntil),
      whole: pairsOf(listOf(whole), nameOf),
      came: pairsOf(listOf(came), nameOf),
    }
    return [gangKeyAt(gang.tenant, textOf(hash)), gang]
  })
}

/** Numbers names in the order in which they are met. */
function numbered() {
  const numbers = new Map<string, number>()
  return {
    of(name: string): number {
      const known = numbers.get(name)
      if (known !== undefined) return known
      numbers.set(name, numbers.size)
      return numbers.size - 1
    },
    get all() {
      return [...numbers.keys()]
    },
  }
}

function pairs(amounts: Amounts, numberOf: (name: string) => number): readonly (number | string)[] {
  const flat: (number | string)[] = []
  // A loop: this runs for every charge of every write, and flattening short lists costs six times as much.
  for (const [key, value] of amounts) flat.push(numberOf(key), plain(value))
  return flat
}

function pairsOf(flat: readonly unknown[], nameOf: (name: unknown) => string): Amounts {
  if (flat.length === 0) return NO_AMOUNTS
  if (flat.length % 2 !== 0) throw new Unreadable('an amount is missing')
  const result = new Map<string, Amount>()
  for (let at = 0; at < flat.length; at += 2) result.set(nameOf(flat[at]), amountOf(flat[at + 1]))
  return result
}

// Only what is unlimited or absurd is no safe integer.
function plain(value: Amount): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const SHORT = /^=[\w-]{22}$/

/** `=` and 22 characters for a UID as the API server makes them. Any other text stays as it is, with a quote before it. */
function shortUid(uid: string): string {
  return UUID.test(uid) ? `=${Buffer.from(uid.replaceAll('-', ''), 'hex').toString('base64url')}` : `'${uid}`
}

function longUid(text: string): string {
  if (text.startsWith("'")) return text.slice(1)
  if (!SHORT.test(text)) throw new Unreadable('a UID is damaged')
  const hex = Buffer.from(text.slice(1), 'base64url').toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function unreadable(problem: string): Issue {
  return {
    at: 'QuotaLedger spec.charges',
    problem: `cannot be read: ${problem}`,
    remedy: 'restore it, or delete the object: it is then counted anew from the pods that are there',
  }
}

function tierOf(value: unknown): Tier {
  return TIERS[countOf(value)] ?? unknownName(value)
}
