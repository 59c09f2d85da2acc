/**
 * Soft holds: what this replica has just promised in a mutating webhook and not yet seen charged.
 *
 * When a pod is mutated it has no UID, so nothing can be charged, and yet its tier is chosen there. A burst of creates
 * would all choose the tenant's first tier although it has room for one of them. So a peek remembers what it chose for
 * a few seconds, and later peeks see that much less room. Holds only steer the choice of a tier: charging does not know
 * them, and a peek that fits nowhere because of holds alone is answered as if there were none.
 */
import { type Amount, add, subtract, ZERO } from '../quantity/amount.ts'
import { type Book, viewFor } from './book.ts'
import { type Ask, barsFor, firstFit, tiersFor } from './decide.ts'
import { stateIn, stepsFrom } from './limits.ts'
import { type Tenant, upwards } from './quota-tree.ts'
import type { Tier } from './spec.ts'
import type { Amounts } from './usage.ts'

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
  readonly tier: Tier
  readonly demand: Amounts
  /** The names of the nodes it lies under, from the leaf to the root: they outlive a reload of the quotas. */
  readonly path: readonly string[]
  readonly alike: string
  readonly untilMs: number
}

export function softHolds(lastingMs: number): SoftHolds {
  // In the order in which they were made, which is the order in which they end.
  const holds = new Set<Hold>()
  const firm = heldAmounts()
  const total = heldAmounts()

  function count(hold: Hold, change: (a: Amount, b: Amount) => Amount): void {
    total.count(hold, change)
    if (hold.tier !== 'burst') firm.count(hold, change)
  }

  function drop(hold: Hold): void {
    holds.delete(hold)
    count(hold, subtract)
  }

  /** Exact but for local quota, which a hold may fill unseen by the parent: then it is a little too careful. */
  function fitsBesideHolds(book: Book, tenant: Tenant, tier: Tier, demand: Amounts): boolean {
    const view = viewFor(book, tier)
    const held = tier === 'burst' ? total : firm
    return demand
      .entries()
      .every(([key, amount]) =>
        stepsFrom(book.quota, tenant.leaves[tier], stateIn(view, key)).every(
          step => add(amount, held.at(step.node.name, key)) <= step.room,
        ),
      )
  }

  return {
    peek(book, pod, { nowMs, isDryRun }) {
      for (const hold of holds) {
        if (hold.untilMs > nowMs) break
        drop(hold)
      }
      const tenant = book.quota.tenants.get(pod.tenant)
      if (tenant === undefined || barsFor(tenant, pod.demand).length > 0) return null

      const tier =
        tiersFor(tenant, pod).find(candidate => fitsBesideHolds(book, tenant, candidate, pod.demand)) ??
        firstFit(book, tenant, pod)
      if (tier === undefined) return null
      if (!isDryRun) {
        const path = [...upwards(tenant.leaves[tier])].map(node => node.name)
        const hold = { tier, demand: pod.demand, path, alike: likeness(pod, tier), untilMs: nowMs + lastingMs }
        holds.add(hold)
        count(hold, add)
      }
      return tier
    },

    consume(charged) {
      const alike = likeness(charged, charged.tier)
      const hold = holds.values().find(candidate => candidate.alike === alike)
      if (hold !== undefined) drop(hold)
    },
  }
}

/** Sums of holds by node and class. */
function heldAmounts() {
  const byNode = new Map<string, Map<string, Amount>>()
  return {
    at: (node: string, key: string): Amount => byNode.get(node)?.get(key) ?? ZERO,
    count({ path, demand }: Hold, change: (a: Amount, b: Amount) => Amount): void {
      for (const node of path) {
        const byKey = byNode.get(node) ?? new Map<string, Amount>()
        for (const [key, amount] of demand) byKey.set(key, change(byKey.get(key) ?? ZERO, amount))
        byNode.set(node, byKey)
      }
    },
  }
}

function likeness({ tenant, namespace, demand }: Peek, tier: Tier): string {
  const amounts = [...demand].map(([key, amount]) => [key, String(amount)]).toSorted()
  return JSON.stringify([tenant, namespace, tier, amounts])
}
