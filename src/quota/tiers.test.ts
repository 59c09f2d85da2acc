import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { amount } from '../quantity/amount.ts'
import { formatIssue } from '../schema/parsed.ts'
import { TIERS } from '../schema/parts.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { cohort, compiled, present, someScenario, tenant, tenantNamed, treeNamed } from './testing.ts'
import { compileQuotas } from './tiers.ts'
import { potential, quotaAt } from './tree.ts'

test('tiers become the nodes that the design draws', () => {
  const quotas = compiled(
    [
      cohort('top', { h100: { burst: 1 } }),
      cohort('c', { h100: { shared: 8, burst: 4, borrowingLimit: 3, lendingLimit: 2 } }, 'top'),
    ],
    [tenant('t', 'c', { h100: { reserved: 16, sharedMax: 6, burstLimit: 5, lendingLimit: 10 } })],
  )
  const { tree } = treeNamed(quotas, 'top')
  const shown = tree.nodes.map(node => {
    const { nominal, borrowingLimit, lendingLimit } = quotaAt(node, 'h100')
    return [node.name, node.parent?.name ?? null, nominal, borrowingLimit, lendingLimit]
  })
  assert.deepEqual(shown, [
    ['cohort:top', null, 1n, null, null],
    ['pool:top', 'cohort:top', 0n, 0n, null],
    ['cohort:c', 'cohort:top', 4n, 3n, 2n],
    ['pool:c', 'cohort:c', 8n, 0n, null],
    ['reserved:t', 'cohort:c', 16n, 0n, 10n],
    ['burst:t', 'cohort:c', 0n, 5n, null],
    ['shared:t', 'pool:c', 0n, 6n, null],
  ])
})

test('cohorts and the leaves of tenants weigh what their documents say, and pools nothing in particular', () => {
  const [two, half] = [{ nanos: 2_000_000_000n }, { nanos: 500_000_000n }]
  const { trees } = compiled(
    [{ ...cohort('c', { h100: {} }), weight: two }],
    [tenant('t', 'c', { h100: {} }, { weight: half }), tenant('free', 'c', { h100: {} }, { weight: { nanos: 0n } })],
  )
  const weights = present(trees.get('c'), 'c').tree.nodes.map(({ name, weight }) => [name, weight.nanos])
  assert.deepEqual(Object.fromEntries(weights), {
    'cohort:c': two.nanos,
    'pool:c': 1_000_000_000n,
    'reserved:t': half.nanos,
    'burst:t': half.nanos,
    'shared:t': half.nanos,
    'reserved:free': 0n,
    'burst:free': 0n,
    'shared:free': 0n,
  })
})

test('a class that only tenants mention has a pool of nothing, and can be had as burst alone', () => {
  const quotas = compiled(
    [cohort('top', { h100: { burst: 8 } }), cohort('c', {}, 'top')],
    [tenant('t', 'c', { h100: {} })],
  )
  const { leaves } = tenantNamed(treeNamed(quotas, 'top'), 't')
  const most = TIERS.map(tier => [tier, potential(leaves[tier], 'h100')])
  assert.deepEqual(Object.fromEntries(most), { reserved: 0n, shared: 0n, burst: 8n })
})

test('a tenant is found by its namespace, and its tree by the tenant', () => {
  const quotas = compiled(
    [cohort('one', {}), cohort('below', {}, 'one'), cohort('two', {})],
    [
      tenant('a', 'below', {}, { namespaces: ['a-dev', 'a-prod', 'a-prod'] }),
      tenant('b', 'two', {}, { namespaces: ['__proto__'] }),
    ],
  )
  assert.deepEqual([...quotas.trees.keys()], ['one', 'two'])
  assert.equal(quotas.treeOfTenant.get('a')?.name, 'one')
  assert.equal(quotas.treeOfTenant.get('b')?.name, 'two')
  assert.deepEqual(
    Object.fromEntries(quotas.tenantOfNamespace),
    Object.fromEntries([
      ['a-dev', 'a'],
      ['a-prod', 'a'],
      ['__proto__', 'b'],
    ]),
  )
})

test('names that look like parts of the tree do not collide', () => {
  const names = ['x', 'x/shared', 'shared:x', 'pool:x', 'cohort:x', 'reserved:x', '']
  const quotas = compiled(
    names.map(name => cohort(name, { h100: { shared: 1 } })),
    names.map(name => tenant(name, name, { h100: { reserved: 1 } })),
  )
  for (const name of names) {
    const leaves = tenantNamed(treeNamed(quotas, name), name).leaves
    assert.deepEqual(Object.keys(leaves), ['reserved', 'shared', 'burst'])
    assert.equal(treeNamed(quotas, name).tree.nodes.length, 5, name)
  }
})

const ERRORS: readonly {
  readonly name: string
  readonly cohorts: readonly CohortSpec[]
  readonly tenants: readonly TenantSpec[]
  readonly want: readonly string[]
}[] = [
  {
    name: 'a tenant in a cohort that does not exist',
    cohorts: [],
    tenants: [tenant('t', 'gone', {})],
    want: ['TenantQuota t: spec.cohort: there is no Cohort gone (create it or name an existing one)'],
  },
  {
    name: 'a cohort below one that does not exist',
    cohorts: [cohort('c', {}, 'gone')],
    tenants: [],
    want: ['Cohort c: spec.parent: there is no Cohort gone (create it or name an existing one)'],
  },
  {
    name: 'cohorts in a circle',
    cohorts: [cohort('c', {}, 'd'), cohort('d', {}, 'c')],
    tenants: [],
    want: ['Cohort c: spec.parent: the parents form a cycle: c -> d -> c (remove the parent of one of them)'],
  },
  {
    name: 'names defined twice',
    cohorts: [cohort('c', {}), cohort('c', {})],
    tenants: [tenant('t', 'c', {}, { namespaces: [] }), tenant('t', 'c', {}, { namespaces: [] })],
    want: [
      'Cohort c: is defined twice (remove or rename one of the two)',
      'TenantQuota t: is defined twice (remove or rename one of the two)',
    ],
  },
  {
    name: 'a namespace of two tenants',
    cohorts: [cohort('c', {})],
    tenants: [tenant('t', 'c', {}, { namespaces: ['n', 'n'] }), tenant('u', 'c', {}, { namespaces: ['m', 'n'] })],
    want: [
      'TenantQuota u: spec.namespaces: namespace n belongs to TenantQuota t as well as to u (leave it to one of the two)',
    ],
  },
  {
    name: 'negative amounts, each with its field',
    cohorts: [cohort('c', { h100: { shared: -1, lendingLimit: -2 } })],
    tenants: [tenant('t', 'c', { h100: { reserved: -3000, sharedMax: -4, burstLimit: -5, perPodMax: -6 } })],
    want: [
      'Cohort c: spec.classes[h100].shared: -1m is negative (use 0 or more)',
      'Cohort c: spec.classes[h100].lendingLimit: -2m is negative (use 0 or more)',
      'TenantQuota t: spec.classes[h100].reserved: -3 is negative (use 0 or more)',
      'TenantQuota t: spec.classes[h100].shared.max: -4m is negative (use 0 or more)',
      'TenantQuota t: spec.classes[h100].burst.borrowingLimit: -5m is negative (use 0 or more)',
      'TenantQuota t: spec.classes[h100].perPod.max: -6m is negative (use 0 or more)',
    ],
  },
  {
    name: 'weights that are next to nothing, where the least that is allowed and nothing at all are fine',
    cohorts: [
      { ...cohort('c', {}), weight: { nanos: 1n } },
      { ...cohort('d', {}), weight: { nanos: 2n } },
    ],
    tenants: [
      tenant('t', 'c', {}, { weight: { nanos: -1n } }),
      tenant('u', 'c', {}, { weight: { nanos: 0n } }),
      tenant('v', 'c', {}, { weight: { nanos: 1n } }),
    ],
    want: [
      'Cohort c: spec.weight: the weight is neither 0 nor above 0.000000001 (use 0 or more than 0.000000001)',
      'TenantQuota t: spec.weight: the weight is negative (use 0 or more than 0.000000001)',
      'TenantQuota v: spec.weight: the weight is neither 0 nor above 0.000000001 (use 0 or more than 0.000000001)',
    ],
  },
  {
    name: 'a tenant that can never have anything',
    cohorts: [cohort('c', {})],
    tenants: [tenant('t', 'c', { h100: { perPodMin: 2000, perPodMax: 1000 } }, { tierOrder: [] })],
    want: [
      'TenantQuota t: spec.tierOrder: is empty, so no tier is ever tried (list at least one tier, or leave the field out)',
      'TenantQuota t: spec.classes[h100].perPod: min 2 is above max 1, so no pod fits (lower min or raise max)',
    ],
  },
]

test('quotas that make no sense are refused with the document, the field and a way out', () => {
  for (const { name, cohorts, tenants, want } of ERRORS) {
    const result = compileQuotas(cohorts, tenants)
    assert.deepEqual(result.ok ? [] : result.errors.map(formatIssue), want, name)
  }
})

test('what is promised more than once is warned about, class by class, and compiles: nodes fail and come back', () => {
  const result = compileQuotas(
    [cohort('c', { h100: { capacity: 20_000, shared: 8000, burst: 4500 }, a100: { capacity: 1000 } })],
    [
      tenant('t', 'c', { h100: { reserved: 6000 }, a100: { reserved: 1000 } }),
      tenant('u', 'c', { h100: { reserved: 4000 }, b200: { reserved: 1000 } }),
    ],
  )
  assert.deepEqual(result.ok ? result.warnings.map(formatIssue) : [], [
    'Cohort c: spec.classes[h100]: promises 2500m h100 more than its capacity of 20 (reserved 10, shared 8, burst 4500m) ' +
      "(add 2500m of capacity, or take 2500m from the pools or from its tenants' reserved)",
    'Cohort c: spec.classes[b200]: promises 1 b200 more than its capacity of 0 (reserved 1, shared 0, burst 0) ' +
      "(add 1 of capacity, or take 1 from the pools or from its tenants' reserved)",
  ])
})

test('a reservation above the cap of its tenant is warned about', () => {
  const cohorts = [cohort('c', { h100: {}, a100: {} })]
  const result = compileQuotas(cohorts, [
    tenant('t', 'c', { h100: { reserved: 8000, cap: 6000 }, a100: { reserved: 4000 } }, { cap: amount(2000) }),
  ])
  assert.deepEqual(result.ok ? result.warnings.map(formatIssue) : [], [
    'TenantQuota t: spec.classes[h100].reserved: 8 can never be used whole: the tenant is capped at 2 (lower it, or raise the cap)',
    'TenantQuota t: spec.classes[a100].reserved: 4 can never be used whole: the tenant is capped at 2 (lower it, or raise the cap)',
  ])
})

test('limits that nothing can reach are warned about and compile', () => {
  const result = compileQuotas(
    [
      cohort('top', { h100: { burst: 2000, borrowingLimit: 1000 } }),
      cohort('c', { h100: { shared: 4000, burst: 1000, borrowingLimit: 3000 } }, 'top'),
      cohort('d', { h100: { burst: 1000, borrowingLimit: 8500 } }, 'top'),
    ],
    [
      tenant('t', 'c', { h100: { reserved: 1000, sharedMax: 5000, burstLimit: 9000 } }),
      tenant('u', 'c', { h100: { sharedMax: 4000, burstLimit: 10_000 }, a100: { burstLimit: 1000 } }),
    ],
  )
  assert.ok(result.ok)
  // c has 4 + 1 + 1 of its own, and of the 3 that top and d hold it may borrow all 3: 9 in all.
  assert.deepEqual(result.warnings.map(formatIssue), [
    'Cohort top: spec.classes[h100].borrowingLimit: 1 can never be reached: at most 0 can be borrowed (lower the limit, or leave it out)',
    'Cohort d: spec.classes[h100].borrowingLimit: 8500m can never be reached: at most 8 can be borrowed (lower the limit, or leave it out)',
    'TenantQuota t: spec.classes[h100].shared.max: 5 is above the shared pool of Cohort c, which is 4 (lower it, leave it out (the whole pool), or enlarge the pool)',
    'TenantQuota u: spec.classes[h100].burst.borrowingLimit: 10 can never be reached: at most 9 can be borrowed (lower the limit, or leave it out)',
    'TenantQuota u: spec.classes[a100].burst.borrowingLimit: 1 can never be reached: at most 0 can be borrowed (lower the limit, or leave it out)',
  ])
})

test('every sensible set of cohorts and tenants compiles to one leaf per tenant and tier', () => {
  fc.assert(
    fc.property(someScenario, ({ cohorts, tenants }) => {
      const { trees } = compiled(cohorts, tenants)
      const [tree] = trees.values()
      assert.equal(trees.size, 1)
      for (const spec of tenants) {
        const { leaves } = tenantNamed(present(tree, 'tree'), spec.name)
        assert.equal(new Set(TIERS.map(tier => leaves[tier])).size, 3)
      }
    }),
  )
})
