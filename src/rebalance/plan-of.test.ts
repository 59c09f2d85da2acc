import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimKey } from '../quota/claim.ts'
import { amounts, cohort, tenant } from '../quota/testing.ts'
import type { Plan } from './plan.ts'
import { planOf } from './plan-of.ts'
import { gangOf, NOW_MS, node, ON, pod, podsIn, refusal, type Scene, snapshotOf } from './plans.testing.ts'
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

test('what was in vain once is in vain for those who ask for no less, and not for who asks for less', () => {
  const pods = four((uid, more) => pod(uid, 'greedy', more))
  const asking = (asks: number, at: number) => refusal(`o${at}`, 'modest', { asks: { a: asks } })
  const plan = planOf(snapshotOf({ ...OPEN, pods, refused: [3, 3, 4, 1].map(asking) }))
  assert.deepEqual(podsIn(plan, 'notify'), ['g3'])
  assert.deepEqual(
    plan.unmet.map(({ because }) => because),
    ['fair-already', 'fair-already', 'fair-already'],
  )
})

test('nobody takes back what they gave by asking for another class with it', () => {
  const recent = { createdAtMs: NOW_MS - 400_000, startedAtMs: NOW_MS - 400_000 }
  const [large, small] = [{ a: 3, b: 1 }, { a: 3 }]
  const others = [
    ...Array.from({ length: 9 }, (_, at) => pod(`b${at}`, 'two', { asks: { b: 1 } })),
    pod('a', 'one', { asks: { a: 5 } }),
    pod('c', 'three', { asks: { a: 2 } }),
  ]
  const scene: Scene = {
    cohorts: [cohort('root', { a: { burst: 10 }, b: { burst: 10 } })],
    tenants: ['one', 'two', 'three'].map(name => tenant(name, 'root', { a: {}, b: {} })),
  }
  const given = [...others, pod('large', 'one', { asks: large, ...recent })]
  const taken = [...others, pod('small', 'two', { asks: small, ...recent })]
  const giving = planOf(snapshotOf({ ...scene, pods: given, refused: [refusal('small', 'two', { asks: small })] }))
  assert.deepEqual(podsIn(giving, 'notify'), ['large'])
  const takingBack = planOf(snapshotOf({ ...scene, pods: taken, refused: [refusal('large', 'one', { asks: large })] }))
  assert.deepEqual(takingBack.steps, [])
  assert.deepEqual(
    takingBack.unmet.map(({ because }) => because),
    ['fair-already'],
  )
})

test('a claim lasts from the last deadline of its victims on', () => {
  const pods = four((uid, more) => pod(uid, 'greedy', more))
  const plan = planOf(snapshotOf({ ...OPEN, pods, refused: [refusal('one', 'modest')] }))
  const [hold] = plan.steps
  assert.ok(hold?.kind === 'hold')
  assert.equal(hold.claim.untilMs, NOW_MS + 60_000 + 900_000)
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

/** One of a gang of four has been evicted for somebody who needs one, and whoever did it was stopped; so the need is met already. */
const halfway = (others: Partial<HeldPod> = {}, first: Partial<HeldPod> = {}): Scene => {
  const member = (uid: string, more: Partial<HeldPod>) =>
    guest(uid, { gang: 'guest/g', ...told(OWED, NOW_MS), ...more })
  const rest = ['m1', 'm2', 'm3'].map(uid => member(uid, others))
  return { ...LENT, pods: [member('m0', { isLeaving: true, ...first }), ...rest, waiting('w')] }
}

test('a gang whose eviction stopped halfway goes after the first of it, by the rule of its notice', () => {
  const plan = planOf(snapshotOf(halfway()))
  assert.deepEqual(podsIn(plan, 'evict'), ['m1', 'm2', 'm3'])
  assert.equal(plan.steps.length, 1)
  assert.equal(plan.steps[0]?.rule, 'owner-came-back')
  const fair = planOf(snapshotOf(halfway(told('demand/t/o', NOW_MS), told('demand/t/o', NOW_MS))))
  assert.equal(fair.steps.find(({ kind }) => kind === 'evict')?.rule, 'above-fair-share')
})

test('a gang that lost a member otherwise, or in which the notice is not past for all, stays', () => {
  const early = told(OWED, NOW_MS + 1)
  for (const scene of [
    halfway({}, { notice: null }),
    halfway({}, told('another', NOW_MS)),
    halfway(early, early),
    { ...halfway(), terms: { mode: 'Off' as const } },
  ]) {
    const plan = planOf(snapshotOf(scene))
    assert.deepEqual(podsIn(plan, 'evict'), [])
    assert.deepEqual(podsIn(plan, 'rescind'), ['m1', 'm2', 'm3'])
  }
})

test('what is left of a gang is room for others, and uses up its budget', () => {
  const scene = halfway({ budgets: ['guest/b'] })
  const more = [guest('g0', { budgets: ['guest/b'] }), guest('g1', { createdAtMs: 0 })]
  const pods = [...(scene.pods ?? []), ...more, waiting('v', { asks: { a: 3 } })]
  const disruptionsAllowed = new Map([['guest/b', 3]])
  const tenants = [tenant('owner', 'root', { a: { reserved: 5 } }), tenant('guest', 'root', { a: {} })]
  const plan = planOf(snapshotOf({ ...scene, tenants, pods, more: { disruptionsAllowed } }))
  assert.deepEqual(podsIn(plan, 'evict'), ['m1', 'm2', 'm3'])
  assert.deepEqual(podsIn(plan, 'notify'), ['g1'])
})

test('a gang gives back what it borrows although one of its pods is reserved, and that one stays', () => {
  const member = (uid: string, more = {}) => guest(uid, { gang: 'guest/g', ...more })
  const pods = [member('r', { tier: 'reserved' }), member('m0'), member('m1'), member('m2'), waiting('w')]
  const tenants = [tenant('owner', 'root', { a: { reserved: 3 } }), tenant('guest', 'root', { a: { reserved: 1 } })]
  const plan = planOf(snapshotOf({ ...LENT, tenants, pods }))
  assert.deepEqual(podsIn(plan, 'notify'), ['m0', 'm1', 'm2'])
  assert.deepEqual(plan.unmet, [])
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

test('a cohort that may not give for its margin keeps nobody from being asked who has less', () => {
  const names = ['top', 'low', 'mine']
  const of = (name: string, count: number, more = {}) => {
    return Array.from({ length: count }, (_, at) => pod(`${name}${at}`, `of-${name}`, more))
  }
  const snapshot = snapshotOf({
    cohorts: [cohort('root', { a: { burst: 21 } }), ...names.map(name => cohort(name, { a: {} }, 'root'))],
    tenants: names.map(name => tenant(`of-${name}`, name, { a: {} })),
    pods: [...of('top', 9), ...of('low', 8), ...of('mine', 4)],
    refused: [refusal('one', 'of-mine')],
  })
  const terms = new Map([...snapshot.terms, ['top', { ...ON, marginPerMille: 500 }]])
  assert.deepEqual(podsIn(planOf({ ...snapshot, terms }), 'notify'), ['low0'])
})

test('what one tenant asks for in vain keeps nobody else from being tried', () => {
  const many = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at))
  const hopeless = (uid: string) => ({ ...waiting(uid, { createdAtMs: 0, asks: { a: 1, b: 1 } }), tenant: 'hopeless' })
  const plan = planOf(
    snapshotOf({
      cohorts: [cohort('root', { a: {}, b: {} })],
      tenants: [...LENT.tenants, tenant('hopeless', 'root', { a: { reserved: 200 }, b: { reserved: 200 } })],
      nodes: [node('n', { a: 204 }), node('m', { b: 200 })],
      pods: [...many(204, at => guest(`g${at}`)), ...many(200, at => hopeless(`h${at}`)), waiting('w')],
    }),
  )
  assert.deepEqual(podsIn(plan, 'notify').length, 1)
  assert.deepEqual(
    plan.met.map(({ need }) => need.id),
    [OWED],
  )
  assert.equal(plan.unmet.length, 200, 'and those who are not tried are told of')
  assert.equal(plan.unmet.filter(({ because }) => because === 'not-tried').length, 100)
})

function gangsIn(plan: Plan): readonly string[] {
  return plan.steps.flatMap(step => (step.kind === 'lapse' ? [step.gang] : []))
}
