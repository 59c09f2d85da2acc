/** What is owed: to those who wait for what was reserved for them, and to limits that were cut. */
import { amount } from '../../quantity/amount.ts'
import { amounts, cohort, tenant } from '../../quota/testing.ts'
import type { EntitledNeed } from '../need.ts'
import type { Evict, Plan, Rescind } from '../plan.ts'
import {
  metBy,
  NOW,
  nodeNamed,
  notify,
  planFor,
  pod,
  snapshotOf,
  TERMS,
  withPod,
  withStep,
  withTerms,
} from './scenes.testing.ts'
import { accepts, rejects } from './verdicts.testing.ts'

// The owner's pod waits for 2 of its 6, which are lent out: 10 are used of 8.
const lent = snapshotOf({
  cohorts: [cohort('c', { a: {} })],
  tenants: [
    tenant('owner', 'c', { a: { reserved: 6 } }),
    tenant('other', 'c', { a: { reserved: 2 } }),
    tenant('borrower', 'c', { a: {} }),
  ],
  pods: [
    pod('waits', 'owner', 'reserved', 2, { node: null, startedAtMs: null }),
    pod('kept', 'other', 'reserved', 2),
    pod('b1', 'borrower', 'burst', 2),
    pod('b2', 'borrower', 'burst', 2, { budgets: ['borrower/web'] }),
    pod('young', 'borrower', 'burst', 2, { startedAtMs: NOW - 1000 }),
  ],
})

const need: EntitledNeed = {
  kind: 'entitled',
  id: 'waits',
  node: nodeNamed(lent, 'cohort:c'),
  class: 'a',
  atMost: amount(8),
  tenant: 'owner',
  pods: ['waits'],
  sinceMs: NOW,
}
const sound = planFor(need, ['b1'], [notify('waits', ['b1'], 2)])
const instead = (uid: string) => planFor(need, [uid], [notify('waits', [uid], 2)])

const noticed = withPod(lent, 'b1', { notice: { deadlineMs: NOW, need: 'waits' } })
const evict: Evict = {
  kind: 'evict',
  rule: 'owner-came-back',
  need: 'waits',
  tenant: 'borrower',
  tier: 'burst',
  pods: ['b1'],
  amounts: amounts({ a: 2 }),
}
const evicting = planFor(need, ['b1'], [evict])

const rescind: Rescind = { kind: 'rescind', rule: 'no-longer-needed', need: 'former', tenant: 'borrower', pods: ['b2'] }
const changed = withPod(lent, 'b2', { notice: { deadlineMs: NOW, need: 'former' } })
const rescinding: Plan = { ...sound, steps: [...sound.steps, rescind] }

accepts([
  { name: 'who borrows is given notice', snapshot: lent, plan: sound },
  { name: 'who was given notice is evicted when it has passed', snapshot: noticed, plan: evicting },
  {
    name: 'nothing is done before it has passed',
    snapshot: withPod(lent, 'b1', { notice: { deadlineMs: NOW + 1, need: 'waits' } }),
    plan: planFor(need, ['b1'], []),
  },
  { name: 'a notice that nobody needs is taken back', snapshot: changed, plan: rescinding },
  {
    name: 'who leaves gives back as well',
    snapshot: withPod(lent, 'b2', { isLeaving: true }),
    plan: planFor(need, [], []),
  },
  {
    name: 'a plan that is only shown has no steps',
    snapshot: withTerms(lent, { mode: 'DryRun' }),
    plan: { ...metBy(sound, { isApplied: false }), steps: [] },
  },
])

rejects(
  [
    { name: 'it was made from another snapshot', plan: { ...sound, asOfMs: NOW - 1 }, want: /made as of/ },
    { name: 'nobody gives back', plan: planFor(need, [], []), want: /still uses 10m a, and may use 8m/ },
    {
      name: 'more give back than are needed',
      plan: planFor(need, ['b1', 'b2'], [notify('waits', ['b1'], 2), notify('waits', ['b2'], 2)]),
      snapshot: { ...lent, disruptionsAllowed: new Map([['borrower/web', 1]]) },
      want: /b1: it is not needed/,
    },
    { name: 'a pod that is too young', plan: instead('young'), want: /has run for less than the minimum of 300000 ms/ },
    { name: 'a pod that its budget protects', plan: instead('b2'), want: /borrower\/web: 1 of its pods .* allows 0/ },
    { name: 'a reserved pod', plan: instead('kept'), want: /what is reserved is never taken back/ },
    { name: 'a pod nobody knows', plan: instead('stranger'), want: /stranger is no pod of the tree/ },
    {
      name: 'a pod that leaves already',
      snapshot: withPod(lent, 'b1', { isLeaving: true }),
      plan: sound,
      want: /b1 is leaving already/,
    },
    {
      name: 'a pod twice',
      plan: metBy(sound, { victims: ['b1', 'b1'] }),
      want: /b1 is named to give back a second time/,
    },
    {
      name: 'reclaim is off',
      snapshot: withTerms(lent, { mode: 'Off' }),
      plan: sound,
      want: /reclaim is Off for borrower/,
    },
    {
      name: 'reclaim is only shown',
      snapshot: withTerms(lent, { mode: 'DryRun' }),
      plan: sound,
      want: /applied although a victim is only shown/,
    },
    {
      name: 'a need that is not applied has steps',
      snapshot: withTerms(lent, { mode: 'DryRun' }),
      plan: metBy(sound, { isApplied: false }),
      want: /step 1 \(notify\): b1 gives back for no need waits/,
    },
    {
      name: 'a need is not applied although reclaim is on',
      plan: { ...metBy(sound, { isApplied: false }), steps: [] },
      want: /it is not applied although/,
    },
    {
      name: 'a need asks for more than its limit has',
      plan: planFor({ ...need, atMost: amount(7) }, ['b1'], [notify('waits', ['b1'], 2)]),
      want: /may use 8m a, and is brought down to 7m/,
    },
    {
      name: 'a need of a pod that runs',
      snapshot: withPod(lent, 'waits', { node: 'n' }),
      plan: sound,
      want: /waits does not wait for what owner is entitled to/,
    },
    {
      name: 'a need of burst that waits',
      plan: planFor({ ...need, tenant: 'borrower', pods: ['b2'] }, ['b1'], [notify('waits', ['b1'], 2)]),
      snapshot: withPod(lent, 'b2', { node: null }),
      want: /b2 does not wait for what borrower is entitled to/,
    },
    {
      name: 'a need is met and unmet',
      plan: { ...sound, unmet: [{ need, because: 'nobody' as const }] },
      want: /need waits: it is named twice/,
    },
    { name: 'a victim is told nothing', plan: { ...sound, steps: [] }, want: /pod b1: it has no step: notify/ },
    {
      name: 'a bystander is told',
      plan: { ...sound, steps: [...sound.steps, notify('waits', ['b2'], 2)] },
      want: /step 2 \(notify\): b2 gives back for no need waits/,
    },
    {
      name: 'a victim is told twice',
      plan: { ...sound, steps: [...sound.steps, ...sound.steps] },
      want: /step 2 \(notify\): for pod b1 it is time to notify, once/,
    },
    {
      name: 'a deadline before the notice is over',
      plan: withStep(sound, 'notify', { deadlineMs: NOW + TERMS.noticeMs.burst - 1 }),
      want: /its deadline is 1000059999/,
    },
    { name: 'a step for another need', plan: withStep(sound, 'notify', { need: 'other' }), want: /for no need other/ },
    {
      name: 'a step by another rule',
      plan: withStep(sound, 'notify', { rule: 'over-its-limit' }),
      want: /its rule is over-its-limit/,
    },
    { name: 'a step with the wrong tenant', plan: withStep(sound, 'notify', { tenant: 'owner' }), want: /of borrower/ },
    {
      name: 'a step with the wrong tier',
      plan: withStep(sound, 'notify', { tier: 'shared' }),
      want: /says shared, .* burst/,
    },
    {
      name: 'a step with the wrong amounts',
      plan: withStep(sound, 'notify', { amounts: amounts({ a: 3 }) }),
      want: /it says 3m a, and it is 2m a/,
    },
    {
      name: 'a step for more pods',
      plan: withStep(sound, 'notify', { pods: ['b1', 'b2'] }),
      want: /not all of pod b1, and only/,
    },
    { name: 'an eviction without notice', plan: evicting, want: /notice of some of its pods has not been given/ },
    {
      name: 'an eviction before the notice has passed',
      snapshot: withPod(lent, 'b1', { notice: { deadlineMs: NOW + 1, need: 'waits' } }),
      plan: evicting,
      want: /not passed[\s\S]*time to wait/,
    },
    { name: 'notice again after it has passed', snapshot: noticed, plan: sound, want: /it has no step: evict/ },
    { name: 'a notice that nobody needs stands', snapshot: changed, plan: sound, want: /pod b2: .* its notice stands/ },
    {
      name: 'a notice is taken back that was not given',
      plan: rescinding,
      want: /step 2 \(rescind\): b2 was given no notice/,
    },
    {
      name: 'a notice of a victim is taken back',
      snapshot: noticed,
      plan: { ...evicting, steps: [evict, { ...rescind, pods: ['b1'] }] },
      want: /b1 is chosen to give back/,
    },
    {
      name: 'a notice is taken back by another rule, of another tenant',
      snapshot: changed,
      plan: withStep(rescinding, 'rescind', { rule: 'owner-came-back', tenant: 'owner' }),
      want: /b2 is of borrower, not of owner[\s\S]*its rule is owner-came-back/,
    },
  ].map(flaw => ({ snapshot: lent, ...flaw })),
)
