/** The scenarios that are run through every order of events: what once went wrong in systems like this one, each as small as it gets. */

import type { Claim } from '../../src/quota/claim.ts'
import type { Request } from '../../src/quota/decide.ts'
import { amounts, request } from '../../src/quota/testing.ts'
import type { Tier } from '../../src/schema/parts.ts'
import { CLASS, review, type Scenario, scenario } from './scenario.ts'
import { FAULTS } from './store.ts'

/** One GPU, which is nobody's own. */
const CLAIMED_LIMITS = { reserved: { t: 0, u: 0 }, burst: 1 }

export const SCENARIOS: readonly Scenario[] = [
  scenario({
    name: 'two tenants on two replicas contend for the last GPU',
    limits: { reserved: { t: 1, u: 1 }, shared: 1 },
    reviews: [review('a', 0, pod('a', 't')), review('b', 1, pod('b', 'u')), review('c', 0, pod('c', 'u'))],
  }),
  scenario({
    name: 'burst takes what is idle, and what is entitled comes all the same',
    limits: { reserved: { t: 0, u: 1 } },
    reviews: [
      review('a', 0, pod('a', 't')),
      review('b', 1, pod('b', 'u')),
      review('c', 1, pod('c', 'u', { tier: 'burst' })),
    ],
  }),
  scenario({
    name: 'a pod is asked about on two replicas, one of them late',
    limits: { reserved: { t: 1 }, shared: 1 },
    reviews: [review('a', 0, pod('a', 't')), review('a again', 1, pod('a', 't'))],
    times: [10],
  }),
  scenario({
    name: 'a replica dies before or after its write',
    limits: { reserved: { t: 1 } },
    reviews: [review('a', 0, pod('a', 't')), review('b', 1, pod('b', 't')), review('c', 0, pod('c', 't'))],
    faults: 1,
    kinds: ['crash'],
  }),
  scenario({
    name: 'a write fails without saying whether it happened',
    limits: { reserved: { t: 1 } },
    reviews: [review('a', 0, pod('a', 't')), review('b', 1, pod('b', 't'))],
    faults: 2,
    kinds: ['unreached', 'answer lost'],
  }),
  scenario({
    name: 'three replicas write at once',
    limits: { reserved: { t: 2 } },
    replicas: 3,
    isWarm: true,
    reviews: [0, 1, 2].map(replica => review(`${'abc'[replica]}`, replica, pod(`${'abc'[replica]}`, 't'))),
  }),
  scenario({
    name: 'a pod that was charged never appears',
    limits: { reserved: { t: 1 } },
    fates: { a: 'never comes' },
    reviews: [review('a', 0, pod('a', 't')), review('b', 0, pod('b', 't'), { sentAfter: 1 })],
    replicas: 1,
    times: [30, 10],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'a pod that was charged appears late',
    limits: { reserved: { t: 1 } },
    reviews: [review('a', 0, pod('a', 't'))],
    replicas: 1,
    times: [20, 20],
    leaders: [{ replica: 0, listLacks: null, recounts: 2 }],
  }),
  scenario({
    name: 'a new leader starts from a stale list (kubernetes#123434)',
    limits: { reserved: { t: 1 } },
    reviews: [review('a', 0, pod('a', 't'))],
    leaders: [
      { replica: 0, listLacks: null, recounts: 1 },
      { replica: 1, listLacks: 1, recounts: 1 },
    ],
  }),
  scenario({
    name: 'a new leader finds that every pod has gone',
    limits: { reserved: { t: 1 } },
    fates: { a: 'ends' },
    reviews: [review('a', 0, pod('a', 't'))],
    leaders: [
      { replica: 0, listLacks: null, recounts: 1 },
      { replica: 1, listLacks: 0, recounts: 1 },
    ],
  }),
  scenario({
    name: 'a denied waiter is in a batch that meets a conflict (kubernetes#141904)',
    limits: { reserved: { t: 2 } },
    reviews: [review('a', 0, pod('a', 't', { gpus: 2 })), review('b', 0, pod('b', 't')), review('c', 1, pod('c', 't'))],
    isWarm: true,
  }),
  scenario({
    name: 'a charge is withdrawn while its pod is asked about again',
    limits: { reserved: { t: 1 } },
    reviews: [review('a', 0, pod('a', 't')), review('a again', 1, pod('a', 't'))],
    times: [10],
    faults: 1,
    kinds: ['answer lost'],
  }),
  scenario({
    name: 'a recount races a charge, and its pod ends',
    limits: { reserved: { t: 1 } },
    fates: { a: 'ends' },
    reviews: [review('a', 1, pod('a', 't')), review('b', 1, pod('b', 't'))],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'two gangs want room that one of them has',
    limits: { reserved: { t: 2 } },
    reviews: [
      review('a1', 0, member('a1', 'a')),
      review('a2', 1, member('a2', 'a')),
      review('b1', 1, member('b1', 'b')),
    ],
    rivals: ['a', 'b'],
  }),
  scenario({
    name: 'a hold lapses, and then the missing member comes',
    limits: { reserved: { t: 2 } },
    reviews: [review('a1', 0, member('a1', 'a')), review('a2', 0, member('a2', 'a'), { sentAfter: 1 })],
    replicas: 1,
    times: [20],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'a gang loses a member that was not answered in time',
    limits: { reserved: { t: 2 } },
    reviews: [review('a1', 0, member('a1', 'a')), review('a2', 1, member('a2', 'a'))],
    times: [10],
    faults: 1,
    kinds: ['answer lost'],
  }),
  scenario({
    name: 'the ledger is full until charges are counted',
    limits: { reserved: { t: 3 } },
    reviews: [review('a', 0, pod('a', 't')), review('b', 1, pod('b', 't'))],
    maxCharges: 1,
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'whoever drew on a claim never comes',
    limits: CLAIMED_LIMITS,
    replicas: 1,
    isWarm: true,
    fates: { p: 'never comes' },
    reviews: [review('p', 0, owned('p'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    times: [40],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'whoever drew on a claim is not answered in time',
    limits: CLAIMED_LIMITS,
    isWarm: true,
    reviews: [review('p', 1, owned('p'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    times: [10],
    faults: 1,
    kinds: ['answer lost'],
  }),
  scenario({
    name: 'the leader dies before or after it claims',
    limits: CLAIMED_LIMITS,
    isWarm: true,
    reviews: [review('p', 1, owned('p')), review('s', 1, pod('s', 't'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    faults: 1,
    kinds: ['crash'],
  }),
  scenario({
    name: 'a claim lapses, and then whoever asks gets its room',
    limits: CLAIMED_LIMITS,
    replicas: 1,
    isWarm: true,
    reviews: [review('s', 0, pod('s', 'u'), { sentAfter: 1 })],
    claimings: [{ replica: 0, claim: claimOf(20) }],
    times: [20],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'a pod moves to a tier in which room is claimed for it, while another asks there',
    limits: { reserved: { t: 1 }, burst: 1 },
    replicas: 1,
    isWarm: true,
    reviews: [review('a', 0, pod('a', 't', { tier: 'burst' })), review('r', 0, pod('r', 't', { tier: 'reserved' }))],
    claimings: [{ replica: 0, claim: { ...claimOf(100), tier: 'reserved', heldFor: { kind: 'pod', uid: 'a' } } }],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'a dry run goes with requests that are meant',
    limits: { reserved: { t: 1 } },
    reviews: [
      review('dry', 0, pod('dry', 't'), { isDry: true }),
      review('a', 0, pod('a', 't')),
      review('b', 1, pod('b', 't')),
    ],
  }),
]

/** The same with more of everything: from five thousand orders to more than anybody has waited for. */
export const DEEP_SCENARIOS: readonly Scenario[] = [
  scenario({
    name: 'late and repeated reviews beside another pod',
    limits: { reserved: { t: 1 }, shared: 1 },
    reviews: [review('a', 0, pod('a', 't')), review('a again', 1, pod('a', 't')), review('b', 1, pod('b', 't'))],
    times: [10],
  }),
  scenario({
    name: 'a stale list while another pod wants the last GPU',
    limits: { reserved: { t: 1 } },
    reviews: [review('a', 0, pod('a', 't')), review('b', 1, pod('b', 't'))],
    leaders: [
      { replica: 0, listLacks: null, recounts: 1 },
      { replica: 1, listLacks: 1, recounts: 1 },
    ],
  }),
  scenario({
    name: 'two recounts race a charge, and its pod ends',
    limits: { reserved: { t: 1 } },
    fates: { a: 'ends' },
    reviews: [review('a', 1, pod('a', 't')), review('b', 0, pod('b', 't'))],
    leaders: [{ replica: 0, listLacks: null, recounts: 2 }],
  }),
  scenario({
    name: 'two whole gangs',
    limits: { reserved: { t: 2 } },
    reviews: [
      review('a1', 0, member('a1', 'a')),
      review('a2', 1, member('a2', 'a')),
      review('b1', 1, member('b1', 'b')),
      review('b2', 0, member('b2', 'b')),
    ],
    rivals: ['a', 'b'],
  }),
  scenario({
    name: 'a hold lapses while another pod wants its room',
    limits: { reserved: { t: 2 } },
    reviews: [
      review('a1', 0, member('a1', 'a')),
      review('a2', 0, member('a2', 'a'), { sentAfter: 1 }),
      review('b', 0, pod('b', 't'), { sentAfter: 1 }),
    ],
    replicas: 1,
    times: [20],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'three replicas, of which two fail',
    limits: { reserved: { t: 2 } },
    replicas: 3,
    reviews: [0, 1, 2].map(replica => review(`${'abc'[replica]}`, replica, pod(`${'abc'[replica]}`, 't'))),
    faults: 2,
    kinds: FAULTS,
    times: [10],
  }),
  scenario({
    name: 'a claim waits until its victim is gone',
    limits: CLAIMED_LIMITS,
    replicas: 1,
    isWarm: true,
    fates: { v: 'ends' },
    reviews: [review('v', 0, pod('v', 'u')), review('p', 0, owned('p'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'a claim waits until its victim is gone, and a stranger asks elsewhere',
    limits: CLAIMED_LIMITS,
    fates: { v: 'ends' },
    reviews: [review('v', 0, pod('v', 'u')), review('p', 1, owned('p')), review('s', 1, pod('s', 'u'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'whoever drew on a claim never comes, and others ask',
    limits: CLAIMED_LIMITS,
    replicas: 1,
    fates: { p: 'never comes' },
    reviews: [
      review('p', 0, owned('p')),
      review('s', 0, pod('s', 'u'), { sentAfter: 2 }),
      review('q', 0, owned('q'), { sentAfter: 2 }),
    ],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    times: [30, 10],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
  scenario({
    name: 'whoever drew on a claim is not answered in time, and a stranger asks',
    limits: CLAIMED_LIMITS,
    reviews: [review('p', 1, owned('p')), review('s', 0, pod('s', 'u'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    times: [10],
    faults: 1,
    kinds: ['answer lost'],
  }),
  scenario({
    name: 'the leader dies before or after it claims, and three ask',
    limits: CLAIMED_LIMITS,
    reviews: [review('p', 1, owned('p')), review('s', 1, pod('s', 'u')), review('o', 1, pod('o', 't'))],
    claimings: [{ replica: 0, claim: claimOf(100) }],
    faults: 1,
    kinds: ['crash'],
  }),
  scenario({
    name: 'a claim lapses, and then whoever asks first gets its room',
    limits: CLAIMED_LIMITS,
    replicas: 1,
    reviews: [review('s', 0, pod('s', 'u')), review('p', 0, owned('p'), { sentAfter: 1 })],
    claimings: [{ replica: 0, claim: claimOf(20) }],
    times: [20],
    leaders: [{ replica: 0, listLacks: null, recounts: 1 }],
  }),
]

function pod(uid: string, tenant: string, { gpus = 1, tier = 'auto' as Tier | 'auto' } = {}): Request {
  return request(uid, tenant, { [CLASS]: gpus }, tier)
}

/** A pod of the owner for whom is claimed. */
function owned(uid: string): Request {
  return { ...pod(uid, 't', { tier: 'burst' }), owner: 'job' }
}

function claimOf(untilMs: number): Claim {
  const heldFor = { kind: 'owner', owner: 'job' } as const
  return { tenant: 't', tier: 'burst', amounts: amounts({ [CLASS]: 1 }), heldFor, untilMs }
}

/** One of the two pods of a gang, for one GPU each. */
function member(uid: string, gang: string): Request {
  return {
    ...request(uid, 't', { [CLASS]: 1 }, 'reserved'),
    gang: { id: gang, size: 2, demand: amounts({ [CLASS]: 2 }) },
  }
}
