/**
 * The yardstick: where its policies are ours, Kueue evicts no less than the planner does. What its queues use up to their nominal quota is
 * reserved here, the rest burst. The data is not part of the repository.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Amount, amount, ZERO } from '../quantity/amount.ts'
import { parseQuantity } from '../quantity/quantity.ts'
import { decide } from '../quota/decide.ts'
import type { CohortSpec, TenantSpec } from '../quota/spec.ts'
import { cohort, STAMP, tenant, tenantNamed } from '../quota/testing.ts'
import { quotaAt } from '../quota/tree.ts'
import { type Amounts, available, used } from '../quota/usage.ts'
import { planIssues } from './check/plan-issues.ts'
import { planOf } from './plan-of.ts'
import { NOW_MS, pod, refusal, snapshotOf } from './plans.testing.ts'
import type { HeldPod, Snapshot } from './snapshot.ts'
import { sizeOf } from './units.ts'

const data = new URL('../../../shared/data/kueue-tree/', import.meta.url)
const skip = existsSync(data) ? false : 'no Kueue cases: ../shared/data/kueue-tree is absent'

type Counts = Readonly<Record<string, number>>

interface NodeDoc {
  readonly name: string
  readonly fairWeight: number
  readonly quotas: Readonly<
    Record<string, { nominal: number; borrowingLimit: number | null; lendingLimit: number | null }>
  >
}

interface WorkloadDoc {
  readonly namespace: string
  readonly name: string
  readonly queue: string
  readonly priority: number
  readonly usage: Counts
  readonly quotaReservedAtSec: number | null
  readonly evicted: boolean
}

interface VictimDoc {
  readonly namespace: string
  readonly name: string
  readonly reason: string
}

interface CaseDoc {
  readonly id: string
  readonly tree: {
    readonly cohorts: readonly (NodeDoc & { readonly parent: string | null })[]
    readonly queues: readonly (NodeDoc & {
      readonly cohort: string | null
      readonly preemption: { readonly reclaimWithinCohort: string }
    })[]
  }
  readonly admitted: readonly WorkloadDoc[]
  readonly incoming: Omit<WorkloadDoc, 'evicted'>
  readonly expect: {
    readonly victims?: readonly VictimDoc[]
    readonly fairVictims?: readonly VictimDoc[]
    readonly classicalVictims?: readonly VictimDoc[]
  }
}

interface Compared {
  readonly id: string
  readonly theirs: bigint
  /** null where the planner evicts nobody, and does not meet the need. */
  readonly ours: bigint | null
}

test('where the policies are the same, no more is evicted than Kueue evicts', { skip }, () => {
  const compared = [
    ...casesOf('victims-fair.json').flatMap(one => compare(one, one.expect.victims)),
    ...casesOf('victims-classical.json').flatMap(one => compare(one, one.expect.victims)),
    ...casesOf('random-trees.json').flatMap(one => [
      ...compare(one, one.expect.classicalVictims),
      ...compare(one, one.expect.fairVictims),
    ]),
  ]
  const met = compared.filter(({ ours }) => ours !== null)
  // Of 26, two are not met here: they are fair only by Kueue's second strategy, or taken without asking what is fair.
  assert.deepEqual([compared.length, met.length], [26, 24])
  for (const { id, ours, theirs } of met) assert.ok((ours ?? 0n) <= theirs, `${id}: ${ours}, and Kueue ${theirs}`)
  const inAll = (of: (one: Compared) => bigint | null) => met.reduce((sum, one) => sum + (of(one) ?? 0n), 0n)
  assert.deepEqual([inAll(one => one.ours), inAll(one => one.theirs)], [26_034n, 26_036n])
})

const OURS = ['InCohortReclamation', 'InCohortFairSharing']

function compare(one: CaseDoc, victims: readonly VictimDoc[] | undefined): readonly Compared[] {
  const { tree, admitted, incoming } = one
  const queue = tree.queues.find(({ name }) => name === incoming.queue)
  if (victims === undefined || victims.length === 0 || victims.some(({ reason }) => !OURS.includes(reason))) return []
  if (queue?.preemption.reclaimWithinCohort !== 'Any' || queue.cohort === null) return []
  if (admitted.some(({ evicted }) => evicted)) return []
  const snapshot = snapshotFor(one)
  if (snapshot === undefined) return []
  const plan = planOf(snapshot)
  assert.deepEqual(planIssues(snapshot, plan), [], one.id)
  const names = new Set(victims.map(uidOf))
  // What a queue holds beyond its nominal quota is whole pods here, and may be others than those that Kueue takes.
  if (snapshot.pods.some(({ uid, tier }) => names.has(uid) && tier === 'reserved')) return []
  const theirs = admitted
    .filter(workload => names.has(uidOf(workload)))
    .reduce((sum, { usage }) => sum + weightOfAll(amountsOf(usage)), 0n)
  const taken = new Set(plan.met.flatMap(met => met.victims))
  const ours = snapshot.pods
    .filter(({ uid }) => taken.has(uid))
    .reduce((sum, { amounts }) => sum + weightOfAll(amounts), 0n)
  const isMet = plan.unmet.length === 0
  return [{ id: one.id, theirs, ours: isMet ? ours : null }]
}

function snapshotFor({ tree, admitted, incoming }: CaseDoc): Snapshot | undefined {
  const cohorts = cohortsOf(tree)
  const tenants = tenantsOf(tree)
  const root = rootOf(cohorts, tenants.find(({ name }) => name === incoming.queue)?.cohort ?? '')
  const inTree = tenants.filter(({ cohort: home }) => rootOf(cohorts, home) === root)
  const mine = cohorts.filter(({ name }) => rootOf(cohorts, name) === root)
  const pods = podsOf(inTree, admitted)
  const scene = {
    cohorts: [...mine.filter(({ name }) => name === root), ...mine.filter(({ name }) => name !== root)],
    tenants: inTree,
  }
  const terms = { minimumRunMs: 0, marginPerMille: 0 }
  const before = snapshotOf({ ...scene, pods, terms })
  // Where more is used than there is, Kueue takes back for one workload what is owed to all.
  const { met, unmet } = planOf(before)
  if (met.length + unmet.length > 0) return undefined
  if (!isWithoutGaps(before)) return undefined
  const asked = {
    uid: 'incoming',
    tenant: incoming.queue,
    demand: amountsOf(incoming.usage),
    namespace: incoming.queue,
  }
  const { outcome } = decide(before.book, { ...asked, tier: 'reserved' }, STAMP)
  // Here a pod is in one tier: one that is partly within the reservation corresponds to nothing.
  const leaf = tenantNamed(before.book.quota, incoming.queue).leaves.reserved
  const isPartly = asked.demand.keys().some(key => available(before.book.firm, leaf, key) > ZERO)
  if (outcome.kind !== 'charged' && isPartly) return undefined
  if (outcome.kind !== 'charged')
    return snapshotOf({
      ...scene,
      pods,
      terms,
      refused: [refusal('incoming', incoming.queue, { asks: incoming.usage })],
    })
  const waiting = pod('incoming', incoming.queue, {
    tier: 'reserved',
    node: null,
    startedAtMs: null,
    asks: incoming.usage,
  })
  return snapshotOf({ ...scene, pods: [...pods, waiting], terms })
}

/** A queue may be partly within its quota with one workload, and a pod here not: then what is burst is more than what Kueue sees borrowed. */
function isWithoutGaps({ book: { quota, firm, total } }: Snapshot): boolean {
  return quota.tenants.values().every(({ leaves }) =>
    total.byKey.keys().every(key => {
      return (
        used(total, leaves.burst, key) === ZERO ||
        used(firm, leaves.reserved, key) === quotaAt(leaves.reserved, key).nominal
      )
    }),
  )
}

function cohortsOf({ cohorts, queues }: CaseDoc['tree']): readonly CohortSpec[] {
  const named = new Set(cohorts.map(({ name }) => name))
  const parents = [...cohorts.map(({ parent }) => parent), ...queues.map(({ cohort: home }) => home)]
  const implicit = new Set(parents.filter(name => name !== null && !named.has(name)))
  const keys = keysOf({ cohorts, queues })
  const docs = [
    ...cohorts,
    ...[...implicit].map(name => ({ name: name ?? '', parent: null, fairWeight: 1, quotas: {} })),
  ]
  return docs.map(({ name, parent, fairWeight, quotas }: NodeDoc & { readonly parent: string | null }) => {
    const classes = Object.fromEntries(
      keys.map(key => [
        key,
        {
          burst: quotas[key]?.nominal ?? 0,
          borrowingLimit: quotas[key]?.borrowingLimit ?? null,
          lendingLimit: quotas[key]?.lendingLimit ?? null,
          capacity: 2 ** 50,
        },
      ]),
    )
    return { ...cohort(name, classes, parent), weight: weightOf(fairWeight) }
  })
}

/** Every queue may use what any has: in Kueue a queue without a quota of its own borrows as others do. */
function tenantsOf({ cohorts, queues }: CaseDoc['tree']): readonly TenantSpec[] {
  const keys = keysOf({ cohorts, queues })
  return queues.flatMap(({ name, cohort: home, fairWeight, quotas }) => {
    if (home === null) return []
    const classes = Object.fromEntries(
      keys.map(key => {
        const { nominal, borrowingLimit, lendingLimit } = quotas[key] ?? NO_QUOTA
        return [key, { reserved: nominal, sharedMax: 0, burstLimit: borrowingLimit, lendingLimit }]
      }),
    )
    return [tenant(name, home, classes, { weight: weightOf(fairWeight) })]
  })
}

/** The largest are within the reservation as far as it goes. */
function podsOf(tenants: readonly TenantSpec[], admitted: readonly WorkloadDoc[]): readonly HeldPod[] {
  return tenants.flatMap(({ name, classes }) => {
    const left = new Map<string, Amount>([...classes].map(([key, { reserved }]) => [key, reserved]))
    return admitted
      .filter(({ queue }) => queue === name)
      .toSorted((a, b) => Number(sizeOf(amountsOf(b.usage)) - sizeOf(amountsOf(a.usage))))
      .map(workload => {
        const asked = amountsOf(workload.usage)
        const isReserved = asked.entries().every(([key, count]) => count <= (left.get(key) ?? ZERO))
        for (const [key, count] of isReserved ? asked : []) left.set(key, amount((left.get(key) ?? 0n) - count))
        const startedAtMs = NOW_MS + (workload.quotaReservedAtSec ?? 0) * 1000
        const more = { priority: workload.priority, startedAtMs, createdAtMs: startedAtMs }
        return pod(uidOf(workload), name, { ...more, tier: isReserved ? 'reserved' : 'burst', asks: workload.usage })
      })
  })
}

const NO_QUOTA = { nominal: 0, borrowingLimit: null, lendingLimit: null }

function keysOf({ cohorts, queues }: Pick<CaseDoc['tree'], 'cohorts' | 'queues'>): readonly string[] {
  return [...new Set([...cohorts, ...queues].flatMap(({ quotas }) => Object.keys(quotas)))]
}

function rootOf(cohorts: readonly CohortSpec[], name: string): string {
  const parent = cohorts.find(one => one.name === name)?.parent ?? null
  return parent === null ? name : rootOf(cohorts, parent)
}

function weightOf(weight: number): TenantSpec['weight'] {
  const parsed = parseQuantity(weight)
  return parsed.ok ? parsed.value : assert.fail(`weight ${weight}`)
}

function uidOf({ name }: { readonly name: string }): string {
  return name
}

/** Memory is counted in bytes, beside which nothing else would show. */
function weightOfAll(amounts: Amounts): bigint {
  return sizeOf(new Map([...amounts].filter(([key]) => !key.endsWith('memory'))))
}

function amountsOf(counts: Counts) {
  return new Map(Object.entries(counts).map(([key, count]) => [key, amount(count)]))
}

function casesOf(file: string): readonly CaseDoc[] {
  const { cases }: { readonly cases: readonly CaseDoc[] } = JSON.parse(readFileSync(new URL(file, data), 'utf8'))
  return cases
}
