/**
 * A world in which plans are carried out: pods are admitted, wait for capacity, run, are told and evicted; and whoever loses a pod asks for
 * it again. Time passes only when it is told to.
 */

import type { Book } from '../quota/book.ts'
import type { Claim } from '../quota/claim.ts'
import { claimKey } from '../quota/claim.ts'
import { decide } from '../quota/decide.ts'
import { NO_AMOUNTS, sum } from '../quota/holding.ts'
import { chargeOf, claims, EMPTY_LEDGER, ledgerOf } from '../quota/ledger.ts'
import { recount } from '../quota/recount.ts'
import { amounts, bookOn, type Scenario, STAMP, viewOf } from '../quota/testing.ts'
import { quotaAt } from '../quota/tree.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import type { Plan, Step } from './plan.ts'
import { NOW_MS, ON, pod } from './plans.testing.ts'
import type { HeldPod, ReclaimTerms, RefusedDemand, Snapshot } from './snapshot.ts'

interface Asking {
  readonly uid: string
  readonly tenant: string
  readonly tier: RefusedDemand['tier']
  readonly asks: Readonly<Record<string, number>>
}

/** One pod taken for another's demand. */
interface Taken {
  readonly victim: string
  readonly claimant: string
  readonly class: string
  readonly tier: Tier
}

export interface World {
  snapshot(): Snapshot
  /** Somebody creates a pod; if it is refused, its owner goes on trying. */
  create(asking: Asking): void
  carryOut(plan: Plan): void
  /** Time passes: who waits finds room, who was refused tries again, claims lapse. */
  pass(ms: number): void
  readonly taken: readonly Taken[]
}

export function worldOf({ cohorts, tenants }: Scenario, terms: Partial<ReclaimTerms> = {}): World {
  let nowMs = NOW_MS
  let pods: readonly HeldPod[] = []
  let standing: readonly Claim[] = []
  const refused = new Map<string, RefusedDemand & { readonly asking: Asking }>()
  const taken: Taken[] = []

  function book(): Book {
    const { base } = recount(EMPTY_LEDGER, viewOf({ live: pods }))
    return bookOn(cohorts, tenants, 'c0', ledgerOf([], [], base, standing))
  }

  function tryFor(asking: Asking, sinceMs: number): void {
    const { uid, tenant, tier } = asking
    const demand = amounts(asking.asks)
    const decided = decide(book(), { uid, tenant, tier, demand, namespace: tenant, owner: uid }, STAMP)
    const charge = chargeOf(decided.book.ledger, uid)
    if (charge === undefined) {
      refused.set(uid, { asking, tenant, tier, demand, gang: undefined, owner: uid, name: uid, sinceMs, lastMs: nowMs })
      return
    }
    refused.delete(uid)
    standing = [...claims(decided.book.ledger)]
    const { asks: _asks, ...fresh } = { ...pod(uid, tenant), asks: 0 }
    pods = [
      ...pods,
      { ...fresh, tier: charge.tier, amounts: charge.amounts, node: null, startedAtMs: null, createdAtMs: nowMs },
    ]
  }

  function schedule(): void {
    const { root } = book().quota.tree
    const inOrder = pods.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.uid < b.uid ? -1 : 1))
    let busy: Amounts = pods.filter(({ node }) => node !== null).reduce((all, one) => sum(all, one.amounts), NO_AMOUNTS)
    const placed = new Set<string>()
    for (const one of inOrder.filter(({ node }) => node === null)) {
      const after = sum(busy, one.amounts)
      if (!one.amounts.keys().every(key => (after.get(key) ?? 0n) <= quotaAt(root, key).subtree)) continue
      busy = after
      placed.add(one.uid)
    }
    pods = pods.map(one => (placed.has(one.uid) ? { ...one, node: 'n', startedAtMs: nowMs } : one))
  }

  function evicted(step: Extract<Step, { kind: 'evict' }>, plan: Plan): void {
    const met = plan.met.find(({ need }) => need.id === step.need)
    const gone = pods.filter(({ uid }) => step.pods.includes(uid))
    pods = pods.filter(({ uid }) => !step.pods.includes(uid))
    const claimant = met?.need.kind === 'claim' ? met.need.claim : null
    for (const { uid, tenant, tier, amounts: held } of gone) {
      for (const key of claimant?.amounts.keys() ?? [])
        taken.push({ victim: tenant, claimant: claimant?.tenant ?? '', class: key, tier })
      const asks = Object.fromEntries([...held].map(([key, amount]) => [key, Number(amount)]))
      tryFor({ uid: `${uid}'`, tenant, tier, asks }, nowMs)
    }
  }

  function carryOut(step: Step, plan: Plan): void {
    const change = (uids: readonly string[], more: Partial<HeldPod>) => {
      pods = pods.map(one => (uids.includes(one.uid) ? { ...one, ...more } : one))
    }
    switch (step.kind) {
      case 'promote':
        change(step.pods, { tier: step.to })
        return
      case 'hold':
        standing = [...standing.filter(other => keyOf(other) !== keyOf(step.claim)), step.claim]
        return
      case 'notify':
        change(step.pods, { notice: { deadlineMs: step.deadlineMs, need: step.need } })
        return
      case 'rescind':
        change(step.pods, { notice: null })
        return
      case 'evict':
        evicted(step, plan)
        return
      case 'lapse':
        throw new Error('nobody here comes in gangs')
    }
  }

  return {
    snapshot: () => ({
      nowMs,
      book: book(),
      pods,
      refused: [...refused.values()].map(({ asking: _asking, ...demand }) => demand),
      nodes: null,
      disruptionsAllowed: new Map(),
      terms: new Map([['c0', { ...ON, minimumRunMs: 0, ...terms }]]),
      evictedLastHour: new Map(),
    }),
    create: asking => tryFor(asking, nowMs),
    carryOut: plan => {
      for (const step of plan.steps) carryOut(step, plan)
    },
    pass(ms) {
      nowMs += ms
      standing = standing.filter(({ untilMs }) => untilMs > nowMs)
      for (const { asking, sinceMs } of [...refused.values()]) tryFor(asking, sinceMs)
      schedule()
    },
    taken,
  }
}

function keyOf({ tenant, heldFor }: Claim): string {
  return claimKey(tenant, heldFor)
}
