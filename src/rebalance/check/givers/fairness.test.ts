/** What is taken for those who were refused, and for claims: only from those who have more than their share. */
import { type Claim, claimKey } from '../../../quota/claim.ts'
import { amounts, cohort, tenant } from '../../../quota/testing.ts'
import type { ClaimNeed, RefusedNeed } from '../../need.ts'
import type { Hold, Plan } from '../../plan.ts'
import type { HeldPod, RefusedDemand, Snapshot } from '../../snapshot.ts'
import {
  HOUR,
  metBy,
  NOW,
  notify,
  planFor,
  pod,
  snapshotOf,
  TERMS,
  withPod,
  withStep,
  withTerms,
} from '../scenes.testing.ts'
import { accepts, rejects } from '../verdicts.testing.ts'

// Most of what there is to lend is lent to one; a cohort beside it uses less than its own four.
const cohorts = [cohort('c', { a: { burst: 8, shared: 4 } }), cohort('beside', { a: { burst: 4 } }, 'c')]
const tenants = [
  tenant('claimant', 'c', { a: {} }),
  tenant('borrower', 'c', { a: {} }),
  tenant('modest', 'beside', { a: {} }),
]
const SMALL = tenant('claimant', 'c', { a: { perPodMax: 3 } })
const pods = [
  ...['b1', 'b2', 'b3', 'b4'].map(uid => pod(uid, 'borrower', 'burst', 2)),
  pod('s1', 'borrower', 'shared', 2),
  pod('own', 'claimant', 'burst', 1),
  pod('m1', 'modest', 'burst', 3),
]

const claimOf = (size: number, more: Partial<Claim> = {}): Claim => ({
  tenant: 'claimant',
  tier: 'burst',
  amounts: amounts({ a: size }),
  heldFor: { kind: 'owner', owner: 'job' },
  untilMs: NOW + HOUR,
  ...more,
})
const needOf = (claim: Claim): ClaimNeed => ({
  kind: 'claim',
  id: 'job',
  key: claimKey(claim.tenant, claim.heldFor),
  claim,
})
const tell = (uid: string, size: number) => notify('job', [uid], size, { rule: 'above-fair-share' })

// 14 of 16 are used: what claims hold beyond 2 more stands on what somebody has to give back.
const claimed = (claim: Claim): Snapshot => snapshotOf({ cohorts, tenants, pods, claims: [claim] })
const sound = planFor(needOf(claimOf(4)), ['b1'], [tell('b1', 2)])

const demand: RefusedDemand = {
  tenant: 'claimant',
  tier: 'auto',
  demand: amounts({ a: 4 }),
  gang: undefined,
  owner: 'job',
  name: 'Job claimant/job',
  sinceMs: NOW - 1000,
  lastMs: NOW,
}
const refused = snapshotOf({ cohorts, tenants, pods, rest: { refused: [demand] } })
const refusal: RefusedNeed = { kind: 'refused', id: 'job', demand }
const hold: Hold = {
  kind: 'hold',
  rule: 'above-fair-share',
  need: 'job',
  claim: claimOf(4, { untilMs: NOW + TERMS.noticeMs.burst + TERMS.claimMs }),
}
const holding = planFor(refusal, ['b1'], [hold, tell('b1', 2)])
const holdOf = (change: Partial<Claim>): Plan => withStep(holding, 'hold', { claim: { ...hold.claim, ...change } })

const inPod = (uid: string, change: Partial<HeldPod>) => withPod(claimed(claimOf(4)), uid, change)

accepts([
  { name: 'a claim on what a greater borrower uses', snapshot: claimed(claimOf(4)), plan: sound },
  { name: 'a claim on what is free by now', snapshot: claimed(claimOf(2)), plan: planFor(needOf(claimOf(2)), [], []) },
  { name: 'a refused demand, held before anybody leaves', snapshot: refused, plan: holding },
  {
    name: 'a refused demand that is only shown to be met',
    snapshot: withTerms(refused, { mode: 'DryRun' }),
    plan: { ...metBy(holding, { isApplied: false }), steps: [] },
  },
  {
    name: 'as many evictions as an hour may have',
    snapshot: {
      ...withTerms(claimed(claimOf(4)), { evictionsPerHour: 3 }),
      evictedLastHour: new Map([['borrower', 2]]),
    },
    plan: sound,
  },
])

// The borrower stays above the claimant by what it has of the other class, and not in the one that it gives.
const ofTwo = claimOf(2, { amounts: amounts({ a: 2, z: 1 }) })
const claimedOfTwo = snapshotOf({
  cohorts: [cohort('c', { a: { burst: 4 }, z: { burst: 10 } })],
  tenants: ['claimant', 'borrower'].map(name => tenant(name, 'c', { a: {}, z: {} })),
  pods: [
    pod('b1', 'borrower', 'burst', 2),
    pod('b2', 'borrower', 'burst', 2),
    pod('z1', 'borrower', 'burst', 0, { amounts: amounts({ z: 8 }) }),
  ],
  claims: [ofTwo],
})

const OF_CLAIMS = [
  {
    name: 'too little is given back',
    snapshot: claimed(claimOf(5)),
    plan: planFor(needOf(claimOf(5)), ['b1'], [tell('b1', 2)]),
    want: /1m a more are used than the limits of claimant\/burst let through/,
  },
  {
    name: 'the borrower would be left with less than the claimant',
    snapshot: claimed(claimOf(6)),
    plan: planFor(needOf(claimOf(6)), ['b1', 'b2'], [tell('b1', 2), tell('b2', 2)]),
    want: /burst:borrower is left a share of 250\/1000 for 437\/1000 of burst:claimant/,
  },
  {
    name: 'the borrower would be left with more, but not by the margin',
    snapshot: withTerms(claimed(claimOf(4)), { marginPerMille: 200 }),
    plan: sound,
    want: /not below it by 200\/1000/,
  },
  {
    name: 'the borrower would be left with more of another class only',
    snapshot: claimedOfTwo,
    plan: planFor(needOf(ofTwo), ['b1'], [tell('b1', 2)]),
    want: /left a share of 500\/1000 for 500\/1000 of burst:claimant, which is not below it by 100\/1000, of a$/,
  },
  {
    name: 'somebody who does not borrow',
    snapshot: claimed(claimOf(4)),
    plan: planFor(needOf(claimOf(4)), ['m1'], [{ ...tell('m1', 3), tenant: 'modest' }]),
    want: /cohort:beside gives back to somebody outside it and does not borrow/,
  },
  {
    name: 'the claimant itself',
    snapshot: claimed(claimOf(3)),
    plan: planFor(needOf(claimOf(3)), ['own'], [{ ...tell('own', 1), tenant: 'claimant' }]),
    want: /claimant would give back to itself/,
  },
  {
    name: 'shared for burst',
    snapshot: claimed(claimOf(4)),
    plan: planFor(needOf(claimOf(4)), ['s1'], [{ ...tell('s1', 2), tier: 'shared' as const }]),
    want: /shared is taken for burst/,
  },
  {
    name: 'more evictions than an hour may have',
    snapshot: {
      ...withTerms(claimed(claimOf(4)), { evictionsPerHour: 3 }),
      evictedLastHour: new Map([['borrower', 3]]),
    },
    plan: sound,
    want: /tenant borrower: 4 of its pods would be evicted .* of 3/,
  },
  {
    name: 'a claim that there is not',
    snapshot: refused,
    plan: sound,
    want: /the ledger has no claim claimant\/owner\/job/,
  },
  {
    name: 'a larger claim than there is',
    snapshot: claimed(claimOf(3)),
    plan: sound,
    want: /of the ledger is another one/,
  },
  {
    name: 'a claim of a pod that is promoted',
    snapshot: claimed(claimOf(4, { heldFor: { kind: 'pod', uid: 'own' } })),
    plan: planFor(needOf(claimOf(4, { heldFor: { kind: 'pod', uid: 'own' } })), ['b1'], [tell('b1', 2)]),
    want: /nobody gives back for a pod that is promoted/,
  },
  {
    name: 'a step by the rule of what is owed',
    snapshot: claimed(claimOf(4)),
    plan: withStep(sound, 'notify', { rule: 'owner-came-back' }),
    want: /its rule is owner-came-back, and not above-fair-share/,
  },
  {
    name: 'a victim that is too young',
    snapshot: inPod('b1', { startedAtMs: NOW - 1 }),
    plan: sound,
    want: /b1 has run for/,
  },
]

const OF_HOLDS = [
  {
    name: 'nothing is held',
    plan: planFor(refusal, ['b1'], [tell('b1', 2)]),
    want: /need job: nothing is held for it/,
  },
  {
    name: 'more is held than was asked for',
    plan: holdOf({ amounts: amounts({ a: 5 }) }),
    want: /it holds 5m a for .* 4m a/,
  },
  {
    name: 'less is held than was asked for',
    plan: holdOf({ amounts: amounts({ a: 3 }) }),
    want: /it holds 3m a for .* 4m a/,
  },
  {
    name: 'it is held for too short',
    plan: holdOf({ untilMs: hold.claim.untilMs - 1 }),
    want: /it is held until 1000659999/,
  },
  {
    name: 'it is held for too long',
    plan: holdOf({ untilMs: hold.claim.untilMs + 1 }),
    want: /it is held until 1000660001/,
  },
  {
    name: 'it is held for another',
    plan: holdOf({ heldFor: { kind: 'owner', owner: 'x' } }),
    want: /not held for Job claimant/,
  },
  {
    name: 'it is held for a tenant that did not ask',
    plan: holdOf({ tenant: 'modest' }),
    want: /not held for Job claimant/,
  },
  {
    name: 'it is held in a tier that was not asked for',
    snapshot: { ...refused, refused: [{ ...demand, tier: 'burst' as const }] },
    plan: planFor(
      { ...refusal, demand: { ...demand, tier: 'burst' } },
      ['b1'],
      [{ ...hold, claim: { ...hold.claim, tier: 'shared' as const } }, tell('b1', 2)],
    ),
    want: /shared was not asked for/,
  },
  {
    name: 'it is held although something is held already',
    snapshot: snapshotOf({ cohorts, tenants, pods, claims: [claimOf(2)], rest: { refused: [demand] } }),
    plan: holding,
    want: /the ledger holds something for them already/,
  },
  {
    name: 'it is held after they are told to leave',
    plan: { ...holding, steps: holding.steps.toReversed() },
    want: /step 2 \(hold\): it comes after steps that have to wait for it/,
  },
  {
    name: 'it is held twice',
    plan: { ...holding, steps: [hold, ...holding.steps] },
    want: /claimant\/owner\/job is held twice/,
  },
  { name: 'it is held for no need', plan: withStep(holding, 'hold', { need: 'x' }), want: /no refused need x is met/ },
  {
    name: 'it is held by another rule',
    plan: withStep(holding, 'hold', { rule: 'owner-came-back' }),
    want: /its rule is owner/,
  },
  {
    name: 'nobody was refused',
    snapshot: { ...refused, refused: [] },
    plan: holding,
    want: /Job claimant\/job was not refused/,
  },
  {
    name: 'more than a pod of its tenant may have was refused',
    snapshot: snapshotOf({ cohorts, tenants: [SMALL, ...tenants.slice(1)], pods, rest: { refused: [demand] } }),
    plan: holding,
    want: /a pod of claimant may not ask for so much, or so little, a/,
  },
  {
    name: 'nobody can be told for whom it is held',
    snapshot: { ...refused, refused: [{ ...demand, owner: '' }] },
    plan: planFor(
      { ...refusal, demand: { ...demand, owner: '' } },
      ['b1'],
      [{ ...hold, claim: { ...hold.claim, heldFor: { kind: 'owner' as const, owner: '' } } }, tell('b1', 2)],
    ),
    want: /not held for Job claimant/,
  },
].map(flaw => ({ snapshot: refused, ...flaw }))

rejects([...OF_CLAIMS, ...OF_HOLDS])
