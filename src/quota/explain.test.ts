import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Amount, add, amount, least, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import { decide } from './decide.ts'
import { type Explanation, explain } from './explain.ts'
import { charges, EMPTY_LEDGER } from './ledger.ts'
import type { Limit, Step } from './limits.ts'
import type { NodeSpec, Quota } from './node-spec.ts'
import type { Tenant } from './quota-tree.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import {
  cohort,
  compiled,
  forestOf,
  present,
  request,
  type Scenario,
  STAMP,
  someDemand,
  someScenario,
  tenant,
  tenantNamed,
  treeNamed,
} from './testing.ts'
import { addUsage, available, noUsage } from './usage.ts'

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

test('all numbers and the binding limit are what trying every size and dropping every limit gives', () => {
  fc.assert(
    fc.property(someScenario, someHeld, someDemand, fc.option(someScenario), (former, held, demand, changed) => {
      // Quotas change under a ledger, so that they may be below what is in use, and tenants may be gone.
      const scenario = changed ?? former
      const { ledger } = played(former, held)
      const book = openBook(treeNamed(compiled(scenario.cohorts, scenario.tenants), 'c0'), ledger)
      for (const spec of scenario.tenants) {
        const known = tenantNamed(book.quota, spec.name)
        const allowed = new Map([...demand].filter(([key]) => spec.classes.has(key)))
        const ask = { tenant: spec.name, tier: 'auto' as const, demand: allowed }
        const explanation = explain(book, known, ask)
        checkSizes(book, known, explanation)
        for (const { tier, fits, classes } of explanation.tiers) {
          assert.equal(fits, fitsIn(book, spec.name, tier, allowed))
          for (const answer of classes) {
            assert.equal(answer.available, room(book, known, tier, answer.class), 'available')
            assert.equal(add(answer.short, answer.available) >= answer.requested, true)
            assert.equal(answer.short > ZERO, answer.requested > answer.available, 'short')
            checkBinding(book, known, tier, answer.class, answer.path, answer.binding)
          }
        }
      }
    }),
    { numRuns: 60 },
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

const someHeld = fc.array(fc.record({ tenant: fc.nat(9), tier: fc.constantFrom(...TIERS), demand: someDemand }), {
  maxLength: 15,
})

function played(
  { cohorts, tenants }: Scenario,
  held: readonly { tenant: number; tier: Tier; demand: ReadonlyMap<string, Amount> }[],
): Book {
  return held.reduce(
    (book, { tenant: index, tier, demand }, at) => {
      const { name } = present(tenants[index % tenants.length], 'tenant')
      return decide(book, { uid: `${at}`, tenant: name, tier, demand, namespace: 'n' }, STAMP).book
    },
    openBook(treeNamed(compiled(cohorts, tenants), 'c0'), EMPTY_LEDGER),
  )
}

function filled(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[], held: Held, key = 'gpu'): Book {
  const [root] = cohorts
  return held.reduce(
    (book, [name, tier, gpus], index) => {
      const decided = decide(book, request(`held-${index}`, name, { [key]: gpus }, tier), STAMP)
      assert.equal(decided.outcome.kind, 'charged', `${name} ${tier} ${gpus}`)
      return decided.book
    },
    openBook(treeNamed(compiled(cohorts, tenants), present(root, 'root').name), EMPTY_LEDGER),
  )
}

function fitsIn(book: Book, name: string, tier: Tier, demand: ReadonlyMap<string, Amount>): boolean {
  const pod = { uid: 'probe', tenant: name, tier, demand, namespace: 'n', name: 'probe' }
  return decide(book, pod, STAMP).outcome.kind === 'charged'
}

/** The largest size, by trying every one. */
function room(book: Book, { spec }: Tenant, tier: Tier, key: string): Amount {
  const sizes = Array.from({ length: 100 }, (_, size) => amount(size))
  return sizes.findLast(size => fitsIn(book, spec.name, tier, new Map([[key, size]]))) ?? ZERO
}

function checkSizes(book: Book, known: Tenant, { largest }: Explanation): void {
  assert.deepEqual([...largest.keys()], [...known.spec.classes.keys()])
  for (const [key, sizes] of largest) {
    for (const tier of TIERS) assert.equal(sizes[tier], room(book, known, tier, key), `largest ${tier} ${key}`)
  }
}

function checkBinding(book: Book, known: Tenant, tier: Tier, key: string, path: readonly Step[], binding: Step): void {
  const leaf = known.leaves[tier].name
  const roomWithout = (...dropped: readonly Dropped[]) => roomIn(book, tier, leaf, key, dropped)
  const before = roomWithout()
  assert.equal(path.map(step => step.room).reduce(least), before, 'the tightest step is what is available')

  const helps = (limit: Dropped['limit']) =>
    book.quota.tree.nodes.map(({ name }) => ({ name, limit })).filter(one => roomWithout(one) > before)
  const borrowing = helps('borrowingLimit')
  switch (binding.limit.kind) {
    case 'nothing-idle':
      assert.deepEqual([...borrowing, ...helps('lendingLimit')], [], 'no limit but capacity is missing')
      break
    case 'lending-limit':
      assert.ok(
        helps('lendingLimit').some(({ name }) => isOwner(name, binding.limit)),
        'its removal would help',
      )
      assert.deepEqual(borrowing, [])
      break
    case 'reserved':
    case 'shared-max':
    case 'shared-pool':
    case 'burst-limit':
    case 'borrowing-limit': {
      // Where several limits are equally tight the nearest is named, and only without all of them there is more room.
      const tied = path.filter(step => step.room === before).map(({ node }) => node)
      const isRootTied = tied.some(node => node.parent === null)
      const without = tied.map(({ name }): Dropped => ({ name, limit: 'borrowingLimit' }))
      assert.equal(tied[0], binding.node, 'the nearest of the tightest')
      assert.equal(roomWithout(...without) > before, !isRootTied)
      if (borrowing.length > 0)
        assert.deepEqual(
          borrowing.map(({ name }) => name),
          [binding.node.name],
        )
    }
  }
}

interface Dropped {
  readonly name: string
  readonly limit: 'borrowingLimit' | 'lendingLimit'
}

/** What would be available in a tree built anew without some of its limits. */
function roomIn(book: Book, tier: Tier, leaf: string, key: string, dropped: readonly Dropped[]): Amount {
  const isDropped = (name: string, limit: Dropped['limit']) =>
    dropped.some(one => one.name === name && one.limit === limit)
  const withoutLimits = (name: string, { nominal, borrowingLimit, lendingLimit }: Quota): Quota => ({
    nominal,
    borrowingLimit: isDropped(name, 'borrowingLimit') ? null : borrowingLimit,
    lendingLimit: isDropped(name, 'lendingLimit') ? null : lendingLimit,
  })
  const specs = book.quota.tree.nodes.map(
    ({ name, parent, quotas }): NodeSpec => ({
      name,
      parent: parent?.name ?? null,
      quotas: new Map([...quotas].map(([one, quota]) => [one, withoutLimits(name, quota)])),
    }),
  )
  const { nodes, trees } = forestOf(specs)
  const tree = present(trees[0], 'tree')
  const usage = [...charges(book.ledger)].reduce((running, charge) => {
    const isKnown = book.quota.tenants.has(charge.tenant)
    const isCounted = tier === 'burst' || (isKnown && charge.tier !== 'burst')
    const node = isKnown ? present(nodes.get(`${charge.tier}:${charge.tenant}`), 'leaf') : tree.root
    return isCounted ? addUsage(running, node, charge.amounts) : running
  }, noUsage(tree))
  return available(usage, present(nodes.get(leaf), leaf), key)
}

function isOwner(node: string, limit: Limit): boolean {
  if (limit.kind !== 'lending-limit') return false
  const { owner } = limit
  return node === (owner.kind === 'tenant' ? `reserved:${owner.tenant}` : `cohort:${owner.cohort}`)
}
