import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amountsOf, demandFor, limitsPod, shippedClasses, shippedTable } from '../../test/support/accelerators.ts'
import { computeSlices } from './mig.ts'

const documents = shippedClasses()

test('the shipped classes are of the schema and compile together', () => {
  const names = [...shippedTable().classes.keys()]
  assert.ok(names.length >= 25, `only ${names.join(', ')}`)
  for (const name of [
    'h100',
    'h200',
    'b200',
    'b300',
    'gb200',
    'a100-40gb',
    'a100-80gb',
    'a10g',
    'a10g-shared',
    'l4',
    'l40s',
  ]) {
    assert.ok(names.includes(name), name)
  }
  for (const name of [
    't4',
    'v100',
    'rtx-pro-6000',
    'a30',
    'mig-1g.10gb',
    'mi300x',
    'gaudi3',
    'trn1',
    'trn2',
    'tpu-v5e',
    'tpu-v6e',
  ]) {
    assert.ok(names.includes(name), name)
  }
})

test('each resource has one default class, or one class', () => {
  for (const [resource, candidates] of shippedTable().byResource) {
    if (resource.startsWith('nvidia.com/mig-')) continue
    const defaults = candidates.filter(candidate => candidate.class.isDefault)
    assert.ok(defaults.length === 1 || candidates.length === 1, resource)
  }
})

test('the slices of a GPU never count for more than the GPU', () => {
  for (const { metadata, spec } of documents) {
    for (const profile of spec.mig?.profiles ?? []) {
      const [candidate] = (shippedTable().byResource.get(`nvidia.com/mig-${profile}`) ?? []).filter(
        ({ class: owner }) => owner.name === metadata.name,
      )
      if (candidate === undefined) continue
      const fitting = Math.floor((spec.mig?.slices ?? 0) / (computeSlices(profile) ?? 0))
      assert.ok(candidate.milliGpus * BigInt(fitting) <= 1000n, `${metadata.name} ${profile}`)
      assert.ok(candidate.milliGpus > 0n, `${metadata.name} ${profile}`)
    }
  }
})

test('every node label and instance type of a class leads a pod to it', () => {
  const ambiguous = new Set(['karpenter.k8s.aws/instance-gpu-name=a100', 'eks.amazonaws.com/instance-gpu-name=a100'])
  for (const { metadata, spec } of documents) {
    const resource = spec.resources?.[0]?.name ?? ''
    const labels = (spec.nodeLabels ?? []).flatMap(({ key, values }) => values.map(value => [key, value] as const))
    const types = (spec.instanceTypes ?? []).map(type => ['node.kubernetes.io/instance-type', type] as const)
    for (const [key, value] of [...labels, ...types]) {
      const demand = demandFor(limitsPod({ [resource]: 1 }, { nodeSelector: { [key]: value } }))
      const want = ambiguous.has(`${key}=${value}`) ? 'a100-40gb' : metadata.name
      assert.deepEqual([...demand.byClass.keys()], [want], `${key}=${value}`)
    }
  }
})

test('what people select in the wild is counted where they expect it', () => {
  const cases: readonly {
    readonly name: string
    readonly limits: Readonly<Record<string, number>>
    readonly nodes?: Readonly<Record<string, string>>
    readonly want: Readonly<Record<string, number>>
  }[] = [
    { name: 'nothing said', limits: { 'nvidia.com/gpu': 8 }, want: { h100: 8000 } },
    {
      name: 'GKE',
      limits: { 'nvidia.com/gpu': 1 },
      nodes: { 'cloud.google.com/gke-accelerator': 'nvidia-l4' },
      want: { l4: 1000 },
    },
    {
      name: 'Karpenter',
      limits: { 'nvidia.com/gpu': 4 },
      nodes: { 'karpenter.k8s.aws/instance-gpu-name': 'l40s' },
      want: { l40s: 4000 },
    },
    {
      name: 'HyperPod',
      limits: { 'nvidia.com/gpu': 1 },
      nodes: { 'node.kubernetes.io/instance-type': 'ml.g5.8xlarge' },
      want: { a10g: 1000 },
    },
    {
      name: 'old label',
      limits: { 'nvidia.com/gpu': 8 },
      nodes: { 'beta.kubernetes.io/instance-type': 'p5en.48xlarge' },
      want: { h200: 8000 },
    },
    {
      name: 'time slice',
      limits: { 'nvidia.com/gpu': 1 },
      nodes: { 'nvidia.com/gpu.product': 'NVIDIA-A10G-SHARED' },
      want: { 'a10g-shared': 250 },
    },
    { name: 'renamed time slice', limits: { 'nvidia.com/gpu.shared': 2 }, want: { 'a10g-shared': 500 } },
    {
      name: 'slices of a model nobody shares by class',
      limits: { 'nvidia.com/gpu': 1 },
      nodes: { 'nvidia.com/gpu.product': 'NVIDIA-L4-SHARED' },
      want: { l4: 1000 },
    },
    {
      name: 'MIG single',
      limits: { 'nvidia.com/gpu': 2 },
      nodes: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB-MIG-1g.5gb' },
      want: { 'a100-40gb': 284 },
    },
    { name: 'MIG mixed', limits: { 'nvidia.com/mig-3g.40gb': 1 }, want: { h100: 428 } },
    {
      name: 'MIG mixed on a model',
      limits: { 'nvidia.com/mig-3g.40gb': 1 },
      nodes: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' },
      want: { 'a100-80gb': 428 },
    },
    { name: 'MIG with a class of its own', limits: { 'nvidia.com/mig-1g.10gb': 3 }, want: { 'mig-1g.10gb': 426 } },
    { name: 'MIG of four slices', limits: { 'nvidia.com/mig-2g.12gb': 1 }, want: { a30: 500 } },
    { name: 'AMD', limits: { 'amd.com/gpu': 2 }, want: { mi300x: 2000 } },
    { name: 'Gaudi', limits: { 'habana.ai/gaudi': 1 }, want: { gaudi3: 1000 } },
    { name: 'Trainium', limits: { 'aws.amazon.com/neuron': 16 }, want: { trn1: 16_000 } },
    {
      name: 'cores of Trainium2',
      limits: { 'aws.amazon.com/neuroncore': 8 },
      nodes: { 'node.kubernetes.io/instance-type': 'trn2.48xlarge' },
      want: { trn2: 1000 },
    },
    {
      name: 'TPU',
      limits: { 'google.com/tpu': 4 },
      nodes: { 'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice' },
      want: { 'tpu-v6e': 4000 },
    },
    {
      name: 'TPU v5e',
      limits: { 'google.com/tpu': 1 },
      nodes: { 'cloud.google.com/gke-tpu-accelerator': 'tpu-v5-lite-podslice' },
      want: { 'tpu-v5e': 1000 },
    },
  ]
  for (const { name, limits, nodes, want } of cases) {
    const pod = limitsPod(limits, nodes === undefined ? {} : { nodeSelector: nodes })
    assert.deepEqual(amountsOf(demandFor(pod)), want, name)
  }
})

test('NICs and modifiers of the same domain are no accelerators', () => {
  const shipped = shippedTable()
  for (const resource of [
    'nvidia.com/rdma-vf',
    'nvidia.com/hostdev',
    'nvidia.com/gpumem',
    'nvidia.com/gpucores',
    'nvidia.com/priority',
  ]) {
    assert.equal(shipped.byResource.has(resource), false, resource)
  }
})
