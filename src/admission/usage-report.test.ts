import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBook } from '../quota/book.ts'
import { openBooks } from '../quota/books.ts'
import { type Charge, ledgerOf } from '../quota/ledger.ts'
import { amounts, STAMP } from '../quota/testing.ts'
import type { Tier } from '../schema/parts.ts'
import { usageJson } from './quota-json.ts'
import { clusterWith } from './testing.ts'
import { tenantMeant, usageOfAll, usageOfTenant } from './usage-report.ts'

const CLUSTER = clusterWith()

function bookOf(...held: readonly (readonly [tenant: string, tier: Tier, gpus: number])[]) {
  const charges = held.map(([tenant, tier, gpus], index): Charge => {
    return {
      ...STAMP,
      uid: `u${index}`,
      tenant,
      tier,
      amounts: amounts({ h100: gpus * 1000 }),
      gang: null,
    }
  })
  const books = openBooks(CLUSTER.quotas, charges)
  return (tree: string) => books.get(tree)
}

test('a tenant is meant by its name or by a namespace of it', () => {
  const { quotas } = CLUSTER
  assert.deepEqual(tenantMeant({ tenant: 'a' }, quotas), { ok: true, value: 'a' })
  assert.deepEqual(tenantMeant({ namespace: 'team-b' }, quotas), { ok: true, value: 'b' })
  for (const [asked, says] of [
    [{ tenant: 'x\u001b[31m' }, /no TenantQuota is named "x/],
    [{ namespace: 'nowhere' }, /"nowhere" belongs to no tenant/],
    [{ namespace: '__proto__' }, /"__proto__" belongs to no tenant/],
  ] as const) {
    const meant = tenantMeant(asked, quotas)
    assert.match(meant.ok ? '' : meant.issues.map(({ problem }) => problem).join(), says)
  }
})

test('the usage of one tenant has its numbers, whom it borrows from, and how long the notice is', () => {
  const report = usageOfTenant('a', CLUSTER, bookOf(['a', 'reserved', 8], ['a', 'burst', 6], ['b', 'burst', 1]))
  const [
    { tenant, cohort, noticeSeconds, usage } = { tenant: '', cohort: '', noticeSeconds: 0, usage: [] },
    ...others
  ] = usageJson(report).tenants
  assert.deepEqual([tenant, cohort, noticeSeconds, others], ['a', 'research', 90, []])
  const burst = usage.find(({ tier }) => tier === 'burst')
  assert.deepEqual(burst, {
    class: 'h100',
    tier: 'burst',
    usedMilliGpus: 6_000,
    claimedMilliGpus: 0,
    limitMilliGpus: 20_000,
    availableMilliGpus: 5_000,
    overMilliGpus: 0,
    atRiskMilliGpus: 6_000,
    borrowedFrom: [
      { kind: 'burst-pool', name: 'research', amountMilliGpus: 3_000 },
      { kind: 'shared-pool', name: 'research', amountMilliGpus: 3_000 },
    ],
  })
})

test('the usage of one tenant tells of what is oversubscribed on its way, and not of the pods of anybody', () => {
  const bookOfTree = bookOf(['a', 'burst', 12], ['b', 'reserved', 4], ['a', 'reserved', 8])
  const report = usageOfTenant('b', CLUSTER, bookOfTree)
  assert.deepEqual(usageJson(report).oversubscribed, [
    {
      kind: 'cohort',
      cohort: 'research',
      class: 'h100',
      usedMilliGpus: 24_000,
      limitMilliGpus: 20_000,
      reclaimableMilliGpus: 4_000,
      stuckMilliGpus: 0,
    },
  ])
  assert.doesNotMatch(JSON.stringify(usageJson(report)), /hidden/)
})

test('the usage of all is in the order of tenants, with what those hold that are not defined', () => {
  const [tree] = CLUSTER.quotas.trees.values()
  assert.ok(tree !== undefined)
  const held: Charge = {
    ...STAMP,
    uid: 'u',
    tenant: 'gone',
    tier: 'shared',
    amounts: amounts({ h100: 2_000 }),
    gang: null,
  }
  const { tenants, undefinedTenants } = usageJson(usageOfAll(CLUSTER, () => openBook(tree, ledgerOf([held]))))
  assert.deepEqual(
    tenants.map(({ tenant }) => tenant),
    ['a', 'b'],
  )
  assert.deepEqual(undefinedTenants, [{ tenant: 'gone', class: 'h100', tier: 'shared', usedMilliGpus: 2_000 }])
})

test('a tree whose ledger was not read yet tells nothing', () => {
  assert.deepEqual(
    usageOfTenant('a', CLUSTER, () => undefined),
    { tenants: [], oversubscribed: [], orphans: [] },
  )
  assert.deepEqual(
    usageOfAll(CLUSTER, () => undefined),
    { tenants: [], oversubscribed: [], orphans: [] },
  )
})
