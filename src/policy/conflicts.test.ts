import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { policyOf } from '../schema/testing.ts'
import { conflicts } from './conflicts.ts'

interface Pair {
  /** The key that both set, as the message names it. */
  readonly key: string
  readonly one: JsonObject
  readonly other: JsonObject
}

/** Two values for every kind of key that a policy can set. */
const PAIRS: readonly Pair[] = [
  {
    key: 'priorityClass of burst',
    one: { priorityClass: { byTier: [{ tier: 'burst', name: 'low' }] } },
    other: { priorityClass: { byTier: [{ tier: 'burst', name: 'lower' }] } },
  },
  { key: 'env A', one: { env: [{ name: 'A', value: '1' }] }, other: { env: [{ name: 'A', value: '2' }] } },
  { key: 'env A', one: { env: [{ name: 'A', value: '1' }] }, other: { env: [{ name: 'A', expression: "'1'" }] } },
  { key: 'fabric', one: { fabric: {} }, other: { fabric: { traffic: 'nixl' } } },
  {
    key: 'device x/y',
    one: { devices: [{ resource: 'x/y', count: 1 }] },
    other: { devices: [{ resource: 'x/y', count: 2 }] },
  },
  {
    key: 'claim for 1 x/y',
    one: { deviceClaims: [{ name: 'a', replaces: 'x/y', resourceClaimName: 'c' }] },
    other: { deviceClaims: [{ name: 'b', replaces: 'x/y', resourceClaimName: 'c' }] },
  },
  {
    key: 'claim a',
    one: { deviceClaims: [{ name: 'a', replaces: 'x/y', resourceClaimName: 'c' }] },
    other: { deviceClaims: [{ name: 'a', replaces: 'x/y', count: 2, resourceClaimName: 'c' }] },
  },
  {
    key: 'volume /dev/shm',
    one: { sharedMemory: { sizeLimit: '1Gi' } },
    other: { sharedMemory: { mountPath: '/dev/shm/', sizeLimit: '2Gi' } },
  },
  {
    key: 'nodeSelector zone',
    one: { nodeSelector: [{ key: 'zone', value: 'a' }] },
    other: { nodeSelector: [{ key: 'zone', value: 'b' }] },
  },
  { key: 'label l', one: { labels: [{ key: 'l', value: 'a' }] }, other: { labels: [{ key: 'l', value: 'b' }] } },
  {
    key: 'annotation n',
    one: { annotations: [{ key: 'n', value: 'a' }] },
    other: { annotations: [{ key: 'n', value: 'b' }] },
  },
  { key: 'schedulerName', one: { schedulerName: { name: 'a' } }, other: { schedulerName: { name: 'b' } } },
  {
    key: 'topologySpread zone',
    one: { topologySpread: [{ topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] },
    other: { topologySpread: [{ topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
  },
  {
    key: 'podAffinity zone',
    one: { affinity: { gang: [{ topologyKey: 'zone' }] } },
    other: { affinity: { gang: [{ topologyKey: 'zone', weight: 1 }] } },
  },
  {
    key: 'nodeAffinity spot',
    one: { affinity: { nodes: [{ key: 'spot', operator: 'Exists' }] } },
    other: { affinity: { nodes: [{ key: 'spot', operator: 'In', values: ['yes'] }] } },
  },
]

const ONE = { env: [{ name: 'A', value: '1' }] }
const OTHER = { env: [{ name: 'A', value: '2' }] }

test('two values for one key conflict, and the message names the key and both policies', () => {
  for (const { key, one, other } of PAIRS) {
    const [issue, ...more] = conflicts([policyOf({ inject: one }, 'one'), policyOf({ inject: other }, 'other')])
    assert.equal(issue?.at, 'GpuPolicy one and GpuPolicy other: spec.inject', key)
    assert.match(issue?.problem ?? '', new RegExp(`^both set ${key}, to different values`), key)
    assert.equal(more.length, 0, key)
  }
})

test('the same value is no conflict, however it is written', () => {
  const same: readonly (readonly [JsonObject, JsonObject])[] = [
    ...PAIRS.map(({ one }) => [one, one] as const),
    // A default and an enforced value are one value.
    [{ env: [{ name: 'A', value: '1' }] }, { env: [{ name: 'A', value: '1', when: 'enforce' }] }],
    [{ fabric: {} }, { fabric: { traffic: 'nccl' } }],
    [{ fabric: { profile: 'p' } }, { fabric: { profile: 'p', traffic: 'nixl' } }],
    [{ sharedMemory: { sizeLimit: '1Gi' } }, { sharedMemory: { sizeLimit: '1Gi', mountPath: '/dev/shm' } }],
    [
      { deviceClaims: [{ name: 'a', replaces: 'x/y', resourceClaimName: 'c' }] },
      { deviceClaims: [{ resourceClaimName: 'c', count: 1, replaces: 'x/y', name: 'a' }] },
    ],
    [
      { affinity: { nodes: [{ key: 'k', operator: 'In', values: ['a', 'b'] }] } },
      { affinity: { nodes: [{ key: 'k', operator: 'In', values: ['b', 'a'] }] } },
    ],
  ]
  for (const [one, other] of same) {
    assert.deepEqual(conflicts([policyOf({ inject: one }, 'one'), policyOf({ inject: other }, 'other')]), [])
  }
})

test('policies that share no key do not conflict, nor do tolerations, which only add', () => {
  const keys = PAIRS.filter(({ key }, index) => PAIRS.findIndex(pair => pair.key === key) === index)
  const apart = keys
    .filter(({ key }) => !key.startsWith('claim'))
    .map(({ one }, index) => policyOf({ inject: one }, `p${index}`))
  assert.deepEqual(conflicts(apart), [])
  const tolerating = (value: string) => policyOf({ inject: { tolerations: [{ key: 'k', value }] } }, value)
  assert.deepEqual(conflicts([tolerating('a'), tolerating('b')]), [])
})

test('a policy that sets a key twice conflicts with itself', () => {
  const [issue] = conflicts([
    policyOf(
      {
        inject: {
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
          ],
        },
      },
      'one',
    ),
  ])
  assert.deepEqual(issue, {
    at: 'GpuPolicy one: spec.inject',
    problem: 'sets env A twice',
    remedy: 'remove one',
    documents: [{ kind: 'GpuPolicy', name: 'one' }],
  })
})

test('a suspended policy conflicts with nobody', () => {
  assert.deepEqual(
    conflicts([policyOf({ inject: ONE }, 'one'), policyOf({ suspend: true, inject: OTHER }, 'other')]),
    [],
  )
})

const labelled = (requirement: JsonObject) => ({ objectSelector: { matchExpressions: [requirement] } })

const OVERLAPS: readonly {
  readonly name: string
  readonly one: JsonObject
  readonly other: JsonObject
  readonly want: boolean
}[] = [
  { name: 'nothing said', one: {}, other: {}, want: true },
  { name: 'with and without accelerators', one: {}, other: { accelerators: 'Absent' }, want: false },
  { name: 'with accelerators, and any', one: {}, other: { accelerators: 'Any' }, want: true },
  { name: 'tiers apart', one: { tiers: ['reserved'] }, other: { tiers: ['shared', 'burst'] }, want: false },
  { name: 'a tier in common', one: { tiers: ['reserved', 'shared'] }, other: { tiers: ['shared'] }, want: true },
  { name: 'workloads apart', one: { workloadKinds: ['Job'] }, other: { workloadKinds: ['MPIJob'] }, want: false },
  {
    name: 'a workload excluded',
    one: { workloadKinds: ['Job'] },
    other: { excludedWorkloadKinds: ['Job'] },
    want: false,
  },
  {
    name: 'one of two workloads excluded',
    one: { workloadKinds: ['Job', 'MPIJob'] },
    other: { excludedWorkloadKinds: ['Job'] },
    want: true,
  },
  { name: 'operations apart', one: {}, other: { operations: ['UPDATE'] }, want: false },
  { name: 'namespaces apart', one: { namespaces: ['a'] }, other: { namespaces: ['b'] }, want: false },
  { name: 'a namespace excluded', one: { namespaces: ['a'] }, other: { excludedNamespaces: ['a'] }, want: false },
  { name: 'a lone pod and one of several', one: { multiPod: true }, other: { multiPod: false }, want: false },
  { name: 'one of several, and nothing said', one: { multiPod: true }, other: {}, want: true },
  // A pod may use two classes at once.
  { name: 'classes apart', one: { classes: ['h100'] }, other: { classes: ['a100'] }, want: true },
  { name: 'vendors apart', one: { vendors: ['nvidia'] }, other: { vendors: ['amd'] }, want: true },
  {
    name: 'two values of a label',
    one: { objectSelector: { matchLabels: { a: '1' } } },
    other: { objectSelector: { matchLabels: { a: '2' } } },
    want: false,
  },
  {
    name: 'two labels',
    one: { objectSelector: { matchLabels: { a: '1' } } },
    other: { objectSelector: { matchLabels: { b: '1' } } },
    want: true,
  },
  {
    name: 'two values of a label of the namespace',
    one: { namespaceSelector: { matchLabels: { a: '1' } } },
    other: { namespaceSelector: { matchLabels: { a: '2' } } },
    want: false,
  },
  {
    name: 'lists of values apart',
    one: labelled({ key: 'a', operator: 'In', values: ['1', '2'] }),
    other: labelled({ key: 'a', operator: 'In', values: ['3'] }),
    want: false,
  },
  {
    name: 'lists of values that meet',
    one: labelled({ key: 'a', operator: 'In', values: ['1', '2'] }),
    other: labelled({ key: 'a', operator: 'In', values: ['2'] }),
    want: true,
  },
  {
    name: 'there and not there',
    one: labelled({ key: 'a', operator: 'Exists' }),
    other: labelled({ key: 'a', operator: 'DoesNotExist' }),
    want: false,
  },
  {
    name: 'a value and not that value',
    one: { objectSelector: { matchLabels: { a: '1' } } },
    other: labelled({ key: 'a', operator: 'NotIn', values: ['1'] }),
    want: false,
  },
  {
    name: 'a value and not another',
    one: { objectSelector: { matchLabels: { a: '1' } } },
    other: labelled({ key: 'a', operator: 'NotIn', values: ['2'] }),
    want: true,
  },
  {
    name: 'there, and not one value',
    one: labelled({ key: 'a', operator: 'Exists' }),
    other: labelled({ key: 'a', operator: 'NotIn', values: ['2'] }),
    want: true,
  },
]

test('policies conflict only where one pod could match both', () => {
  for (const { name, one, other, want } of OVERLAPS) {
    const [a, b] = [policyOf({ match: one, inject: ONE }, 'a'), policyOf({ match: other, inject: OTHER }, 'b')]
    assert.equal(conflicts([a, b]).length > 0, want, name)
    assert.equal(conflicts([b, a]).length > 0, want, `${name}, the other way round`)
  }
})
