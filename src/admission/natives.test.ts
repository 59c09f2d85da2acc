import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { nativesOf } from './natives.ts'

function natives(...values: readonly JsonObject[]) {
  return nativesOf(values.map((value, index) => ({ at: `f:${index}`, value })))
}

const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.nvidia.com' } }] } }

test('a namespace has its labels, and its own name as the API server gives it', () => {
  const { namespaces } = natives(
    { kind: 'Namespace', metadata: { name: 'a', labels: { team: 'x', broken: 1 } } },
    { kind: 'Namespace', metadata: { name: 'b' } },
  )
  assert.deepEqual(Object.fromEntries(namespaces), {
    a: { team: 'x', 'kubernetes.io/metadata.name': 'a' },
    b: { 'kubernetes.io/metadata.name': 'b' },
  })
})

test('of several global defaults the lowest counts', () => {
  const classOf = (name: string, value: number, globalDefault?: boolean): JsonObject => ({
    kind: 'PriorityClass',
    metadata: { name },
    value,
    ...(globalDefault === undefined ? {} : { globalDefault }),
  })
  const { priorityClasses, defaultPriorityClass } = natives(
    classOf('high', 100, true),
    classOf('low', -5, true),
    classOf('lower', -9),
  )
  assert.deepEqual([...priorityClasses], ['high', 'low', 'lower'])
  assert.equal(defaultPriorityClass, 'low')
  assert.equal(natives(classOf('a', 1)).defaultPriorityClass, undefined)
})

test('a node has its labels and what can be allocated of it', () => {
  const { nodes } = natives(
    {
      kind: 'Node',
      metadata: { name: 'n', labels: { gpu: 'h100' } },
      status: { allocatable: { 'nvidia.com/gpu': '8' } },
    },
    { kind: 'Node', metadata: { name: 'm' } },
  )
  assert.deepEqual(nodes, [
    { name: 'n', labels: { gpu: 'h100' }, allocatable: { 'nvidia.com/gpu': '8' } },
    { name: 'm', labels: {}, allocatable: {} },
  ])
})

test('claims and templates are found in their namespace, and one that a ComputeDomain will create is pending', () => {
  const { claims } = natives(
    { kind: 'ResourceClaimTemplate', metadata: { name: 't', namespace: 'a' }, spec: { spec } },
    { kind: 'ResourceClaim', metadata: { name: 'c' }, spec },
    { kind: 'ResourceClaimTemplate', metadata: { name: 'empty', namespace: 'a' } },
    {
      kind: 'ComputeDomain',
      metadata: { name: 'd', namespace: 'a' },
      spec: { channel: { resourceClaimTemplate: { name: 'channel' } } },
    },
    {
      kind: 'ComputeDomain',
      metadata: { name: 'e', namespace: 'a' },
      spec: { channel: { resourceClaimTemplate: { name: 't' } } },
    },
  )
  const cases = [
    { name: 'a template', found: claims.template('a', 't'), want: { kind: 'found', spec } },
    { name: 'in another namespace', found: claims.template('b', 't'), want: { kind: 'missing' } },
    {
      name: 'a claim without a namespace is in the default one',
      found: claims.claim('default', 'c'),
      want: { kind: 'found', spec },
    },
    { name: 'a template without a spec', found: claims.template('a', 'empty'), want: { kind: 'missing' } },
    {
      name: 'a promised template',
      found: claims.template('a', 'channel'),
      want: { kind: 'pending', by: 'ComputeDomain d' },
    },
    // Else a claim of eight GPUs, created after the pod, would never be counted.
    {
      name: 'a claim with the name of a promised template',
      found: claims.claim('a', 'channel'),
      want: { kind: 'missing' },
    },
    { name: 'a template is no claim', found: claims.claim('a', 't'), want: { kind: 'missing' } },
  ]
  for (const { name, found, want } of cases) assert.deepEqual(found, want, name)
})

test('controllers and pod groups are not passed over, whatever their version; a namesake of another group is', () => {
  const of = (apiVersion: string, kind: string) => ({ apiVersion, kind, metadata: { name: 'x' } })
  const { ignored } = natives(
    of('jobset.x-k8s.io/v1alpha2', 'JobSet'),
    of('scheduling.k8s.io/v1alpha2', 'PodGroup'),
    of('scheduling.k8s.io/v1beta1', 'PodGroup'),
    of('scheduling.volcano.sh/v1beta1', 'PodGroup'),
    of('apps/v1', 'StatefulSet'),
    of('example.com/v1', 'PodGroup'),
  )
  assert.deepEqual(
    ignored.map(({ at }) => at),
    ['f:5'],
  )
})

test('an owner is found by namespace, group, kind and name, unless its UID is another', () => {
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j', namespace: 'a', uid: 'u-1' } }
  const group = { apiVersion: 'scheduling.x-k8s.io/v1alpha1', kind: 'PodGroup', metadata: { name: 'g' } }
  const { owners } = natives(job, group, { kind: 'Job', metadata: { name: 'j', namespace: 'a' } })
  const reference = { group: 'batch', kind: 'Job', name: 'j', uid: 'u-1' }
  const ofGroup = { group: 'scheduling.x-k8s.io', kind: 'PodGroup', name: 'g', uid: undefined }
  const cases = [
    { name: 'found', found: owners.object('a', reference), want: job },
    {
      name: 'a pod that does not tell the UID',
      found: owners.object('a', { ...reference, uid: undefined }),
      want: job,
    },
    { name: 'another UID', found: owners.object('a', { ...reference, uid: 'u-2' }), want: undefined },
    { name: 'another namespace', found: owners.object('b', reference), want: undefined },
    { name: 'another group', found: owners.object('a', { ...reference, group: 'batch.volcano.sh' }), want: undefined },
    { name: 'no namespace is the default one', found: owners.object('default', ofGroup), want: group },
    { name: 'an object without a UID', found: owners.object('default', { ...ofGroup, uid: 'u-3' }), want: group },
  ]
  for (const { name, found, want } of cases) assert.equal(found, want, name)
})

test('what means nothing is passed over, and said', () => {
  const { ignored } = natives({ kind: 'Deployment' }, { kind: 'DeviceClass' }, {})
  assert.deepEqual(
    ignored.map(({ at }) => at),
    ['f:0', 'f:2'],
  )
})
