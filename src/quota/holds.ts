/**
 * Soft holds: what this replica has just promised in a mutating webhook and not yet seen charged.
 *
 * When a pod is mutated it has no UID, so nothing can be charged, and yet its tier is chosen there. A burst of creates
 * would all choose the tenant's first tier although it has room for one of them. So a peek remembers what it chose for
 * a few seconds, and later peeks see that much less room. Holds only steer the choice of a tier: charging does not know
 * them, and a peek that fits nowhere because of holds alone is answered as if there were none.
 */
import { type Amount, add, most, subtract, ZERO } from '../quantity/amount.ts'
import type { Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import { isWithinCaps } from './caps.ts'
import { type Ask, barsFor, firstFit, needIn, tiersFor } from './decide.ts'
import { type Fit, judgedClasses } from './fit.ts'
import type { WholeGang } from './gang.ts'
import { type StateOf, stepsFrom, stateIn as storedStateIn, tightest } from './limits.ts'
import { type Tenant, upwards } from './quota-tree.ts'
import type { Node } from './tree.ts'
import type { Amounts, Usage } from './usage.ts'
import { viewFor } from './view.ts'

export interface Peek extends Ask {
  /** Distinguishes pods of several namespaces; with tenant, tier and demand it is all that is known of the pod yet. */
  readonly namespace: string
}

export interface SoftHolds {
  /** The tier the pod would get now, or null if none has room; remembered unless it is a dry run. */
  peek(book: Book, pod: Peek, options: { readonly nowMs: number; readonly isDryRun: boolean }): Tier | null
  /** Forgets the oldest hold like this pod, whose charge has been decided. */
  consume(charged: Peek & { readonly tier: Tier }): void
}

interface Hold {
  readonly alike: string
  readonly tier: Tier
  readonly untilMs: number
  /** What it takes at which node, in the view for reserved and shared and in the one for burst. */
  readonly firm: readonly Share[]
  readonly total: readonly Share[]
}

interface Share {
  /** By name: the node itself may be replaced when the quotas are read again. */
  readonly node: string
  readonly key: string
  readonly amount: Amount
}

export function softHolds(lastingMs: number): SoftHolds {
  // In the order in which they were made, which is the order in which they end.
  const holds = new Set<Hold>()
  // The same by likeness, the oldest first: a charge finds its hold among thousands that other replicas will charge.
  const alike = new Map<string, Set<Hold>>()
  const firm = heldAmounts()
  const total = heldAmounts()

  function fitsBesideHolds(book: Book, tenant: Tenant, tier: Tier, fit: Fit): boolean {
    const view = viewFor(book, tier)
    const held = tier === 'burst' ? total : firm
    const fitsTree = judgedClasses(fit).every(([key, amount]) => {
      const steps = stepsFrom(book.quota, tenant.leaves[tier], held.stateIn(view, key))
      return amount <= tightest(steps).room
    })
    return fitsTree && isWithinCaps(book, tenant, tier, fit)
  }

  function hold(book: Book, leaf: Node, tier: Tier, demand: Amounts, ends: Pick<Hold, 'alike' | 'untilMs'>): void {
    const isFirm = tier !== 'burst'
    const made: Hold = {
      ...ends,
      tier,
      firm: isFirm ? firm.sharesOf(book.firm, leaf, demand) : [],
      total: total.sharesOf(book.total, leaf, demand),
    }
    holds.add(made)
    alike.set(made.alike, (alike.get(made.alike) ?? new Set()).add(made))
    firm.count(made.firm, add)
    total.count(made.total, add)
  }

  function drop(hold: Hold): void {
    holds.delete(hold)
    const others = alike.get(hold.alike)
    others?.delete(hold)
    if (others?.size === 0) alike.delete(hold.alike)
    firm.count(hold.firm, subtract)
    total.count(hold.total, subtract)
  }

  return {
    peek(book, pod, { nowMs, isDryRun }) {
      for (const former of holds) {
        if (former.untilMs > nowMs) break
        drop(former)
      }
      const tenant = book.quota.tenants.get(pod.tenant)
      if (tenant === undefined || barsFor(tenant, pod).length > 0) return null

      // Room for the whole gang is held already, by the first of it that was here.
      const own = pod.gang === undefined ? undefined : firstOf(alike.get(gangLikeness(pod.tenant, pod.gang)))
      if (own !== undefined) return own.tier

      const tier =
        tiersFor(book, tenant, pod).find(each => fitsBesideHolds(book, tenant, each, needIn(book, pod, each))) ??
        firstFit(book, tenant, pod)
      if (tier === undefined) return null
      const ends = { alike: likeness(pod, tier), untilMs: nowMs + lastingMs }
      if (!isDryRun) hold(book, tenant.leaves[tier], tier, needIn(book, pod, tier).amounts, ends)
      return tier
    },

    consume(charged) {
      const former = firstOf(alike.get(likeness(charged, charged.tier)))
      if (former !== undefined) drop(former)
    },
  }
}

/** What holds take in one view, node by node, as if it were used there. */
function heldAmounts() {
  const byNode = new Map<string, Map<string, Amount>>()
  const at = (node: Node, key: string) => byNode.get(node.name)?.get(key) ?? ZERO
  const stateIn = (view: Usage, key: string): StateOf => {
    const stateOf = storedStateIn(view, key)
    return node => {
      const state = stateOf(node)
      return { ...state, used: add(state.used, at(node, key)) }
    }
  }
  return {
    stateIn,
    /** As use does, a hold takes local quota first, and only what goes past it is felt further up. */
    sharesOf: (view: Usage, leaf: Node, demand: Amounts): readonly Share[] =>
      [...demand].flatMap(([key, amount]) => {
        const stateOf = stateIn(view, key)
        const shares: Share[] = []
        let rest = amount
        for (const node of upwards(leaf)) {
          if (rest <= ZERO) break
          shares.push({ node: node.name, key, amount: rest })
          const { local, used } = stateOf(node)
          rest = subtract(rest, most(ZERO, subtract(local, used)))
        }
        return shares
      }),
    count(shares: readonly Share[], change: (a: Amount, b: Amount) => Amount): void {
      for (const { node, key, amount } of shares) {
        const byKey = byNode.get(node) ?? new Map<string, Amount>()
        byNode.set(node, byKey.set(key, change(byKey.get(key) ?? ZERO, amount)))
      }
    },
  }
}

function firstOf<T>(all: ReadonlySet<T> | undefined): T | undefined {
  return all?.values().next().value
}

function gangLikeness(tenant: string, { id }: WholeGang): string {
  return JSON.stringify([tenant, id])
}

function likeness({ tenant, namespace, demand, gang }: Peek, tier: Tier): string {
  if (gang !== undefined) return gangLikeness(tenant, gang)
  const amounts = [...demand].map(([key, amount]) => [key, String(amount)]).toSorted()
  return JSON.stringify([tenant, namespace, tier, amounts])
}
