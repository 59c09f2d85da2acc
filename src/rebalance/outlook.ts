/**
 * What there will be once everything that was decided so far has happened: who is leaving has left, whose charge moves has moved, and
 * victims are gone. Each need is met in the outlook that those before it leave, so nobody gives back twice for the same room.
 *
 * Claims of owners are not in it until their turn comes: a claim may stand on capacity that others still use, and must take from nobody
 * by standing there.
 */
import type { Book } from '../quota/book.ts'
import { claims } from '../quota/ledger.ts'
import { type Amounts, addUsage, removeUsage, type Usage } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import type { Spent } from './protection.ts'
import type { Gains } from './rooms.ts'
import type { Snapshot } from './snapshot.ts'
import { placeIn, type Unit } from './units.ts'

export interface Outlook {
  /** Everything, burst included. */
  readonly total: Usage
  /** Reserved and shared only. */
  readonly firm: Usage
  /** Keys of the units that are nobody's to take: victims already, or about to be in a better tier. */
  readonly spoken: ReadonlySet<string>
  readonly spent: Spent
  /** What victims leave on nodes, less what is promised there. */
  readonly gains: Gains
}

/** Before anything is decided. */
export function outlookOf({ book, pods }: Snapshot): Outlook {
  const leaving = pods.filter(({ isLeaving }) => isLeaving)
  const { total, firm } = [...claims(book.ledger), ...leaving].reduce<Views>(
    (views, part) => less(views, book, part),
    book,
  )
  const spent = { disruptions: new Map(), evictions: new Map() }
  return { total, firm, spoken: new Set(), spent, gains: new Map() }
}

/** Once a unit is charged to a better tier of its tenant. */
export function promoted(outlook: Outlook, book: Book, unit: Unit, to: Tier): Outlook {
  const { tenant, amounts } = unit
  const views = more(less(outlook, book, unit), book, { tenant, tier: to, amounts })
  return { ...outlook, ...views, spoken: new Set([...outlook.spoken, unit.key]) }
}

/** Once victims are gone, and this is what is used. */
export function victimsGone(outlook: Outlook, units: readonly Unit[], total: Usage): Outlook {
  const ofPools = units.filter(({ tier }) => tier === 'shared')
  return {
    ...outlook,
    total,
    firm: ofPools.reduce((usage, { leaf, amounts }) => removeUsage(usage, leaf, amounts), outlook.firm),
    spoken: new Set([...outlook.spoken, ...units.map(({ key }) => key)]),
  }
}

type Views = Pick<Outlook, 'total' | 'firm'>

interface Part {
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
}

function less(views: Views, book: Book, part: Part): Views {
  return changed(views, book, part, removeUsage)
}

function more(views: Views, book: Book, part: Part): Views {
  return changed(views, book, part, addUsage)
}

function changed({ total, firm }: Views, book: Book, part: Part, change: typeof addUsage): Views {
  const { node, tier } = placeIn(book.quota, part.tenant, part.tier)
  return { total: change(total, node, part.amounts), firm: tier === 'burst' ? firm : change(firm, node, part.amounts) }
}
