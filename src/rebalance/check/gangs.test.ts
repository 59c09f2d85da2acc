/** Gangs give back whole, or the room they hold for members that have not come. */
import { amount } from '../../quantity/amount.ts'
import type { Gang } from '../../quota/gang.ts'
import { amounts, cohort, tenant } from '../../quota/testing.ts'
import type { ExcessNeed } from '../need.ts'
import type { Lapse, Notify } from '../plan.ts'
import { NOW, nodeNamed, notify, planFor, pod, snapshotOf, TERMS, withPod, withStep } from './scenes.testing.ts'
import { accepts, rejects } from './verdicts.testing.ts'

const gang: Gang = {
  tenant: 'borrower',
  tier: 'burst',
  size: 3,
  whole: amounts({ a: 6 }),
  arrived: 2,
  came: amounts({ a: 4 }),
  open: 2,
  isCounted: false,
  heldUntilMs: NOW + 1000,
}

const WORLD = {
  cohorts: [cohort('c', { a: { burst: 6 } })],
  tenants: [tenant('borrower', 'c', { a: { reserved: 2 } })],
  pods: [
    pod('g1', 'borrower', 'burst', 2, { gang: 'borrower/train' }),
    pod('g2', 'borrower', 'burst', 2, { gang: 'borrower/train' }),
    pod('alone', 'borrower', 'burst', 4),
  ],
  gangs: [['borrower/train', gang]] as const,
}

// 10 are used of 8: 4 by the members that have come, 2 by the room for the third, 4 by a pod.
const over = snapshotOf(WORLD)
const needing = (atMost: number): ExcessNeed => ({
  kind: 'excess',
  id: 'cut',
  node: nodeNamed(over, 'cohort:c'),
  class: 'a',
  atMost: amount(atMost),
  of: { kind: 'cohort', name: 'c' },
})

const lapse: Lapse = {
  kind: 'lapse',
  rule: 'over-its-limit',
  need: 'cut',
  tenant: 'borrower',
  tier: 'burst',
  gang: 'borrower/train',
  amounts: amounts({ a: 2 }),
}
const tell = (pods: readonly string[], size: number): Notify => notify('cut', pods, size, { rule: 'over-its-limit' })
const lapsing = planFor(needing(8), ['borrower/train'], [lapse])
const taking = planFor(needing(8), ['g1', 'g2'], [tell(['g1', 'g2'], 4)])

const mixed = withPod(over, 'g2', { tier: 'reserved' })
const half = withPod(over, 'g1', { notice: { deadlineMs: NOW - 1, need: 'cut' } })

accepts([
  { name: 'the room of members that have not come', snapshot: over, plan: lapsing },
  { name: 'all pods of a gang', snapshot: over, plan: taking },
  { name: 'a gang that got another member after it was told, is told again', snapshot: half, plan: taking },
  {
    name: 'those of a gang that are not reserved',
    snapshot: mixed,
    plan: planFor(needing(8), ['g1'], [tell(['g1'], 2)]),
  },
  {
    name: 'those of a gang that do not leave already',
    snapshot: withPod(snapshotOf({ ...WORLD, pods: [...WORLD.pods, pod('more', 'borrower', 'burst', 4)] }), 'g1', {
      isLeaving: true,
    }),
    plan: planFor(needing(8), ['g2', 'borrower/train'], [lapse, tell(['g2'], 2)]),
  },
])

rejects(
  [
    {
      name: 'half of a gang',
      plan: planFor(needing(8), ['g1'], [tell(['g1'], 2)]),
      want: /gang is split: g2 would stay/,
    },
    {
      name: 'a gang of which half is told',
      plan: withStep(taking, 'notify', { pods: ['g1'] }),
      want: /not all of gang/,
    },
    {
      name: 'a gang of which each is told by itself',
      plan: planFor(needing(8), ['g1', 'g2'], [tell(['g1'], 2), tell(['g2'], 2)]),
      want: /step 2 \(notify\): for gang borrower\/train in burst it is time to notify, once/,
    },
    {
      name: 'a gang of which one was told too late to leave now',
      snapshot: half,
      plan: planFor(
        needing(8),
        ['g1', 'g2'],
        [{ ...lapse, kind: 'evict' as const, pods: ['g1', 'g2'], amounts: amounts({ a: 4 }) }],
      ),
      want: /notice of some of its pods has not been given/,
    },
    {
      name: 'a gang with its reserved members',
      snapshot: mixed,
      plan: taking,
      want: /what is reserved is never taken back/,
    },
    {
      name: 'both the gang and its room where its room is enough',
      plan: planFor(needing(8), ['g1', 'g2', 'borrower/train'], [lapse, tell(['g1', 'g2'], 4)]),
      want: /gang borrower\/train in burst: it is not needed/,
    },
    {
      name: 'room that is not held',
      snapshot: snapshotOf({ ...WORLD, gangs: [['borrower/train', { ...gang, heldUntilMs: null }]] }),
      plan: lapsing,
      want: /borrower\/train is no pod of the tree, and no gang for which room is held/,
    },
    {
      name: 'room of a reserved gang',
      snapshot: snapshotOf({ ...WORLD, gangs: [['borrower/train', { ...gang, tier: 'reserved' }]] }),
      plan: lapsing,
      want: /hold borrower\/train: what is reserved is never taken back/,
    },
    {
      name: 'room of another size',
      plan: withStep(lapsing, 'lapse', { amounts: amounts({ a: 1 }) }),
      want: /says 1m a/,
    },
    { name: 'room that nobody lets go', plan: { ...lapsing, steps: [] }, want: /it has no step: lapse/ },
    {
      name: 'room is let go after somebody is told to leave',
      plan: planFor(needing(8), ['g1', 'g2', 'borrower/train'], [tell(['g1', 'g2'], 4), lapse]),
      want: /step 2 \(lapse\): it comes after/,
    },
    {
      name: 'a deadline by the notice of shared',
      plan: withStep(taking, 'notify', { deadlineMs: NOW + TERMS.noticeMs.shared }),
      want: /its deadline is 1000300000, and by the terms of its cohort 1000060000/,
    },
  ].map(flaw => ({ snapshot: over, ...flaw })),
)
