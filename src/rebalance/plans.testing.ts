/** Short ways to write snapshots down, for the tests of plans. Amounts are plain integers. */
import type { Claim } from '../quota/claim.ts'
import type { Gang } from '../quota/gang.ts'
import { EMPTY_LEDGER, ledgerOf } from '../quota/ledger.ts'
import { recount } from '../quota/recount.ts'
import type { CohortSpec, TenantSpec } from '../quota/spec.ts'
import { amounts, bookOn, viewOf } from '../quota/testing.ts'
import type { Tier } from '../schema/parts.ts'
import type { Plan, Step } from './plan.ts'
import {
  DEFAULT_TERMS,
  type HeldPod,
  type NodeShape,
  type ReclaimTerms,
  type RefusedDemand,
  type Snapshot,
} from './snapshot.ts'

export const NOW_MS = 10_000_000
export const ON: ReclaimTerms = { ...DEFAULT_TERMS, mode: 'On' }

type Numbers = Readonly<Record<string, number>>

/** A pod that has run for an hour on node `n`: one `a` in burst. */
export function pod(
  uid: string,
  tenant: string,
  more: Partial<Omit<HeldPod, 'amounts'>> & { readonly asks?: Numbers } = {},
): HeldPod {
  const { asks = { a: 1 }, ...rest } = more
  return {
    uid,
    namespace: tenant,
    name: uid,
    tenant,
    tier: 'burst',
    amounts: amounts(asks),
    gang: null,
    priority: 0,
    node: 'n',
    createdAtMs: NOW_MS - 3_600_000,
    startedAtMs: NOW_MS - 3_600_000,
    savedAtMs: null,
    utilisation: null,
    budgets: [],
    notice: null,
    isTierNamed: false,
    isLeaving: false,
    ...rest,
  }
}

export function node(name: string, has: Numbers): NodeShape {
  return { name, amounts: amounts(has) }
}

/** A Job of a tenant that was refused a minute ago: one `a` in burst. */
export function refusal(
  owner: string,
  tenant: string,
  more: Partial<Omit<RefusedDemand, 'demand'>> & { readonly asks?: Numbers } = {},
): RefusedDemand {
  const { asks = { a: 1 }, ...rest } = more
  return {
    tenant,
    tier: 'burst',
    demand: amounts(asks),
    gang: undefined,
    owner,
    name: `Job ${tenant}/${owner}`,
    sinceMs: NOW_MS - 120_000,
    lastMs: NOW_MS - 60_000,
    ...rest,
  }
}

export interface Scene {
  readonly cohorts: readonly CohortSpec[]
  readonly tenants: readonly TenantSpec[]
  readonly pods?: readonly HeldPod[]
  readonly claims?: readonly Claim[]
  readonly gangs?: readonly (readonly [key: string, Gang])[]
  readonly refused?: readonly RefusedDemand[]
  readonly nodes?: readonly NodeShape[] | null
  readonly terms?: Partial<ReclaimTerms>
  readonly more?: Partial<Snapshot>
}

/** Every pod is counted, and what the root cohort says of reclaim holds everywhere: On, unless the scene says otherwise. */
export function snapshotOf(scene: Scene): Snapshot {
  const {
    cohorts,
    tenants,
    pods = [],
    claims = [],
    gangs = [],
    refused = [],
    nodes = null,
    terms = {},
    more = {},
  } = scene
  const root = cohorts.find(({ parent }) => parent === null)?.name ?? ''
  const { base } = recount(EMPTY_LEDGER, viewOf({ live: pods }))
  return {
    nowMs: NOW_MS,
    book: bookOn(cohorts, tenants, root, ledgerOf([], gangs, base, claims)),
    pods,
    refused,
    nodes,
    disruptionsAllowed: new Map(),
    terms: new Map([[root, { ...ON, ...terms }]]),
    evictedLastHour: new Map(),
    ...more,
  }
}

/** The UIDs of the pods that a plan does something to, by what it does. */
export function podsIn(plan: Plan, kind: Step['kind']): readonly string[] {
  return plan.steps.flatMap(step => (step.kind === kind && 'pods' in step ? step.pods : []))
}

/** A gang of which some have come and been counted, and whose other members are waited for. */
export function gangOf(
  ofTenant: string,
  { size, each, arrived, tier = 'burst' }: { size: number; each: Numbers; arrived: number; tier?: Tier },
): Gang {
  const times = (count: number) => amounts(Object.fromEntries(Object.entries(each).map(([key, n]) => [key, n * count])))
  return {
    tenant: ofTenant,
    tier,
    size,
    whole: times(size),
    arrived,
    came: times(arrived),
    open: 0,
    isCounted: true,
    heldUntilMs: arrived < size ? NOW_MS + 60_000 : null,
  }
}
