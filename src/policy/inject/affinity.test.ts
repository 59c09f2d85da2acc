import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const nodes = (...entries: readonly JsonObject[]) => [policyOf({ inject: { affinity: { nodes: entries } } })]
const spot = { key: 'spot', operator: 'In', values: ['yes'] }
const withNodeAffinity = (nodeAffinity: JsonObject) => gpuPod({ affinity: { nodeAffinity } })

test('a requirement on nodes is made of every alternative', () => {
  const cases: readonly { readonly name: string; readonly pod: JsonObject; readonly want: unknown }[] = [
    {
      name: 'no affinity',
      pod: gpuPod(),
      want: [
        {
          op: 'add',
          path: '/spec/affinity',
          value: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [{ matchExpressions: [spot] }] } } },
        },
      ],
    },
    {
      name: 'two alternatives',
      pod: withNodeAffinity({
        [REQUIRED]: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, { matchFields: [] }],
        },
      }),
      want: [
        {
          op: 'add',
          path: `/spec/affinity/nodeAffinity/${REQUIRED}/nodeSelectorTerms/0/matchExpressions/1`,
          value: spot,
        },
        {
          op: 'add',
          path: `/spec/affinity/nodeAffinity/${REQUIRED}/nodeSelectorTerms/1/matchExpressions`,
          value: [spot],
        },
      ],
    },
    {
      name: 'a preference beside it',
      pod: withNodeAffinity({ [PREFERRED]: [{ weight: 1, preference: {} }] }),
      want: [
        {
          op: 'add',
          path: `/spec/affinity/nodeAffinity/${REQUIRED}`,
          value: { nodeSelectorTerms: [{ matchExpressions: [spot] }] },
        },
      ],
    },
  ]
  for (const { name, pod, want } of cases) assert.deepEqual(inject(pod, nodes(spot)).operations, want, name)
})

test('with a weight it is a preference, appended to those that are there', () => {
  const entry = { weight: 50, preference: { matchExpressions: [spot] } }
  assert.deepEqual(
    inject(withNodeAffinity({ [PREFERRED]: [{ weight: 1 }] }), nodes({ ...spot, weight: 50 })).operations,
    [{ op: 'add', path: `/spec/affinity/nodeAffinity/${PREFERRED}/1`, value: entry }],
  )
})

test('a pod that says anything of the label has made its choice', () => {
  const other = { key: 'spot', operator: 'DoesNotExist' }
  const cases: readonly { readonly name: string; readonly pod: JsonObject }[] = [
    { name: 'by its node selector', pod: gpuPod({ nodeSelector: { spot: 'no' } }) },
    {
      name: 'by a requirement',
      pod: withNodeAffinity({ [REQUIRED]: { nodeSelectorTerms: [{}, { matchExpressions: [other] }] } }),
    },
    {
      name: 'by a preference',
      pod: withNodeAffinity({ [PREFERRED]: [{ weight: 1, preference: { matchExpressions: [other] } }] }),
    },
  ]
  for (const { name, pod } of cases) assert.deepEqual(inject(pod, nodes(spot)).operations, [], name)
})

const gangLabel = { 'batch.kubernetes.io/job-name': 'train' }
const gangPod = (spec: JsonObject = {}) =>
  gpuPod(spec, {
    labels: { ...gangLabel, app: 'x' },
    annotations: { 'batch.kubernetes.io/job-completion-index': '0' },
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'train', controller: true }],
  })
const given = { gangSize: 4 }
const labelSelector = { matchLabels: gangLabel }

test('the pods of a gang are kept together by the label that they share', () => {
  const gang = (...entries: readonly JsonObject[]) => [policyOf({ inject: { affinity: { gang: entries } } })]
  const term = { labelSelector, topologyKey: 'zone' }
  const added = (affinity: JsonObject) => [{ op: 'add', path: '/spec/affinity', value: { podAffinity: affinity } }]
  const following = (podAffinity: JsonObject) => gangPod({ affinity: { podAffinity } })
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly entry?: JsonObject
    readonly want: unknown
  }[] = [
    { name: 'as a requirement', pod: gangPod(), want: added({ [REQUIRED]: [term] }) },
    {
      name: 'as a preference',
      pod: gangPod(),
      entry: { weight: 10 },
      want: added({ [PREFERRED]: [{ weight: 10, podAffinityTerm: term }] }),
    },
    {
      name: 'beside another topology',
      pod: following({ [REQUIRED]: [{ topologyKey: 'rack' }] }),
      want: [{ op: 'add', path: `/spec/affinity/podAffinity/${REQUIRED}/1`, value: term }],
    },
    { name: 'not where the pod requires it', pod: following({ [REQUIRED]: [{ topologyKey: 'zone' }] }), want: [] },
    {
      name: 'not where the pod prefers it',
      pod: following({ [PREFERRED]: [{ weight: 1, podAffinityTerm: { topologyKey: 'zone' } }] }),
      want: [],
    },
    { name: 'not a pod of no gang', pod: gpuPod(), want: [] },
  ]
  for (const { name, pod, entry = {}, want } of cases) {
    const known = name === 'not a pod of no gang' ? {} : given
    assert.deepEqual(inject(pod, gang({ topologyKey: 'zone', ...entry }), known).operations, want, name)
  }
})

test('the pods of a workload are spread over a topology that they do not name themselves', () => {
  const spreading = [
    policyOf({ inject: { topologySpread: [{ topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] } }),
  ]
  const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector }
  const having = (topologyKey: string) => gangPod({ topologySpreadConstraints: [{ topologyKey, maxSkew: 3 }] })
  const path = '/spec/topologySpreadConstraints'
  assert.deepEqual(inject(gangPod(), spreading, given).operations, [{ op: 'add', path, value: [constraint] }])
  assert.deepEqual(inject(having('rack'), spreading, given).operations, [
    { op: 'add', path: `${path}/1`, value: constraint },
  ])
  assert.deepEqual(inject(having('zone'), spreading, given).operations, [])
  assert.deepEqual(inject(gpuPod(), spreading).operations, [])
})

test('two policies that want the same say it once', () => {
  const affinity = { nodes: [spot], gang: [{ topologyKey: 'zone' }] }
  const topologySpread = [{ topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway' }]
  const policies = ['a', 'b'].map(name => policyOf({ inject: { affinity, topologySpread } }, name))
  assert.deepEqual(inject(gangPod(), policies, given).injections, [
    { policy: 'a', what: 'nodeAffinity spot' },
    { policy: 'a', what: 'podAffinity zone' },
    { policy: 'a', what: 'topologySpread rack' },
  ])
})
