/** Short ways to write down snapshots and plans. Amounts are plain integers of the class `a`, times are milliseconds after `NOW`. */
import type { Claim } from '../../quota/claim.ts'
import type { Gang } from '../../quota/gang.ts'
import { ledgerOf } from '../../quota/ledger.ts'
import type { CohortSpec, TenantSpec } from '../../quota/spec.ts'
import { amounts, booked, bookOn, present } from '../../quota/testing.ts'
import type { Node } from '../../quota/tree.ts'
import type { Tier } from '../../schema/parts.ts'
import type { Need } from '../need.ts'
import type { MetNeed, Notify, Plan, Step } from '../plan.ts'
import { pod as plainPod } from '../plans.testing.ts'
import type { HeldPod, ReclaimTerms, Snapshot } from '../snapshot.ts'

export const NOW = 1_000_000_000
export const HOUR = 3_600_000

export const TERMS: ReclaimTerms = {
  mode: 'On',
  noticeMs: { burst: 60_000, shared: 300_000 },
  minimumRunMs: 300_000,
  claimMs: 600_000,
  evictionsPerHour: null,
  marginPerMille: 100,
  idleBelow: null,
}

export interface World {
  readonly cohorts: readonly CohortSpec[]
  readonly tenants: readonly TenantSpec[]
  readonly pods: readonly HeldPod[]
  readonly gangs?: readonly (readonly [key: string, Gang])[]
  readonly claims?: readonly Claim[]
  readonly rest?: Partial<Snapshot>
}

/** The tree of the first cohort, with every pod and claim in its ledger. */
export function snapshotOf({ cohorts, tenants, pods, gangs = [], claims = [], rest = {} }: World): Snapshot {
  const charges = pods.map(pod => booked(pod.uid, { tenant: pod.tenant, tier: pod.tier, amounts: pod.amounts }))
  const root = present(cohorts[0], 'cohort').name
  return {
    nowMs: NOW,
    book: bookOn(cohorts, tenants, root, ledgerOf(charges, gangs, undefined, claims)),
    pods,
    refused: [],
    nodes: null,
    disruptionsAllowed: new Map(),
    terms: new Map([[root, TERMS]]),
    evictedLastHour: new Map(),
    ...rest,
  }
}

/** A pod that has run for an hour, on a node of its own. */
export function pod(uid: string, tenant: string, tier: Tier, size: number, more: Partial<HeldPod> = {}): HeldPod {
  const times = { createdAtMs: NOW - HOUR, startedAtMs: NOW - HOUR }
  return { ...plainPod(uid, tenant, { tier, asks: { a: size }, node: `node-of-${uid}`, ...times }), ...more }
}

export function nodeNamed(snapshot: Snapshot, name: string): Node {
  return present(
    snapshot.book.quota.tree.nodes.find(node => node.name === name),
    name,
  )
}

export function planFor(need: Need, victims: readonly string[], steps: readonly Step[]): Plan {
  return { asOfMs: NOW, met: [{ need, victims, isApplied: true }], unmet: [], steps }
}

/** Notice for pods of `borrower`, as its terms have it. */
export function notify(need: string, pods: readonly string[], size: number, more: Partial<Notify> = {}): Notify {
  return {
    kind: 'notify',
    rule: 'owner-came-back',
    need,
    tenant: 'borrower',
    tier: 'burst',
    pods,
    deadlineMs: NOW + TERMS.noticeMs.burst,
    amounts: amounts({ a: size }),
    ...more,
  }
}

/** The plan with its only need met otherwise. */
export function metBy(plan: Plan, change: Partial<MetNeed>): Plan {
  return { ...plan, met: plan.met.map(met => ({ ...met, ...change })) }
}

/** The plan with its only step of a kind changed. */
export function withStep<K extends Step['kind']>(
  plan: Plan,
  kind: K,
  change: Partial<Extract<Step, { kind: K }>>,
): Plan {
  return { ...plan, steps: plan.steps.map(step => (step.kind === kind ? { ...step, ...change } : step)) }
}

/** The snapshot in which a pod is different. */
export function withPod(snapshot: Snapshot, uid: string, change: Partial<HeldPod>): Snapshot {
  return { ...snapshot, pods: snapshot.pods.map(one => (one.uid === uid ? { ...one, ...change } : one)) }
}

export function withTerms(snapshot: Snapshot, change: Partial<ReclaimTerms>): Snapshot {
  return { ...snapshot, terms: new Map([...snapshot.terms].map(([name, terms]) => [name, { ...terms, ...change }])) }
}
