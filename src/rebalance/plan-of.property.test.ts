/** Plans for random snapshots. What each may do is held against the checker, which shares no code with the planner. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Claim } from '../quota/claim.ts'
import { planIssues } from './check/plan-issues.ts'
import { someContest } from './contests.testing.ts'
import type { Plan } from './plan.ts'
import { planOf } from './plan-of.ts'
import { NOW_MS, podsIn, type Scene, snapshotOf } from './plans.testing.ts'
import { someScene } from './scenarios.testing.ts'
import type { HeldPod } from './snapshot.ts'

/** Quotas that were cut, and capacity that is lent out and wanted back. */
const someSnapshot = fc.oneof({ weight: 1, arbitrary: someScene }, { weight: 3, arbitrary: someContest })

const NUM_RUNS = Number(process.env.SLUICE_PLAN_RUNS ?? 300)

test('the checker accepts every plan', () => {
  let steps = 0
  fc.assert(
    fc.property(someSnapshot, scene => {
      const snapshot = snapshotOf(scene)
      const plan = planOf(snapshot)
      steps += plan.steps.length
      assert.deepEqual(planIssues(snapshot, plan), [])
    }),
    { numRuns: 2 * NUM_RUNS },
  )
  assert.ok(steps > 0, 'the random snapshots have plans')
})

test('the order in which things are listed makes no difference', () => {
  fc.assert(
    fc.property(someSnapshot, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), (scene, keys) => {
      const { cohorts, tenants, pods = [], refused = [], claims = [], nodes = null } = scene
      const mixed = <T>(items: readonly T[]) => mixedBy(items, keys)
      const other = {
        ...scene,
        cohorts: mixed(cohorts),
        tenants: mixed(tenants),
        pods: mixed(pods),
        refused: mixed(refused),
        claims: mixed(claims),
        nodes: nodes === null ? null : mixed(nodes),
      }
      assert.equal(textOf(planOf(snapshotOf(other))), textOf(planOf(snapshotOf(scene))))
    }),
    { numRuns: NUM_RUNS },
  )
})

test('tenants of other names, in the same order, have the same plan', () => {
  fc.assert(
    fc.property(someSnapshot, scene => {
      const plan = textOf(planOf(snapshotOf(scene)))
      assert.equal(textOf(planOf(snapshotOf(renamed(scene)))), plan.replaceAll(/\bt(\d)\b/g, 'other$1'))
    }),
    { numRuns: NUM_RUNS },
  )
})

// Who is spared at the end of a plan may make another choice possible in the next. That is rare, and comes to an end (settling.test.ts).
test('those who were told are those who are evicted when their time is up, but for a few', () => {
  let [evictions, changes] = [0, 0]
  fc.assert(
    fc.property(someSnapshot, scene => {
      const plan = planOf(snapshotOf(scene))
      const later = snapshotOf(afterNotice(scene, plan))
      const next = planOf(later)
      assert.deepEqual(planIssues(later, next), [])
      // Once the first are promoted, there may be room below a cap to promote others.
      const saved = new Set(podsIn(next, 'promote'))
      const told = podsIn(plan, 'notify').filter(uid => !saved.has(uid))
      const gone = new Set(podsIn(next, 'evict'))
      assert.ok(gone.isSubsetOf(new Set(told)), 'nobody is evicted who was not told')
      evictions += gone.size
      if (gone.size < told.length) changes += 1
    }),
    { numRuns: NUM_RUNS },
  )
  assert.ok(evictions > 20, 'the random snapshots have victims')
  assert.ok(changes * 50 <= NUM_RUNS, `${changes} of ${NUM_RUNS} plans change their mind`)
})

/** Once all steps have been carried out and the deadlines of all notices have passed. */
function afterNotice(scene: Scene, plan: Plan): Scene {
  const [promoted, told] = [new Set(podsIn(plan, 'promote')), new Set(podsIn(plan, 'notify'))]
  const needs = new Map(
    plan.steps.flatMap(step => (step.kind === 'notify' ? step.pods.map(uid => [uid, step.need] as const) : [])),
  )
  const lapsed = new Set(plan.steps.flatMap(step => (step.kind === 'lapse' ? [step.gang] : [])))
  const held: readonly Claim[] = plan.steps.flatMap(step => (step.kind === 'hold' ? [step.claim] : []))
  const after = (pod: HeldPod): HeldPod => ({
    ...pod,
    tier: promoted.has(pod.uid) ? 'reserved' : pod.tier,
    notice: told.has(pod.uid) ? { deadlineMs: NOW_MS, need: needs.get(pod.uid) ?? '' } : null,
  })
  return {
    ...scene,
    pods: scene.pods?.map(after) ?? [],
    gangs: scene.gangs?.map(([key, gang]) => [key, lapsed.has(key) ? { ...gang, heldUntilMs: null } : gang]) ?? [],
    claims: [...(scene.claims ?? []), ...held],
  }
}

function mixedBy<T>(items: readonly T[], keys: readonly number[]): readonly T[] {
  return items
    .map((item, at) => ({ item, key: keys[at % keys.length] ?? 0 }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

function renamed(scene: Scene): Scene {
  const name = (tenant: string) => tenant.replaceAll(/\bt(\d)\b/g, 'other$1')
  const of = <T extends { readonly tenant: string }>(one: T): T => ({ ...one, tenant: name(one.tenant) })
  return {
    ...scene,
    tenants: scene.tenants.map(spec => ({ ...spec, name: name(spec.name), namespaces: spec.namespaces.map(name) })),
    pods: scene.pods?.map(pod => ({ ...of(pod), gang: pod.gang === null ? null : name(pod.gang) })) ?? [],
    refused: scene.refused?.map(demand => ({ ...of(demand), name: name(demand.name) })) ?? [],
    claims: scene.claims?.map(of) ?? [],
    gangs: scene.gangs?.map(([key, gang]) => [name(key), of(gang)]) ?? [],
  }
}

/** A plan as text, in which nodes stand by their names: their places in the tree are no matter. */
function textOf(plan: Plan): string {
  return JSON.stringify(plan, (_key, value) => {
    if (typeof value === 'bigint') return String(value)
    if (value instanceof Map) return [...value].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return isNode(value) ? value.name : value
  })
}

function isNode(value: unknown): value is { readonly name: string } {
  return typeof value === 'object' && value !== null && 'quotas' in value && 'name' in value
}
