/** Promotions: what a tenant has reserved is free, and its own burst moves there. */

import { amount } from '../../../quantity/amount.ts'
import { amounts, cohort, tenant } from '../../../quota/testing.ts'
import type { Plan, Promote } from '../../plan.ts'
import type { HeldPod } from '../../snapshot.ts'
import { NOW, nodeNamed, notify, planFor, pod, snapshotOf, withPod, withStep, withTerms } from '../scenes.testing.ts'
import { accepts, rejects } from '../verdicts.testing.ts'

const cohorts = [cohort('c', { a: { burst: 4, shared: 3 } })]
const pods: readonly HeldPod[] = [
  pod('r1', 'team', 'reserved', 2),
  pod('b1', 'team', 'burst', 2),
  pod('g1', 'team', 'burst', 1, { gang: 'team/train' }),
  pod('g2', 'team', 'burst', 1, { gang: 'team/train' }),
  pod('s1', 'team', 'shared', 2),
  pod('s2', 'other', 'shared', 1),
]
const worldOf = (more: { readonly cap?: number; readonly reserved?: number } = {}) => ({
  cohorts,
  tenants: [
    tenant('team', 'c', { a: { reserved: more.reserved ?? 4, cap: more.cap ?? null } }),
    tenant('other', 'c', { a: {} }),
  ],
  pods,
})
const world = snapshotOf(worldOf())

const promote: Promote = {
  kind: 'promote',
  rule: 'own-reserved-is-free',
  tenant: 'team',
  pods: ['b1'],
  from: 'burst',
  to: 'reserved',
  amounts: amounts({ a: 2 }),
}
const planOf = (...steps: Plan['steps']): Plan => ({ asOfMs: NOW, met: [], unmet: [], steps })
const sound = planOf(promote)
const gang = planOf({ ...promote, pods: ['g1', 'g2'] })
const waiting = {
  tenant: 'team',
  tier: 'burst',
  size: 3,
  whole: amounts({ a: 3 }),
  arrived: 2,
  came: amounts({ a: 2 }),
  open: 2,
  isCounted: false,
  heldUntilMs: NOW + 1,
} as const
const claimed = { tenant: 'team', tier: 'reserved', amounts: amounts({ a: 2 }), untilMs: NOW + 1 } as const

accepts([
  { name: 'a pod moves to what is reserved and free', snapshot: world, plan: sound },
  { name: 'a gang moves whole', snapshot: world, plan: gang },
  { name: 'shared moves as well', snapshot: world, plan: planOf({ ...promote, pods: ['s1'], from: 'shared' }) },
  {
    name: 'what a former cycle claimed for the move is not needed twice',
    snapshot: snapshotOf({ ...worldOf(), claims: [{ ...claimed, heldFor: { kind: 'pod', uid: 'b1' } }] }),
    plan: sound,
  },
])

rejects(
  [
    {
      name: 'more than is free',
      plan: planOf(promote, { ...promote, pods: ['g1', 'g2'] }),
      want: /2m a more .* team\/reserved/,
    },
    {
      name: 'what is held by a claim for another',
      snapshot: snapshotOf({ ...worldOf(), claims: [{ ...claimed, heldFor: { kind: 'pod', uid: 'g1' } }] }),
      plan: sound,
      want: /2m a more are used than the limits of team\/reserved let through/,
    },
    { name: 'more than a pool has', plan: planOf({ ...promote, to: 'shared' }), want: /2m a more .* team\/shared/ },
    {
      name: 'more than a cap',
      snapshot: snapshotOf(worldOf({ cap: 5 })),
      plan: sound,
      want: /holds 6m a, and its cap is 5m/,
    },
    {
      name: 'a reserved quota that was cut',
      snapshot: snapshotOf(worldOf({ reserved: 1 })),
      plan: sound,
      want: /reserved:team: 4m a would be reserved and shared of 1m/,
    },
    {
      name: 'to a worse tier',
      plan: withStep(sound, 'promote', { to: 'burst' }),
      want: /burst is not better than burst/,
    },
    {
      name: 'from another tier',
      plan: withStep(sound, 'promote', { from: 'shared' }),
      want: /they are burst, not shared/,
    },
    {
      name: 'of another tenant',
      plan: withStep(sound, 'promote', { tenant: 'other' }),
      want: /they are of team, not of other/,
    },
    {
      name: 'of another size',
      plan: withStep(sound, 'promote', { amounts: amounts({ a: 1 }) }),
      want: /it says 1m a, and/,
    },
    {
      name: 'by another rule',
      plan: withStep(sound, 'promote', { rule: 'owner-came-back' }),
      want: /its rule is owner/,
    },
    {
      name: 'half of a gang',
      plan: withStep(gang, 'promote', { pods: ['g1'] }),
      want: /not one pod, and not all of a gang/,
    },
    {
      name: 'a gang whose last members are still waited for',
      snapshot: snapshotOf({ ...worldOf(), gangs: [['team/train', waiting]] }),
      plan: gang,
      want: /its gang still holds room where it stands/,
    },
    {
      name: 'two pods as one',
      plan: withStep(sound, 'promote', { pods: ['b1', 's1'] }),
      want: /not one pod, and not all/,
    },
    { name: 'nobody', plan: withStep(sound, 'promote', { pods: [] }), want: /nobody is no pod that stays/ },
    { name: 'a pod twice', plan: planOf(promote, promote), want: /step 2 \(promote\): b1 is promoted twice/ },
    {
      name: 'a pod that leaves',
      snapshot: withPod(world, 'b1', { isLeaving: true }),
      plan: sound,
      want: /b1 is no pod that/,
    },
    {
      name: 'a pod whose creator said burst',
      snapshot: withPod(world, 'b1', { isTierNamed: true }),
      plan: sound,
      want: /the creator of b1 named its tier/,
    },
    {
      name: 'where reclaim is only shown',
      snapshot: withTerms(world, { mode: 'DryRun' }),
      plan: sound,
      want: /not On for team/,
    },
    {
      name: 'a pod that is to leave',
      plan: {
        ...planFor(
          {
            kind: 'excess',
            id: 'cut',
            node: nodeNamed(world, 'burst:team'),
            class: 'a',
            atMost: amount(0),
            of: { kind: 'tenant', name: 'team' },
          },
          ['b1'],
          [promote, notify('cut', ['b1'], 2)],
        ),
      },
      want: /b1 is to give back in the same plan/,
    },
    {
      name: 'after somebody is told to leave',
      plan: planOf(notify('x', ['g1', 'g2'], 2), promote),
      want: /step 2 \(promote\): it comes after/,
    },
  ].map(flaw => ({ snapshot: world, ...flaw })),
)
