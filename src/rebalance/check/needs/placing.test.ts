/** Nodes: quota that comes back must be room on a node for each pod that waits for it. */
import { amount } from '../../../quantity/amount.ts'
import { amounts, cohort, tenant } from '../../../quota/testing.ts'
import type { EntitledNeed, RefusedNeed } from '../../need.ts'
import type { RefusedDemand, Snapshot } from '../../snapshot.ts'
import { NOW, nodeNamed, notify, planFor, pod, snapshotOf, TERMS } from '../scenes.testing.ts'
import { accepts, rejects } from '../verdicts.testing.ts'

const node = (name: string, size: number) => ({ name, amounts: amounts({ a: size }) })
const waiting = { node: null, startedAtMs: null }
const WORLD = {
  cohorts: [cohort('c', { a: { burst: 7 } })],
  tenants: [tenant('owner', 'c', { a: { reserved: 9 } }), tenant('borrower', 'c', { a: {} })],
  pods: [
    pod('w1', 'owner', 'reserved', 2, waiting),
    pod('w2', 'owner', 'reserved', 2, waiting),
    pod('kept', 'owner', 'reserved', 4, { node: 'n1' }),
    ...['b1', 'b2'].map(uid => pod(uid, 'borrower', 'burst', 2, { node: 'n2' })),
    ...['b3', 'b4'].map(uid => pod(uid, 'borrower', 'burst', 2, { node: 'n3' })),
    pod('b5', 'borrower', 'burst', 2, { node: 'n4' }),
  ],
  rest: { nodes: [node('n1', 4), node('n2', 4), node('n3', 4), node('n4', 3)] },
}
// 18 are used of 16; three nodes are full, and the fourth has one left.
const full = snapshotOf(WORLD)
const need: EntitledNeed = {
  kind: 'entitled',
  id: 'waits',
  node: nodeNamed(full, 'cohort:c'),
  class: 'a',
  atMost: amount(16),
  tenant: 'owner',
  pods: ['w1'],
  sinceMs: NOW,
}
const tell = (...uids: readonly string[]) => uids.map(uid => notify('waits', [uid], 2))
const taking = (pods: readonly string[], ...uids: readonly string[]) => planFor({ ...need, pods }, uids, tell(...uids))
const large: Snapshot = snapshotOf({
  ...WORLD,
  pods: [...WORLD.pods.filter(({ uid }) => uid !== 'w2'), pod('w3', 'owner', 'reserved', 3, waiting)],
})

const gangOf = (size: number): RefusedDemand => ({
  tenant: 'owner',
  tier: 'burst',
  demand: amounts({ a: 2 }),
  gang: { id: 'train', size, demand: amounts({ a: 2 * size }) },
  owner: 'job',
  name: 'Job owner/train',
  sinceMs: NOW,
  lastMs: NOW,
})
const running = WORLD.pods.filter(({ uid }) => !uid.startsWith('w'))
const refusing = (demand: RefusedDemand) => {
  const need: RefusedNeed = { kind: 'refused', id: 'waits', demand }
  const untilMs = NOW + TERMS.noticeMs.burst + TERMS.claimMs
  const heldFor = { kind: 'owner', owner: 'job' } as const
  const claim = {
    tenant: 'owner',
    tier: 'burst',
    amounts: demand.gang?.demand ?? demand.demand,
    heldFor,
    untilMs,
  } as const
  const rule = 'above-fair-share' as const
  const steps = tell('b1').map(step => ({ ...step, rule }))
  return {
    snapshot: snapshotOf({ ...WORLD, pods: running, rest: { ...WORLD.rest, refused: [demand] } }),
    plan: planFor(need, ['b1'], [{ kind: 'hold', rule, need: 'waits', claim }, ...steps]),
  }
}

accepts([
  { name: 'a node gets room for the pod', snapshot: full, plan: taking(['w1'], 'b1') },
  { name: 'two nodes get room for a pod each', snapshot: full, plan: taking(['w1', 'w2'], 'b1', 'b3') },
  { name: 'one node gets room for a large pod', snapshot: large, plan: taking(['w3'], 'b3', 'b4') },
  { name: 'nobody knows the nodes', snapshot: { ...large, nodes: null }, plan: taking(['w3'], 'b3', 'b4') },
])

rejects([
  {
    name: 'room in pieces for a large pod',
    snapshot: large,
    plan: taking(['w3'], 'b1', 'b3'),
    want: /no room for all who wait/,
  },
  {
    name: 'room for one pod of two',
    snapshot: full,
    plan: taking(['w1', 'w2'], 'b1'),
    want: /no room for all who wait/,
  },
  {
    name: 'room for two where one waits',
    snapshot: full,
    plan: taking(['w1'], 'b1', 'b3'),
    want: /b1: it is not needed[\s\S]*b3: it is not needed/,
  },
  {
    name: 'no node is large enough, whoever leaves',
    snapshot: { ...full, nodes: [node('n1', 4), node('n2', 1)] },
    plan: taking(['w1'], 'b1'),
    want: /no room for all who wait/,
  },
  { name: 'room for half of a gang that was refused', ...refusing(gangOf(2)), want: /no room for all who wait/ },
])
