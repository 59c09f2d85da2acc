import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimKey } from '../quota/claim.ts'
import { amounts, cohort, tenant } from '../quota/testing.ts'
import type { Plan } from './plan.ts'
import { planOf } from './plan-of.ts'
import { gangOf, NOW_MS, node, pod, podsIn, refusal, type Scene, snapshotOf } from './plans.testing.ts'
import type { HeldPod, Notice } from './snapshot.ts'

/** Four `a` are reserved for the owner, who lends what is idle; the guest has nothing of its own. */
const LENT: Scene = {
  cohorts: [cohort('root', { a: {} })],
  tenants: [tenant('owner', 'root', { a: { reserved: 4 } }), tenant('guest', 'root', { a: {} })],
}

/** Four `a` for whoever wants them. */
const OPEN: Scene = {
  cohorts: [cohort('root', { a: { burst: 4 } })],
  tenants: [tenant('greedy', 'root', { a: {} }), tenant('modest', 'root', { a: {} })],
}

const guest = (uid: string, more = {}) => pod(uid, 'guest', more)
const waiting = (uid: string, more = {}) => {
  return pod(uid, 'owner', { tier: 'reserved', node: null, startedAtMs: null, ...more })
}
const four = (make: (uid: string, more?: Partial<HeldPod>) => HeldPod) => {
  return [0, 1, 2, 3].map(at => make(`g${at}`, { createdAtMs: at }))
}
const told = (need: string, deadlineMs: number): { readonly notice: Notice } => ({ notice: { need, deadlineMs } })
const OWED = 'entitled/cohort:root/a/w'

test('what is owed is given back by who borrows it, as much as is needed', () => {
  const plan = planOf(snapshotOf({ ...LENT, pods: [...four(guest), waiting('w')] }))
  assert.deepEqual(podsIn(plan, 'notify'), ['g3'])
  const [step] = plan.steps
  assert.equal(step?.rule, 'owner-came-back')
  assert.equal(step?.kind === 'notify' && step.deadlineMs, NOW_MS + 60_000)
})

test('a victim that was told is evicted once its deadline has passed, and not before', () => {
  const planWith = (deadlineMs: number) => {
    const pods = four(guest).map(one => (one.uid === 'g1' ? { ...one, ...told(OWED, deadlineMs) } : one))
    return planOf(snapshotOf({ ...LENT, pods: [...pods, waiting('w')] }))
  }
  assert.deepEqual(planWith(NOW_MS + 1).steps, [])
  assert.deepEqual(podsIn(planWith(NOW_MS), 'evict'), ['g1'])
  assert.equal(planWith(NOW_MS).steps.length, 1)
})

test('a notice is taken back when nobody needs the pod any more', () => {
  const plan = planOf(snapshotOf({ ...LENT, pods: [guest('g0', told(OWED, NOW_MS)), waiting('w')] }))
  assert.deepEqual(podsIn(plan, 'rescind'), ['g0'])
  assert.equal(plan.steps.length, 1)
})

test('what is being given back already counts, and is not taken twice', () => {
  const pods = four(guest).map(one => ({ ...one, isLeaving: one.uid === 'g2' }))
  assert.deepEqual(planOf(snapshotOf({ ...LENT, pods: [...pods, waiting('w')] })).steps, [])
})

test('a cut quota is given back by burst, then by shared, and by nobody who has a reservation', () => {
  const cut: Scene = {
    cohorts: [cohort('root', { a: { shared: 1 } })],
    tenants: [tenant('guest', 'root', { a: { reserved: 1 } })],
    pods: [
      guest('burst'),
      guest('shared', { tier: 'shared' }),
      guest('other', { tier: 'shared', createdAtMs: 0 }),
      guest('reserved', { tier: 'reserved' }),
    ],
  }
  const plan = planOf(snapshotOf(cut))
  assert.deepEqual(podsIn(plan, 'notify').toSorted(), ['burst', 'shared'])
  assert.ok(plan.steps.every(({ rule }) => rule === 'over-its-limit'))
})

/** Of ten that one tenant reserved and uses, eight were cut; another lends its six. */
const CUT: Scene = {
  cohorts: [cohort('root', { a: {} })],
  tenants: [
    tenant('cut', 'root', { a: { reserved: 2 } }),
    tenant('owner', 'root', { a: { reserved: 6 } }),
    tenant('guest', 'root', { a: {} }),
  ],
}
const ofCut = Array.from({ length: 10 }, (_, at) => pod(`r${at}`, 'cut', { tier: 'reserved' }))

test('a reservation that was cut below its use keeps burst from nobody who is within theirs', () => {
  const plan = planOf(snapshotOf({ ...CUT, pods: [...ofCut, ...four(guest), waiting('w'), waiting('x')] }))
  assert.deepEqual(podsIn(plan, 'notify').toSorted(), ['g0', 'g1', 'g2', 'g3'])
  assert.deepEqual(
    plan.met.map(({ need, victims }) => [need.kind, victims.length]),
    [
      ['entitled', 1],
      ['entitled', 1],
      ['excess', 2],
    ],
  )
})

test('what is reserved above a cut quota is asked of nobody, and told once burst is gone', () => {
  assert.deepEqual(podsIn(planOf(snapshotOf({ ...CUT, pods: [...ofCut, ...four(guest)] })), 'notify').length, 4)
  const after = planOf(snapshotOf({ ...CUT, pods: [...ofCut, waiting('w')] }))
  assert.deepEqual(after.steps, [])
  assert.deepEqual(
    after.unmet.map(({ need, because }) => [need.kind, because]),
    [['excess', 'nobody']],
  )
})

test('who waits above a reservation that was cut is owed nothing', () => {
  const more = [0, 1].map(at => pod(`w${at}`, 'cut', { tier: 'reserved', node: null, startedAtMs: null }))
  const plan = planOf(snapshotOf({ ...CUT, pods: [...ofCut, ...more, ...four(guest)] }))
  assert.ok([...plan.met, ...plan.unmet].every(({ need }) => need.kind === 'excess'))
})

test('whoever was refused gets a claim and what makes the shares even, and no more', () => {
  const pods = four((uid, more) => pod(uid, 'greedy', more))
  const refused = ['one', 'two', 'three'].map(owner => refusal(owner, 'modest'))
  const plan = planOf(snapshotOf({ ...OPEN, pods, refused, terms: { marginPerMille: 0 } }))
  assert.deepEqual(podsIn(plan, 'notify'), ['g3', 'g2'])
  assert.deepEqual(
    plan.steps.flatMap(step => (step.kind === 'hold' ? [step.claim.heldFor] : [])),
    [
      { kind: 'owner', owner: 'one' },
      { kind: 'owner', owner: 'three' },
    ],
  )
  assert.deepEqual(
    plan.unmet.map(({ because }) => because),
    ['fair-already'],
  )
})

test('a claim lasts from the last deadline of its victims on', () => {
  const pods = four((uid, more) => pod(uid, 'greedy', more))
  const plan = planOf(snapshotOf({ ...OPEN, pods, refused: [refusal('one', 'modest')] }))
  const [hold] = plan.steps
  assert.ok(hold?.kind === 'hold')
  assert.equal(hold.claim.untilMs, NOW_MS + 60_000 + 300_000)
})

test('a claim is kept by those who were told for it, and nobody is told for a second one', () => {
  const pods = four((uid, more) => pod(uid, 'greedy', more))
  const id = 'demand/modest/one'
  const heldFor = { kind: 'owner', owner: 'one' } as const
  const claim = { tenant: 'modest', tier: 'burst', amounts: amounts({ a: 1 }), heldFor, untilMs: NOW_MS + 1 } as const
  const scene = { ...OPEN, claims: [claim], refused: [refusal('one', 'modest')] }
  const plan = planOf(
    snapshotOf({ ...scene, pods: pods.map(one => (one.uid === 'g0' ? { ...one, ...told(id, NOW_MS) } : one)) }),
  )
  assert.deepEqual(podsIn(plan, 'evict'), ['g0'])
  assert.equal(plan.steps.length, 1)
  const [need] = plan.met.map(met => met.need)
  assert.ok(need?.kind === 'claim')
  assert.equal(need.key, claimKey('modest', heldFor))
})

test('a pod moves to its own reservation before anybody is evicted', () => {
  const pods = [
    pod('old', 'owner'),
    pod('new', 'owner', { createdAtMs: NOW_MS }),
    guest('g0'),
    guest('g1'),
    waiting('w'),
  ]
  const plan = planOf(snapshotOf({ ...LENT, pods }))
  assert.deepEqual(podsIn(plan, 'promote').toSorted(), ['new', 'old'])
  assert.deepEqual(podsIn(plan, 'notify'), ['g0'])
})

test('a gang goes whole, after the room it holds for those who have not come', () => {
  const member = (uid: string) => guest(uid, { gang: 'guest/g', priority: -1 })
  const gangs = [['guest/g', gangOf('guest', { size: 3, each: { a: 1 }, arrived: 2 })]] as const
  const scene = { ...LENT, gangs, pods: [member('m0'), member('m1'), guest('g0', { createdAtMs: 0 })] }
  const planFor = (asks: number) =>
    planOf(snapshotOf({ ...scene, pods: [...scene.pods, waiting('w', { asks: { a: asks } })] }))
  assert.deepEqual(gangsIn(planFor(1)), ['guest/g'])
  assert.deepEqual(podsIn(planFor(1), 'notify'), [])
  assert.deepEqual(podsIn(planFor(3), 'notify'), ['m0', 'm1'])
})

test('a need that no node could host takes from nobody, and a node is cleared for one that fits', () => {
  const pods = ['n0', 'n1', 'n2', 'n3'].map(at => guest(`on-${at}`, { node: at }))
  const onBig = [0, 1].map(at => guest(`big-${at}`, { node: 'n4', createdAtMs: at }))
  const scene: Scene = {
    cohorts: LENT.cohorts,
    tenants: [tenant('owner', 'root', { a: { reserved: 6 } }), tenant('guest', 'root', { a: {} })],
    pods: [...pods, ...onBig, waiting('w', { asks: { a: 2 } })],
  }
  const small = ['n0', 'n1', 'n2', 'n3'].map(name => node(name, { a: 1 }))
  const none = planOf(snapshotOf({ ...scene, nodes: [...small, node('n4', { a: 1 })] }))
  assert.deepEqual(none.steps, [])
  assert.ok(none.unmet.every(({ because }) => because === 'no-node'))
  const one = planOf(snapshotOf({ ...scene, nodes: [...small, node('n4', { a: 2 })] }))
  assert.deepEqual(podsIn(one, 'notify').toSorted(), ['big-0', 'big-1'])
})

function gangsIn(plan: Plan): readonly string[] {
  return plan.steps.flatMap(step => (step.kind === 'lapse' ? [step.gang] : []))
}
