import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../quantity/amount.ts'
import type { Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import { decide } from './decide.ts'
import { explain } from './explain.ts'
import type { Limit } from './limits.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { bookOn, cohort, compiled, present, request, STAMP, tenant, tenantNamed, treeNamed } from './testing.ts'

type Held = readonly (readonly [tenant: string, tier: Tier, gpus: number])[]

const CASES: readonly {
  readonly name: string
  readonly cohorts: readonly CohortSpec[]
  readonly tenants: readonly TenantSpec[]
  readonly held: Held
  readonly tier: Tier
  readonly want: Limit
  readonly numbers: readonly [used: number, limited: number, available: number]
}[] = [
  {
    name: 'its own reservation',
    cohorts: [cohort('c', { gpu: { burst: 8 } })],
    tenants: [tenant('t', 'c', { gpu: { reserved: 8 } })],
    held: [['t', 'reserved', 6]],
    tier: 'reserved',
    want: { kind: 'reserved', tenant: 't' },
    numbers: [6, 8, 2],
  },
  {
    name: 'its own part of the pool',
    cohorts: [cohort('c', { gpu: { shared: 8 } })],
    tenants: [tenant('t', 'c', { gpu: { sharedMax: 5 } })],
    held: [['t', 'shared', 4]],
    tier: 'shared',
    want: { kind: 'shared-max', tenant: 't' },
    numbers: [4, 5, 1],
  },
  {
    name: 'the pool',
    cohorts: [cohort('c', { gpu: { shared: 8, burst: 8 } })],
    tenants: [tenant('t', 'c', { gpu: { sharedMax: 8 } }), tenant('u', 'c', { gpu: {} })],
    held: [
      ['t', 'shared', 1],
      ['u', 'shared', 5],
    ],
    tier: 'shared',
    want: { kind: 'shared-pool', cohort: 'c' },
    numbers: [6, 8, 2],
  },
  {
    name: 'its own burst limit',
    cohorts: [cohort('c', { gpu: { burst: 12 } })],
    tenants: [tenant('t', 'c', { gpu: { burstLimit: 8 } })],
    held: [['t', 'burst', 6]],
    tier: 'burst',
    want: { kind: 'burst-limit', tenant: 't' },
    numbers: [6, 8, 2],
  },
  {
    name: 'what its cohort may borrow',
    cohorts: [cohort('top', { gpu: { burst: 20 } }), cohort('c', { gpu: { burst: 4, borrowingLimit: 3 } }, 'top')],
    tenants: [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: {} })],
    held: [['u', 'burst', 5]],
    tier: 'burst',
    want: { kind: 'borrowing-limit', cohort: 'c' },
    numbers: [5, 7, 2],
  },
  {
    name: 'what a neighbour does not lend',
    cohorts: [cohort('c', { gpu: { burst: 4 } })],
    tenants: [
      tenant('t', 'c', { gpu: {} }),
      tenant('u', 'c', { gpu: { reserved: 8, lendingLimit: 2 } }),
      tenant('v', 'c', { gpu: { reserved: 3, lendingLimit: 0 } }),
    ],
    held: [
      ['t', 'burst', 5],
      ['u', 'reserved', 1],
    ],
    tier: 'burst',
    want: { kind: 'lending-limit', owner: { kind: 'tenant', tenant: 'u' }, hidden: amount(5) },
    numbers: [5, 6, 1],
  },
  {
    name: 'what another cohort does not lend',
    cohorts: [
      cohort('top', { gpu: { burst: 2 } }),
      cohort('c', { gpu: {} }, 'top'),
      cohort('d', { gpu: { burst: 8, lendingLimit: 1 } }, 'top'),
    ],
    tenants: [tenant('t', 'c', { gpu: {} }), tenant('u', 'd', { gpu: {} })],
    held: [
      ['t', 'burst', 2],
      ['u', 'burst', 3],
    ],
    tier: 'burst',
    want: { kind: 'lending-limit', owner: { kind: 'cohort', cohort: 'd' }, hidden: amount(4) },
    numbers: [2, 3, 1],
  },
  {
    name: 'what a neighbour does not lend, where what the cohort may borrow is used up as well',
    cohorts: [cohort('top', { gpu: { burst: 2 } }), cohort('c', { gpu: { burst: 4, borrowingLimit: 2 } }, 'top')],
    tenants: [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: { reserved: 8, lendingLimit: 0 } })],
    held: [['t', 'burst', 5]],
    tier: 'burst',
    want: { kind: 'lending-limit', owner: { kind: 'tenant', tenant: 'u' }, hidden: amount(8) },
    numbers: [5, 6, 1],
  },
  {
    name: 'what its cohort may borrow, where there is nothing to borrow either',
    cohorts: [cohort('top', { gpu: { burst: 2 } }), cohort('c', { gpu: { burst: 4, borrowingLimit: 2 } }, 'top')],
    tenants: [tenant('t', 'c', { gpu: {} })],
    held: [['t', 'burst', 5]],
    tier: 'burst',
    want: { kind: 'borrowing-limit', cohort: 'c' },
    numbers: [5, 6, 1],
  },
  {
    name: 'nothing is idle',
    cohorts: [cohort('c', { gpu: { burst: 4 } })],
    tenants: [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: { reserved: 4 } })],
    held: [
      ['t', 'burst', 3],
      ['u', 'reserved', 4],
    ],
    tier: 'burst',
    want: { kind: 'nothing-idle', cohort: 'c' },
    numbers: [7, 8, 1],
  },
]

test('the limit that binds is named, with its numbers', () => {
  for (const { name, cohorts, tenants, held, tier, want, numbers } of CASES) {
    const book = filled(cohorts, tenants, held)
    const { tiers } = explain(book, tenantNamed(book.quota, 't'), request('next', 't', { gpu: 4 }, tier))
    const answer = present(tiers[0]?.classes[0], name)
    assert.deepEqual(answer.binding.limit, want, name)
    assert.deepEqual([answer.binding.used, answer.binding.limited, answer.available].map(Number), numbers, name)
    assert.equal(answer.short, BigInt(4 - numbers[2]), name)
    assert.equal(tiers[0]?.fits, false, name)
  }
})

test('a denial can say who borrows, what is idle, and what would fit instead', () => {
  const book = filled(
    [cohort('inference', { h100: { burst: 20 }, a100: { burst: 8 } })],
    [
      tenant('team-a', 'inference', { h100: { burstLimit: 8 }, a100: { perPodMax: 6 } }),
      tenant('team-b', 'inference', { h100: {} }),
      tenant('team-c', 'inference', { h100: { reserved: 4 } }),
    ],
    [
      ['team-a', 'burst', 6],
      ['team-b', 'burst', 10],
      ['team-c', 'reserved', 4],
      ['team-c', 'burst', 2],
    ],
    'h100',
  )
  const explanation = explain(book, tenantNamed(book.quota, 'team-a'), request('next', 'team-a', { h100: 8 }, 'burst'))
  const [tier] = explanation.tiers
  const answer = present(tier?.classes[0], 'h100')
  assert.deepEqual(answer.binding.limit, { kind: 'burst-limit', tenant: 'team-a' })
  assert.deepEqual(
    { requested: answer.requested, used: answer.binding.used, limited: answer.binding.limited, idle: answer.idle },
    { requested: 8n, used: 6n, limited: 8n, idle: 2n },
  )
  assert.deepEqual(answer.borrowers, [
    { tenant: 'team-b', tier: 'burst', amount: 10n },
    { tenant: 'team-a', tier: 'burst', amount: 6n },
    { tenant: 'team-c', tier: 'burst', amount: 2n },
  ])
  assert.deepEqual(answer.holders, [{ tenant: 'team-a', tier: 'burst', amount: 6n }])
  assert.deepEqual(Object.fromEntries(explanation.largest), {
    h100: { reserved: 0n, shared: 0n, burst: 2n },
    a100: { reserved: 0n, shared: 0n, burst: 6n },
  })
})

test('the same book names the same holders, ties in the order of their names, tenants that are gone included', () => {
  const cohorts = [cohort('c', { gpu: { burst: 40 } })]
  const names = ['f', 'e', 'd', 'c', 'b', 'a']
  const all = filled(
    cohorts,
    ['t', 'gone', ...names].map(name => tenant(name, 'c', { gpu: { reserved: 3 } })),
    [['gone', 'reserved', 3], ...names.map(name => [name, 'burst', 2] as const), ['a', 'reserved', 2]],
  )
  const left = treeNamed(
    compiled(
      cohorts,
      ['t', ...names].map(name => tenant(name, 'c', { gpu: {} })),
    ),
    'c',
  )
  const book = openBook(left, all.ledger)
  const { tiers } = explain(book, tenantNamed(left, 't'), request('next', 't', { gpu: 40 }, 'burst'))
  assert.deepEqual(
    tiers[0]?.classes[0]?.holders.map(holder => `${holder.tenant}/${holder.tier}`),
    ['gone/reserved', 'a/burst', 'a/reserved', 'b/burst', 'c/burst'],
  )
})

test('a limit per pod bounds the largest size as well', () => {
  const sizes = [
    { name: 'a maximum', limits: { perPodMax: 3 }, want: 3n },
    { name: 'a minimum that is reached', limits: { perPodMin: 5 }, want: 5n },
    { name: 'a minimum that is not', limits: { perPodMin: 6 }, want: 0n },
  ]
  for (const { name, limits, want } of sizes) {
    const book = filled([cohort('c', { gpu: { burst: 5 } })], [tenant('t', 'c', { gpu: limits })], [])
    const { largest } = explain(book, tenantNamed(book.quota, 't'), request('1', 't', { gpu: 9 }))
    assert.equal(largest.get('gpu')?.burst, want, name)
  }
})

function filled(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[], held: Held, key = 'gpu'): Book {
  const [root] = cohorts
  return held.reduce(
    (book, [name, tier, gpus], index) => {
      const decided = decide(book, request(`held-${index}`, name, { [key]: gpus }, tier), STAMP)
      assert.equal(decided.outcome.kind, 'charged', `${name} ${tier} ${gpus}`)
      return decided.book
    },
    bookOn(cohorts, tenants, present(root, 'root').name),
  )
}
