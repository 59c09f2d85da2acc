import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Amount, amount } from '../quantity/amount.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { cohortOf, tenantOf } from '../schema/testing.ts'
import { clusterCapacity, cohortSpecOf, tenantSpecOf } from './quota-specs.ts'

const NONE = () => amount(0)

function classOf(entry: JsonObject, capacityOf: (name: string) => Amount = NONE) {
  const issues: Issue[] = []
  const spec = cohortSpecOf(cohortOf({ classes: [{ class: 'h100', ...entry }] }), capacityOf, issues)
  return { ...spec.classes.get('h100'), issues }
}

const NO_CAPACITY = clusterCapacity([])

test('pools are a count, or an exact part of the capacity, rounded down to a thousandth of a GPU', () => {
  const cases = [
    { capacity: 128, pool: '65%', want: 83_200n },
    { capacity: 10, pool: '33.3%', want: 3_330n },
    { capacity: '7m', pool: '50%', want: 3n },
    { capacity: 3, pool: '0.1%', want: 3n },
    { capacity: 999_999_999, pool: '99.9%', want: 998_999_999_001n },
    { capacity: 8, pool: '100%', want: 8_000n },
    { capacity: 8, pool: '0%', want: 0n },
    { capacity: 8, pool: 2, want: 2_000n },
    { capacity: 8, pool: '500m', want: 500n },
    { capacity: 8, pool: '3', want: 3_000n },
  ]
  for (const { capacity, pool, want } of cases) {
    const { shared, burst, issues } = classOf({ capacity: { gpus: capacity }, shared: pool, burst: pool })
    assert.deepEqual([shared, burst, issues], [want, want, []], `${pool} of ${capacity}`)
  }
})

test('what is left out is no pool and no limit', () => {
  const { issues: _, ...limits } = classOf({ capacity: { gpus: '8' } })
  assert.deepEqual(limits, { capacity: 8_000n, shared: 0n, burst: 0n, borrowingLimit: null, lendingLimit: null })
  const given = classOf({ capacity: { gpus: 8 }, borrowingLimit: 0, lendingLimit: 4 })
  assert.deepEqual([given.borrowingLimit, given.lendingLimit], [0n, 4_000n])
})

test('capacity is a number or a count of nodes, and not both', () => {
  const nodeSelector = { matchLabels: { gpu: 'h100' } }
  const counted = classOf({ capacity: { nodeSelector }, shared: '50%' }, name => amount(name === 'h100' ? 16_000 : 0))
  assert.deepEqual([counted.capacity, counted.shared, counted.issues], [16_000n, 8_000n, []])
  const cases: readonly { readonly capacity: JsonObject; readonly want: string }[] = [
    { capacity: {}, want: 'spec.classes[0].capacity: gives neither gpus nor nodeSelector' },
    { capacity: { gpus: 8, nodeSelector }, want: 'spec.classes[0].capacity: gives both gpus and nodeSelector' },
    {
      capacity: { nodeSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      want: 'spec.classes[0].capacity.nodeSelector.matchExpressions[0]: In without values',
    },
  ]
  for (const { capacity, want } of cases) {
    assert.deepEqual(
      classOf({ capacity }).issues.map(({ at, problem }) => `${at}: ${problem}`),
      [`Cohort cohort: ${want}`],
    )
  }
})

test('a weight is a decimal, with or without quotes; 1 where none is given', () => {
  const weights = [undefined, 3, '3', '0.5', 0].map(weight => {
    const spec = weight === undefined ? {} : { weight }
    return [
      cohortSpecOf(cohortOf(spec), NONE, []).weight.nanos,
      tenantSpecOf(tenantOf(spec), [], NO_CAPACITY).weight.nanos,
    ]
  })
  const billionths = [1_000_000_000n, 3_000_000_000n, 3_000_000_000n, 500_000_000n, 0n]
  assert.deepEqual(
    weights,
    billionths.map(nanos => [nanos, nanos]),
  )
})

test('a cohort has its parent, and a tenant what it may use', () => {
  assert.equal(cohortSpecOf(cohortOf({ parent: 'all' }), NONE, []).parent, 'all')
  assert.equal(cohortSpecOf(cohortOf({}), NONE, []).parent, null)

  const classes = [
    {
      class: 'a',
      reserved: 8,
      shared: { max: 4 },
      burst: { borrowingLimit: '500m' },
      lendingLimit: 0,
      perPod: { min: 1, max: 8 },
    },
    { class: 'b' },
    { class: 'c', shared: {}, burst: {} },
  ]
  const spec = tenantSpecOf(tenantOf({ classes }), ['n'], NO_CAPACITY)
  assert.deepEqual(Object.fromEntries(spec.classes), {
    a: {
      reserved: 8_000n,
      sharedMax: 4_000n,
      burstLimit: 500n,
      lendingLimit: 0n,
      cap: null,
      perPodMin: 1_000n,
      perPodMax: 8_000n,
    },
    // A tier that is not named is not to be had; one that is named without a number has no limit of its own.
    b: { reserved: 0n, sharedMax: 0n, burstLimit: 0n, lendingLimit: null, cap: null, perPodMin: null, perPodMax: null },
    c: {
      reserved: 0n,
      sharedMax: null,
      burstLimit: null,
      lendingLimit: null,
      cap: null,
      perPodMin: null,
      perPodMax: null,
    },
  })
  assert.deepEqual(
    [spec.namespaces, spec.tierOrder, spec.enforcement, spec.trustedQueues],
    [['n'], ['reserved', 'shared', 'burst'], 'Enforce', []],
  )
  const chosen = tenantSpecOf(
    tenantOf({ tierOrder: ['burst'], enforcement: 'Audit', trustedQueues: ['kai'] }),
    [],
    NO_CAPACITY,
  )
  assert.deepEqual([chosen.tierOrder, chosen.enforcement, chosen.trustedQueues], [['burst'], 'Audit', ['kai']])
})
