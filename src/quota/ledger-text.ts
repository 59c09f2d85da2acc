/**
 * The ledger as one opaque, compact text: what a write costs is field tracking and decoding, so a stored object holds no
 * structure (src/decisions/ledger.md).
 *
 * A line for the base, one that says how many follow, and a line for each gang, each charge and each claim. Between two versions of a ledger most
 * lines are the same, so one that was read or written before is neither made nor read again: what it stands for never changes.
 */
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { TIERS } from '../schema/parts.ts'
import { claimLine, drawWords, readClaim, readDraw } from './claim-line.ts'
import { type Complete, type Gang, gangKeyAt } from './gang.ts'
import { emptyHoldings, type Holding, holdMoreOf, type Part } from './holding.ts'
import { type Base, type Charge, EMPTY_LEDGER, type Ledger, ledgerOf } from './ledger.ts'
import {
  amountsOf,
  amountWords,
  bigintOf,
  countOf,
  nameOf,
  nameWord,
  tierOf,
  tierWord,
  timeOf,
  timeOrNone,
  timeWord,
  Unreadable,
  uidOf,
  uidWord,
} from './ledger-words.ts'
import { emptyMap, entries, insertAll } from './persistent-map.ts'

// The version of this encoding, which stands first. The first one had no claims, and is read as one that has none.
const FORMAT = '2'
const READ: readonly (string | undefined)[] = ['1', FORMAT]

export interface LedgerReader {
  /** The ledger of a text, or what is wrong with it. No text means an empty ledger. */
  read(text: string): Parsed<Ledger>
}

export function ledgerText({ base, charges, gangs, claims }: Ledger): string {
  const lines = [baseLine(base), `${gangs.size} ${charges.size} ${claims.size}`]
  for (const entry of entries(gangs)) lines.push(gangLine(entry))
  for (const [, charge] of entries(charges)) lines.push(chargeLine(charge))
  for (const [, claim] of entries(claims)) lines.push(claimLine(claim))
  return lines.join('\n')
}

/** A reader remembers the lines it has read last. */
export function ledgerReader(): LedgerReader {
  const bases = remembering(readBase)
  const gangs = remembering(readGang)
  const charges = remembering(readCharge)
  const claims = remembering(readClaim)

  function ledgerIn([base = '', counts = '', ...lines]: readonly string[]): Ledger {
    const [gangCount, chargeCount, claimCount = 0] = counts.split(' ').map(countOf)
    if (gangCount === undefined || chargeCount === undefined) throw new Unreadable('lines are missing')
    const charged = gangCount + chargeCount
    if (lines.length !== charged + claimCount) throw new Unreadable('lines are missing')
    return ledgerOf(
      charges(lines.slice(gangCount, charged)),
      gangs(lines.slice(0, gangCount)),
      bases([base])[0],
      claims(lines.slice(charged)),
    )
  }

  return {
    read(text) {
      try {
        return parsed(text === '' ? EMPTY_LEDGER : ledgerIn(text.split('\n')))
      } catch (error) {
        if (error instanceof Unreadable) return failed(unreadable(error.message))
        throw error
      }
    },
  }
}

/** Reads lines; those that were there the last time, by looking them up. */
function remembering<T>(read: (line: string) => T): (lines: readonly string[]) => readonly T[] {
  let known: ReadonlyMap<string, T> = new Map()
  return lines => {
    known = new Map(lines.map(line => [line, known.get(line) ?? read(line)]))
    return [...known.values()]
  }
}

const chargeLines = new WeakMap<Charge, string>()

/**
 * `uid tenant tier expiry writer gang`, then classes and amounts; the gang without its tenant, or `-`. Of one that drew on a claim,
 * after a stroke: `owner until`, and what it drew.
 */
function chargeLine(charge: Charge): string {
  const known = chargeLines.get(charge)
  if (known !== undefined) return known
  const { uid, tenant, tier, expiresAtMs, bookedBy, gang, amounts, drew } = charge
  const bits = gang === null ? '-' : gang.slice(tenant.length + 1)
  const words = [uidWord(uid), nameWord(tenant), tierWord(tier), timeWord(expiresAtMs), nameWord(bookedBy), bits]
  const line = [...words, ...amountWords(amounts), ...(drew === undefined ? [] : drawWords(drew))].join(' ')
  chargeLines.set(charge, line)
  return line
}

function readCharge(line: string): Charge {
  const [uid, ofTenant, tier, expires, writer, bits, ...rest] = line.split(' ')
  const tenant = nameOf(ofTenant)
  const stroke = rest.indexOf('|')
  const amounts = stroke < 0 ? rest : rest.slice(0, stroke)
  const charge: Charge = {
    uid: uidOf(uid),
    tenant,
    tier: tierOf(tier),
    amounts: amountsOf(amounts),
    gang: bits === '-' ? null : gangKeyAt(tenant, nameOf(bits)),
    expiresAtMs: timeOf(expires),
    bookedBy: nameOf(writer),
    ...(stroke < 0 ? {} : { drew: readDraw(rest.slice(stroke + 1)) }),
  }
  chargeLines.set(charge, line)
  return charge
}

const gangLines = new WeakMap<Gang, string>()

/** `gang tenant tier size arrived open counted held-until`, then what the whole asks for, a stroke, and what has come. */
function gangLine([key, gang]: readonly [key: string, Gang]): string {
  const known = gangLines.get(gang)
  if (known !== undefined) return known
  const { tenant, tier, size, whole, arrived, came, open, isCounted, heldUntilMs } = gang
  const words = [key.slice(tenant.length + 1), nameWord(tenant), tierWord(tier), size, arrived, open]
  const state = [isCounted ? '1' : '0', timeWord(heldUntilMs)]
  const line = [...words, ...state, ...amountWords(whole), '|', ...amountWords(came)].join(' ')
  gangLines.set(gang, line)
  return line
}

function readGang(line: string): readonly [key: string, Gang] {
  const [bits, tenant, tier, size, arrived, open, counted, held, ...amounts] = line.split(' ')
  const stroke = amounts.indexOf('|')
  if (stroke < 0) throw new Unreadable('a gang is cut')
  const gang: Gang = {
    tenant: nameOf(tenant),
    tier: tierOf(tier),
    size: countOf(size),
    arrived: countOf(arrived),
    open: countOf(open),
    isCounted: counted === '1',
    heldUntilMs: timeOrNone(held),
    whole: amountsOf(amounts.slice(0, stroke)),
    came: amountsOf(amounts.slice(stroke + 1)),
  }
  gangLines.set(gang, line)
  return [gangKeyAt(gang.tenant, nameOf(bits)), gang]
}

const baseLines = new WeakMap<Base, string>()

/**
 * `format position tenants`; after a `;` each, the tenants with what they hold tier by tier, strokes between; then the complete gangs:
 * `tenant gang tier size`.
 */
function baseLine(base: Base): string {
  const known = baseLines.get(base)
  if (known !== undefined) return known
  const tenants = [...entries(base.held)].map(([tenant, holding]) => `${nameWord(tenant)} ${holdingWords(holding)}`)
  const complete = [...entries(base.complete)].map(([key, gang]) => completeWords(key, gang))
  const line = [`${FORMAT} ${base.position} ${tenants.length}`, ...tenants, ...complete].join(';')
  baseLines.set(base, line)
  return line
}

function holdingWords(holding: Holding): string {
  return TIERS.map(tier => amountWords(holding[tier]).join(' ')).join('|')
}

function readBase(line: string): Base {
  const [head = '', ...rest] = line.split(';')
  const [format, position, count] = head.split(' ')
  if (!READ.includes(format))
    throw new Unreadable(`its format is later than ${FORMAT}, the last one that this version knows`)
  const tenants = rest.slice(0, countOf(count))
  const base = {
    position: bigintOf(position),
    held: holdMoreOf(emptyHoldings(), tenants.flatMap(readHolding)),
    complete: insertAll(emptyMap<Complete>(), rest.slice(tenants.length).map(readComplete)),
  }
  if (format === FORMAT) baseLines.set(base, line)
  return base
}

/** The tenant of a key ends at its last slash: the bits of a gang hold none. */
function completeWords(key: string, { tier, size }: Complete): string {
  const slash = key.lastIndexOf('/')
  return `${nameWord(key.slice(0, slash))} ${key.slice(slash + 1)} ${tierWord(tier)} ${size}`
}

function readComplete(text: string): readonly [key: string, Complete] {
  const [tenant, bits, tier, size] = text.split(' ')
  return [gangKeyAt(nameOf(tenant), nameOf(bits)), { tier: tierOf(tier), size: countOf(size) }]
}

function readHolding(text: string): readonly Part[] {
  const [name = ''] = text.split(' ', 1)
  const byTier = text.slice(name.length + 1).split('|')
  if (byTier.length !== TIERS.length) throw new Unreadable('a tenant does not have three tiers')
  const tenant = nameOf(name)
  return TIERS.map((tier, index) => {
    const words = byTier[index] ?? ''
    return { tenant, tier, amounts: amountsOf(words === '' ? [] : words.split(' ')) }
  })
}

function unreadable(problem: string): Issue {
  return {
    at: 'QuotaLedger spec.charges',
    problem: `cannot be read: ${problem}`,
    remedy: 'restore it, or delete the object: it is then counted anew from the pods that are there',
  }
}
