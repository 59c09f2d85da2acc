import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuContainer, gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const RESOURCE = 'vpc.amazonaws.com/efa'
const asking = (entry: JsonObject = { count: 4 }) => [
  policyOf({ inject: { devices: [{ resource: RESOURCE, ...entry }] } }),
]
const having = (limits: JsonObject, requests = limits) =>
  gpuPod({ containers: [{ name: 'main', resources: { limits, requests } }] })
const at = (side: string) => `/spec/containers/0/resources/${side}/vpc.amazonaws.com~1efa`

test('a device is asked for in limits and in requests', () => {
  assert.deepEqual(inject(gpuPod(), asking()).operations, [
    { op: 'add', path: at('limits'), value: '4' },
    { op: 'add', path: at('requests'), value: '4' },
  ])
})

test('requests that the API server has not defaulted yet come with the device', () => {
  const pod = gpuPod({ containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': 8 } } }] })
  assert.deepEqual(inject(pod, asking()).operations, [
    { op: 'add', path: at('limits'), value: '4' },
    { op: 'add', path: '/spec/containers/0/resources/requests', value: { [RESOURCE]: '4' } },
  ])
})

test('a pod that asks for the device has its own idea of how many, unless the policy enforces its own', () => {
  const two = { 'nvidia.com/gpu': '8', [RESOURCE]: '2' }
  const replaced = ['limits', 'requests'].map(side => ({ op: 'replace', path: at(side), value: '4' }))
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly entry?: JsonObject
    readonly want: unknown
  }[] = [
    { name: 'it asks', pod: having(two), want: [] },
    {
      name: 'another container asks',
      pod: gpuPod({ containers: [gpuContainer(8), { name: 'b', resources: { limits: { [RESOURCE]: 1 } } }] }),
      want: [],
    },
    {
      name: 'an initialiser asks',
      pod: gpuPod({ initContainers: [{ name: 'b', resources: { requests: { [RESOURCE]: 1 } } }] }),
      want: [],
    },
    { name: 'it asks, enforced', pod: having(two), entry: { count: 4, when: 'enforce' }, want: replaced },
    {
      name: 'it asks for as many, enforced',
      pod: having({ ...two, [RESOURCE]: 4 }),
      entry: { count: 4, when: 'enforce' },
      want: [],
    },
  ]
  for (const { name, pod, entry, want } of cases) assert.deepEqual(inject(pod, asking(entry)).operations, want, name)
})

test('the first container of the pod’s own that uses accelerators asks', () => {
  const pod = {
    spec: {
      initContainers: [gpuContainer(8, { name: 'check' })],
      containers: [{ name: 'proxy' }, gpuContainer(4, { name: 'a' }), gpuContainer(4, { name: 'b' })],
    },
  }
  assert.ok(inject(pod, asking()).operations.every(({ path }) => path.startsWith('/spec/containers/1/')))
  const onlyInit = { spec: { initContainers: [gpuContainer(8, { name: 'check' })], containers: [{ name: 'main' }] } }
  assert.deepEqual(inject(onlyInit, asking()).operations, [])
})

test('a count may be computed, and 0 adds nothing', () => {
  const { pod, injections } = inject(gpuPod(), asking({ expression: 'sluice.gpus / 250' }))
  assert.deepEqual(injections, [{ policy: 'policy', what: `device ${RESOURCE}=32` }])
  assert.match(JSON.stringify(pod), /"vpc.amazonaws.com\/efa":"32"/)
  assert.deepEqual(inject(gpuPod(), asking({ expression: '0' })).operations, [])
  const { operations, problems } = inject(gpuPod(), asking({ expression: '-1' }))
  assert.deepEqual([operations, problems.length], [[], 1])
})

test('two policies that ask for the same ask once', () => {
  const policies = ['a', 'b'].map(name => policyOf({ inject: { devices: [{ resource: RESOURCE, count: 4 }] } }, name))
  assert.deepEqual(
    inject(gpuPod(), policies).injections.map(({ policy }) => policy),
    ['a'],
  )
})
