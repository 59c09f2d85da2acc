import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FabricProfileDocument } from '../schema/documents.ts'
import type { JsonObject } from '../schema/parts.ts'
import { profileOf } from '../schema/testing.ts'
import { devicesFor, profileFor, rivalProfiles } from './fabric.ts'
import { type Given, gpuContainer, gpuPod, subjectOf } from './testing.ts'

const EFA = profileOf(
  {
    automatic: true,
    device: { resource: 'vpc.amazonaws.com/efa' },
    instances: [
      { type: 'p5.48xlarge', accelerators: 8, devices: 32 },
      { type: 'p4d.24xlarge', accelerators: 8, devices: 4 },
      { type: 'p5.4xlarge', accelerators: 1, devices: 1 },
    ],
  },
  'efa',
)
const NIXL = profileOf({ ...EFA.spec, traffic: 'nixl' } as JsonObject, 'nixl')
const IB = profileOf(
  {
    platform: 'coreweave',
    automatic: true,
    nodeLabels: [{ key: 'node.coreweave.cloud/type' }, { key: 'cloud', values: ['cw'] }],
  },
  'ib',
)
const MANUAL = profileOf({ ...EFA.spec, automatic: false } as JsonObject, 'manual')

const catalogue = new Map([MANUAL, EFA, NIXL, IB].map(profile => [profile.metadata.name, profile]))
const onP5 = { instanceTypes: ['p5.48xlarge'] }

test('the profile is the one that is named, or the automatic one of the platform', () => {
  const cases: readonly {
    readonly name: string
    readonly block: { readonly profile?: string; readonly traffic?: 'nccl' | 'nixl' }
    readonly spec?: JsonObject
    readonly given?: Given
    readonly want: FabricProfileDocument | undefined
  }[] = [
    { name: 'by name', block: { profile: 'manual' }, want: MANUAL },
    { name: 'by the instance type of the cohort', block: {}, given: onP5, want: EFA },
    { name: 'for other traffic', block: { traffic: 'nixl' }, given: onP5, want: NIXL },
    {
      name: 'by the instance type that the pod names',
      block: {},
      spec: { nodeSelector: { 'node.kubernetes.io/instance-type': 'ml.p5.48xlarge' } },
      want: EFA,
    },
    {
      name: 'by a label with any value',
      block: {},
      spec: { nodeSelector: { 'node.coreweave.cloud/type': 'x' } },
      want: IB,
    },
    { name: 'by a label with a value', block: {}, spec: { nodeSelector: { cloud: 'cw' } }, want: IB },
    {
      name: 'by a label, where the cohort has types that no profile knows',
      block: {},
      spec: { nodeSelector: { cloud: 'cw' } },
      given: { instanceTypes: ['gd-8xh100'] },
      want: IB,
    },
    { name: 'a label with another value', block: {}, spec: { nodeSelector: { cloud: 'other' } }, want: undefined },
    {
      name: 'a type that the profile does not know',
      block: {},
      given: { instanceTypes: ['p5.48xlarge', 'g5.xlarge'] },
      want: undefined,
    },
    { name: 'nobody knows where the pod lands', block: {}, want: undefined },
    {
      name: 'what every object has is no label',
      block: {},
      spec: { nodeSelector: { constructor: 'x' } },
      want: undefined,
    },
  ]
  for (const { name, block, spec = {}, given = {}, want } of cases) {
    assert.equal(profileFor(block, subjectOf(gpuPod(spec), given), catalogue)?.metadata.name, want?.metadata.name, name)
  }
})

test('a pod gets the part of the devices that it has of the accelerators, rounded down', () => {
  const cases: readonly {
    readonly name: string
    readonly gpus: number
    readonly instanceTypes: readonly string[]
    readonly want: number
  }[] = [
    { name: 'all of a node', gpus: 8, instanceTypes: ['p5.48xlarge'], want: 32 },
    { name: 'an eighth', gpus: 1, instanceTypes: ['p5.48xlarge'], want: 4 },
    { name: 'three eighths of four, rounded down', gpus: 3, instanceTypes: ['p4d.24xlarge'], want: 1 },
    { name: 'less than one', gpus: 1, instanceTypes: ['p4d.24xlarge'], want: 0 },
    { name: 'the smallest of the types', gpus: 8, instanceTypes: ['p5.48xlarge', 'p4d.24xlarge'], want: 4 },
    {
      name: 'a type too small for the pod does not count',
      gpus: 8,
      instanceTypes: ['p5.48xlarge', 'p5.4xlarge'],
      want: 32,
    },
    { name: 'a type that nobody knows may have none', gpus: 8, instanceTypes: ['p5.48xlarge', 'g5.xlarge'], want: 0 },
    { name: 'no type', gpus: 8, instanceTypes: [], want: 0 },
  ]
  for (const { name, gpus, instanceTypes, want } of cases) {
    const subject = subjectOf({ spec: { containers: [gpuContainer(gpus)] } }, { instanceTypes })
    assert.equal(devicesFor(EFA, subject, 'main'), want, name)
  }
})

test('each container gets the part of its own accelerators', () => {
  const containers = [gpuContainer(2, { name: 'a' }), gpuContainer(6, { name: 'b' }), { name: 'c' }]
  const subject = subjectOf({ spec: { containers } }, onP5)
  assert.deepEqual(
    ['a', 'b', 'c'].map(name => devicesFor(EFA, subject, name)),
    [8, 24, 0],
  )
})

test('a device that is a flag is asked for as often as the profile says', () => {
  const flag = profileOf({ device: { resource: 'rdma/ib', perPod: 1 } })
  assert.equal(devicesFor(flag, subjectOf(gpuPod()), 'main'), 1)
})

test('a slice of a GPU has no claim on a network card', () => {
  const containers = [{ name: 'main', resources: { limits: { 'nvidia.com/mig-1g.10gb': 7 } } }]
  assert.equal(devicesFor(EFA, subjectOf({ spec: { containers } }, onP5), 'main'), 0)
})

test('for one traffic on one platform one profile is automatic', () => {
  const twin = profileOf({ ...EFA.spec } as JsonObject, 'twin')
  assert.deepEqual(rivalProfiles([MANUAL, EFA, NIXL, IB]), [])
  assert.deepEqual(rivalProfiles([EFA, twin]), [
    {
      at: 'FabricProfile twin: spec.automatic',
      problem: 'FabricProfile efa is automatic for nccl on aws already',
      remedy: 'leave it to one of the two, and name the other in a policy',
      documents: ['twin', 'efa'].map(name => ({ kind: 'FabricProfile', name })),
    },
  ])
})
