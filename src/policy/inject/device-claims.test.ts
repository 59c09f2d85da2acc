import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { claimsOf, gpuContainer, gpuPod, subjectOf } from '../testing.ts'
import { inject } from './testing.ts'

const TEMPLATE = { name: 'gpu', replaces: 'nvidia.com/gpu', resourceClaimTemplateName: 'one-gpu' }
const claiming = (entry: JsonObject = TEMPLATE, name = 'policy') =>
  policyOf({ inject: { deviceClaims: [entry] } }, name)
const ofContainers = (...containers: readonly JsonObject[]): JsonObject => ({ spec: { containers } })

const claims = claimsOf('gpu.example.com')
const convert = (pod: JsonObject, ...policies: ReturnType<typeof claiming>[]) =>
  inject(pod, policies.length === 0 ? [claiming()] : policies, { claims })

/** Which container uses which claims, and what is left of its resources. */
function uses({ pod }: { readonly pod: JsonObject }) {
  const {
    initContainers = [],
    containers,
    resourceClaims,
  } = pod.spec as unknown as {
    readonly initContainers?: readonly Container[]
    readonly containers: readonly Container[]
    readonly resourceClaims?: readonly JsonObject[]
  }
  const used = [...initContainers, ...containers].map(({ name, resources }) => [
    name,
    (resources?.claims ?? []).map(claim => claim.name),
  ])
  return { claims: (resourceClaims ?? []).map(claim => claim.name), used: Object.fromEntries(used) }
}

interface Container {
  readonly name: string
  readonly resources?: { readonly claims?: readonly { readonly name: string }[] }
}

test('the resource leaves limits and requests, and a claim takes its place', () => {
  const resources = { limits: { 'nvidia.com/gpu': '1', memory: '8Gi' }, requests: { 'nvidia.com/gpu': '1' } }
  assert.deepEqual(
    convert(ofContainers({ name: 'main', resources }), claiming({ ...TEMPLATE, request: 'mig' })).operations,
    [
      { op: 'add', path: '/spec/resourceClaims', value: [{ name: 'gpu', resourceClaimTemplateName: 'one-gpu' }] },
      { op: 'remove', path: '/spec/containers/0/resources/limits/nvidia.com~1gpu' },
      { op: 'remove', path: '/spec/containers/0/resources/requests/nvidia.com~1gpu' },
      { op: 'add', path: '/spec/containers/0/resources/claims', value: [{ name: 'gpu', request: 'mig' }] },
    ],
  )
})

test('only a container that asks for exactly the count is converted', () => {
  const quantity = (value: string | number) =>
    ofContainers({ name: 'main', resources: { limits: { 'nvidia.com/gpu': value } } })
  for (const value of ['1', 1, '1000m']) assert.notDeepEqual(convert(quantity(value)).operations, [], String(value))
  assert.deepEqual(convert(quantity('2')).operations, [])
  assert.notDeepEqual(convert(quantity('2'), claiming({ ...TEMPLATE, count: 2 })).operations, [])
})

test('containers that run together get a claim each, so that the pod keeps as many devices', () => {
  const sidecar = gpuContainer(1, { name: 'sidecar', restartPolicy: 'Always' })
  const init = gpuContainer(1, { name: 'init' })
  const [a, b] = [gpuContainer(1, { name: 'a' }), gpuContainer(1, { name: 'b' })]
  const cases: readonly {
    readonly name: string
    readonly init: readonly JsonObject[]
    readonly own: readonly JsonObject[]
    readonly want: unknown
  }[] = [
    { name: 'two', init: [], own: [a, b], want: { claims: ['gpu', 'gpu-2'], used: { a: ['gpu'], b: ['gpu-2'] } } },
    {
      name: 'an initialiser has ended when the pod’s own work starts',
      init: [init],
      own: [a],
      want: { claims: ['gpu'], used: { init: ['gpu'], a: ['gpu'] } },
    },
    {
      name: 'a sidecar runs on',
      init: [sidecar, init],
      own: [a],
      want: { claims: ['gpu', 'gpu-2'], used: { sidecar: ['gpu'], init: ['gpu-2'], a: ['gpu-2'] } },
    },
    {
      name: 'a sidecar beside an initialiser',
      init: [sidecar, init],
      own: [{ name: 'c' }],
      want: { claims: ['gpu', 'gpu-2'], used: { sidecar: ['gpu'], init: ['gpu-2'], c: [] } },
    },
  ]
  for (const { name, init: initContainers, own, want } of cases) {
    const pod = { spec: { initContainers, containers: own } }
    const converted = convert(pod)
    assert.deepEqual(uses(converted), want, name)
    const after = subjectOf(converted.pod, { claims })
    assert.equal(after.demand?.total, subjectOf(pod).demand?.total, name)
  }
})

test('a claim of the namespace is one for all containers', () => {
  const shared = claiming({ name: 'shared', replaces: 'nvidia.com/gpu', resourceClaimName: 'team' })
  const pod = ofContainers(gpuContainer(1, { name: 'a' }), gpuContainer(1, { name: 'b' }))
  const { operations } = convert(pod, shared)
  assert.deepEqual(operations[0], {
    op: 'add',
    path: '/spec/resourceClaims',
    value: [{ name: 'shared', resourceClaimName: 'team' }],
  })
  assert.deepEqual(uses(convert(pod, shared)).used, { a: ['shared'], b: ['shared'] })
})

test('a second policy of the same claim finds nothing left to convert', () => {
  const { injections } = convert(ofContainers(gpuContainer(1)), claiming(TEMPLATE, 'a'), claiming(TEMPLATE, 'b'))
  assert.deepEqual(injections, [{ policy: 'a', what: 'deviceClaim gpu' }])
})

test('two entries convert what each is for', () => {
  const two = { name: 'two', replaces: 'nvidia.com/gpu', count: 2, resourceClaimTemplateName: 'two-gpus' }
  const pod = ofContainers(gpuContainer(1, { name: 'a' }), gpuContainer(2, { name: 'b' }))
  const together = policyOf({ inject: { deviceClaims: [TEMPLATE, two] } })
  assert.deepEqual(uses(convert(pod, together)), { claims: ['gpu', 'two'], used: { a: ['gpu'], b: ['two'] } })
})

test('a pod that others divide or place is left alone', () => {
  const one = gpuContainer(1)
  const cases: readonly { readonly name: string; readonly pod: JsonObject }[] = [
    { name: 'another scheduler', pod: { spec: { containers: [one], schedulerName: 'kai-scheduler' } } },
    {
      name: 'a fraction',
      pod: { metadata: { annotations: { 'gpu-fraction': '0.5' } }, spec: { containers: [{ name: 'main' }] } },
    },
    {
      name: 'a claim of its own',
      pod: { spec: { containers: [one], resourceClaims: [{ name: 'nic', resourceClaimName: 'nic' }] } },
    },
    { name: 'two GPUs', pod: gpuPod({ containers: [gpuContainer(2)] }) },
  ]
  for (const { name, pod } of cases) assert.deepEqual(convert(pod).operations, [], name)
  const scheduling = policyOf({ inject: { schedulerName: { name: 'volcano' }, deviceClaims: [TEMPLATE] } })
  assert.deepEqual(
    convert(ofContainers(one), scheduling).operations.map(({ path }) => path),
    ['/spec/schedulerName'],
  )
})
