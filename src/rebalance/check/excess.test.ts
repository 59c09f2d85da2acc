/** Limits that were cut, of tenants, pools and cohorts: who gives back, and down to where. */
import { amount } from '../../quantity/amount.ts'
import { cohort, tenant } from '../../quota/testing.ts'
import type { ExcessNeed } from '../need.ts'
import type { Notify, Plan } from '../plan.ts'
import type { Snapshot } from '../snapshot.ts'
import { NOW, nodeNamed, notify, planFor, pod, snapshotOf, TERMS, type World } from './scenes.testing.ts'
import { accepts, rejects } from './verdicts.testing.ts'

const needAt = (snapshot: Snapshot, name: string, atMost: number): ExcessNeed => ({
  kind: 'excess',
  id: 'cut',
  node: nodeNamed(snapshot, name),
  class: 'a',
  atMost: amount(atMost),
  of: ownerOf(name),
})

/** Nodes are named by what they are for, as `pool:c`. */
function ownerOf(node: string): ExcessNeed['of'] {
  const [what, name = ''] = node.split(':')
  return { kind: what === 'cohort' || what === 'pool' ? what : 'tenant', name }
}

const tell = (uid: string, size: number, more: Partial<Notify> = {}): Notify =>
  notify('cut', [uid], size, { rule: 'over-its-limit', ...more })
const shared = { tier: 'shared', deadlineMs: NOW + TERMS.noticeMs.shared } as const

interface Case {
  readonly snapshot: Snapshot
  readonly plan: Plan
}

/** Who is told at a node of a world, so that no more is left there. */
function cut(world: World, name: string, atMost: number, ...told: readonly Notify[]): Case {
  const snapshot = snapshotOf(world)
  const victims = told.flatMap(({ pods }) => pods)
  return { snapshot, plan: planFor(needAt(snapshot, name, atMost), victims, told) }
}

const BORROWER: World = {
  cohorts: [cohort('c', { a: { burst: 8, shared: 4 } })],
  tenants: [tenant('borrower', 'c', { a: { burstLimit: 2 } }), tenant('other', 'c', { a: {} })],
  pods: [
    pod('b1', 'borrower', 'burst', 2),
    pod('b2', 'borrower', 'burst', 2),
    pod('s1', 'borrower', 'shared', 2),
    pod('s2', 'other', 'shared', 2),
    pod('o1', 'other', 'burst', 2),
  ],
}
const UNLIMITED: World = { ...BORROWER, tenants: [tenant('borrower', 'c', { a: {} }), tenant('other', 'c', { a: {} })] }
const UNLISTED: World = { ...BORROWER, tenants: [tenant('borrower', 'c', {}), tenant('other', 'c', { a: {} })] }
const CAPPED: World = {
  ...BORROWER,
  tenants: [tenant('borrower', 'c', { a: {} }, { cap: amount(4) }), tenant('other', 'c', { a: {} })],
}
const SMALL_POOL: World = { ...UNLIMITED, cohorts: [cohort('c', { a: { burst: 8, shared: 2 } })] }
const SMALL: World = { ...UNLIMITED, cohorts: [cohort('c', { a: { burst: 4, shared: 4 } })] }
const GONE: World = { ...SMALL, tenants: [tenant('other', 'c', { a: {} })] }
// Five are reserved of three, which nobody can take back.
const KEPT: World = {
  cohorts: [cohort('c', { a: {} })],
  tenants: [tenant('owner', 'c', { a: { reserved: 3 } }), tenant('borrower', 'c', { a: {} })],
  pods: [pod('r1', 'owner', 'reserved', 5), pod('b1', 'borrower', 'burst', 2), pod('b2', 'borrower', 'burst', 2)],
}
const NESTED: World = {
  cohorts: [
    cohort('c', { a: { burst: 3 } }),
    cohort('lender', { a: { burst: 4 } }, 'c'),
    cohort('taker', { a: {} }, 'c'),
  ],
  tenants: [tenant('modest', 'lender', { a: {} }), tenant('borrower', 'taker', { a: {} })],
  pods: [pod('m1', 'modest', 'burst', 2), pod('b1', 'borrower', 'burst', 4), pod('b2', 'borrower', 'burst', 2)],
}

accepts([
  { name: 'a borrowing limit', ...cut(BORROWER, 'burst:borrower', 2, tell('b1', 2)) },
  { name: 'a class that is no longer listed', ...cut(UNLISTED, 'burst:borrower', 0, tell('b1', 2), tell('b2', 2)) },
  { name: 'a cap over all classes', ...cut(CAPPED, 'burst:borrower', 2, tell('b1', 2)) },
  { name: 'a pool', ...cut(SMALL_POOL, 'pool:c', 2, tell('s1', 2, shared)) },
  { name: 'all that a cohort has', ...cut(SMALL, 'cohort:c', 8, tell('b1', 2)) },
  { name: 'what a tenant holds that is gone', ...cut(GONE, 'cohort:c', 8, tell('s1', 2)) },
  { name: 'all that is above what is reserved', ...cut(KEPT, 'cohort:c', 5, tell('b1', 2), tell('b2', 2)) },
  { name: 'only the cohort that borrows', ...cut(NESTED, 'cohort:c', 7, tell('b2', 2)) },
])

rejects([
  {
    name: 'a borrowing limit, and below',
    ...cut(BORROWER, 'burst:borrower', 1, tell('b1', 2), tell('b2', 2)),
    want: /burst:borrower may use 2m a, and is brought down to 1m/,
  },
  {
    name: 'a limit that there is not',
    ...cut(UNLIMITED, 'burst:borrower', 2, tell('b1', 2)),
    want: /nothing limits a at burst:borrower/,
  },
  {
    name: 'a cap over all classes, and below',
    ...cut(CAPPED, 'burst:borrower', 0, tell('b1', 2), tell('b2', 2)),
    want: /burst:borrower may use 2m a, and is brought down to 0/,
  },
  {
    name: 'somebody outside what was cut',
    ...cut(BORROWER, 'burst:borrower', 2, tell('o1', 2, { tenant: 'other' })),
    want: /pod o1: it does not count at burst:borrower/,
  },
  {
    name: 'shared use that is within its pool',
    ...cut(SMALL, 'cohort:c', 8, tell('s1', 2, shared)),
    want: /shared is taken although reserved and shared of cohort:c are within 8m a/,
  },
  {
    name: 'what is reserved above what there is',
    ...cut(KEPT, 'cohort:c', 4, tell('b1', 2), tell('b2', 2)),
    want: /cohort:c still uses 5m a, and may use 4m/,
  },
  {
    name: 'the notice of burst for shared',
    ...cut(SMALL_POOL, 'pool:c', 2, tell('s1', 2, { tier: 'shared' })),
    want: /its deadline is 1000060000, and by the terms of its cohort 1000300000/,
  },
  {
    name: 'a cohort that does not borrow',
    ...cut(NESTED, 'cohort:c', 7, tell('m1', 2, { tenant: 'modest' })),
    want: /cohort:lender gives back to somebody outside it and does not borrow/,
  },
  {
    name: 'more than is over, in one piece, beside what is enough',
    ...cut(NESTED, 'cohort:c', 7, tell('b1', 4), tell('b2', 2)),
    want: /pod b1: it is not needed[\s\S]*pod b2: it is not needed/,
  },
  {
    name: 'a limit of somebody else',
    snapshot: snapshotOf(SMALL),
    plan: planFor(
      { ...needAt(snapshotOf(SMALL), 'cohort:c', 8), of: { kind: 'tenant', name: 'other' } },
      ['b1'],
      [tell('b1', 2)],
    ),
    want: /cohort:c is not of the tenant other/,
  },
  {
    name: 'a node of another tree',
    snapshot: snapshotOf(SMALL),
    plan: planFor(
      {
        ...needAt(snapshotOf(BORROWER), 'cohort:c', 8),
        node: { ...nodeNamed(snapshotOf(SMALL), 'cohort:c'), name: 'x' },
      },
      [],
      [],
    ),
    want: /the tree has no node x/,
  },
  {
    name: 'a cohort says nothing, and the one above it that reclaim is off',
    ...cut(
      { ...NESTED, rest: { terms: new Map([['c', { ...TERMS, mode: 'Off' as const }]]) } },
      'cohort:c',
      7,
      tell('b2', 2),
    ),
    want: /reclaim is Off for borrower/,
  },
  {
    name: 'nobody says anything: plans are only shown',
    ...cut({ ...NESTED, rest: { terms: new Map() } }, 'cohort:c', 7, tell('b2', 2)),
    want: /applied although a victim is only shown/,
  },
])
