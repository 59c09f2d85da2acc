/**
 * What there will be once everything that was decided so far has happened: who is leaving has left, whose charge moves has moved, and
 * victims are gone. Each need is met in the outlook that those before it leave, so nobody gives back twice for the same room.
 */

import type { Amount } from '../quantity/amount.ts'
import { subtract } from '../quantity/amount.ts'
import { type Claim, claimKey } from '../quota/claim.ts'
import { claims } from '../quota/ledger.ts'
import { emptyMap, insert, type PersistentMap } from '../quota/persistent-map.ts'
import type { Node } from '../quota/tree.ts'
import { used } from '../quota/usage.ts'
import type { Snapshot } from './snapshot.ts'
import type { Unit } from './units.ts'
import { NOTHING_SPENT, type Spent } from './victims/protection.ts'
import type { Gains } from './victims/rooms.ts'
import { type Views, withLess, withMore } from './views.ts'

export interface Outlook extends Views {
  /** Keys of the units that are nobody's to take: victims already, or about to be in a better tier. */
  readonly spoken: Keys
  readonly spent: Spent
  /** What victims leave on nodes, less what is promised there. */
  readonly gains: Gains
  /** Who was promised a node, by what `Task.pods` knows them by. */
  readonly housed: Keys
}

/** A set of which a plan has as many versions as needs: one more key costs the same however many there are. */
export type Keys = PersistentMap<true>

export function withKeys(keys: Keys, more: readonly string[]): Keys {
  return more.reduce((all, key) => insert(all, key, true), keys)
}

export interface Start {
  /**
   * Without claims: they stand on capacity that others still use, and must take from nobody who is within the limits by standing there.
   * Their own turn comes later.
   */
  readonly outlook: Outlook
  readonly claims: readonly Claim[]
  /** By how much those raise what the ledger shows as used. */
  raisedBy(node: Node, key: string): Amount
}

/** Before any need was looked at; these units are charged to the reservations of their tenants. */
export function startOf({ book, pods }: Snapshot, promoted: readonly Unit[]): Start {
  const moving = new Set(promoted.flatMap(unit => unit.pods.map(({ tenant, uid }) => podClaim(tenant, uid))))
  const all = [...claims(book.ledger)]
  const isMoving = ({ tenant, heldFor }: Claim) => moving.has(claimKey(tenant, heldFor))
  const gone = [...pods.filter(({ isLeaving }) => isLeaving), ...all.filter(isMoving), ...promoted]
  const left = gone.reduce<Views>((views, held) => withLess(views, book, held), { total: book.total, firm: book.firm })
  const now = promoted.reduce((views, unit) => withMore(views, book, { ...unit, tier: 'reserved' }), left)

  const standing = all.filter(claim => !isMoving(claim))
  const bare = standing.reduce((views, claim) => withLess(views, book, claim), now)
  const spoken = withKeys(
    emptyMap(),
    promoted.map(({ key }) => key),
  )
  return {
    outlook: { ...bare, spoken, spent: NOTHING_SPENT, gains: new Map(), housed: emptyMap() },
    claims: standing,
    raisedBy: (node, key) => subtract(used(now.total, node, key), used(bare.total, node, key)),
  }
}

function podClaim(tenant: string, uid: string): string {
  return claimKey(tenant, { kind: 'pod', uid })
}

/** With all that is claimed in it. */
export function withClaims(outlook: Outlook, { book }: Snapshot, standing: readonly Claim[]): Outlook {
  return { ...outlook, ...standing.reduce<Views>((views, claim) => withMore(views, book, claim), outlook) }
}
