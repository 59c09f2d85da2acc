import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amountsOf, demandFor, limitsPod, shippedTable } from '../../test/support/accelerators.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'

const PRODUCT = 'nvidia.com/gpu.product'
const TYPE = 'node.kubernetes.io/instance-type'
const A10G = 'NVIDIA-A10G'
const H100 = 'NVIDIA-H100-80GB-HBM3'
const H200 = 'NVIDIA-H200'

function requirement(key: string, operator: string, ...values: readonly string[]): JsonObject {
  return values.length === 0 ? { key, operator } : { key, operator, values }
}

/** Required node affinity of alternatives, each a list of requirements. */
function affinity(...terms: readonly (readonly JsonObject[])[]): JsonObject {
  const nodeSelectorTerms: JsonValue = terms.map(matchExpressions => ({ matchExpressions }))
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } }
}

const UNKNOWN_NOTE = `no class is known for ${PRODUCT}="NVIDIA-X"; counted as h100`

test('the nodes a pod admits decide where its GPUs count', () => {
  const models = shippedTable().byResource.get('nvidia.com/gpu')?.length ?? 0
  const cases: readonly {
    readonly name: string
    readonly spec: JsonObject
    readonly want: string
    readonly notes?: readonly string[]
  }[] = [
    { name: 'nothing selected', spec: {}, want: 'h100' },
    { name: 'a selector that says nothing of the model', spec: { nodeSelector: { zone: 'a' } }, want: 'h100' },
    { name: 'a product', spec: { nodeSelector: { [PRODUCT]: A10G } }, want: 'a10g' },
    { name: 'a required term', spec: affinity([requirement(PRODUCT, 'In', H200)]), want: 'h200' },
    {
      name: 'several values with the default among them',
      spec: affinity([requirement(PRODUCT, 'In', A10G, H100)]),
      want: 'h100',
      notes: ['2 classes fit the node selection; counted as h100'],
    },
    {
      name: 'several values without the default',
      spec: affinity([requirement(PRODUCT, 'In', H200, A10G)]),
      want: 'a10g',
      notes: ['2 classes fit the node selection; counted as a10g'],
    },
    {
      name: 'alternatives',
      spec: affinity([requirement(PRODUCT, 'In', H200)], [requirement(TYPE, 'In', 'g5.xlarge')]),
      want: 'a10g',
      notes: ['2 classes fit the node selection; counted as a10g'],
    },
    {
      name: 'an alternative that says nothing admits every model',
      spec: affinity([requirement(PRODUCT, 'In', A10G)], [requirement('zone', 'In', 'a')]),
      want: 'h100',
    },
    {
      name: 'requirements of a term hold together',
      spec: affinity([requirement(PRODUCT, 'In', H200, A10G), requirement(TYPE, 'In', 'p5en.48xlarge', 'p5.48xlarge')]),
      want: 'h200',
    },
    {
      name: 'the node selector holds together with every alternative',
      spec: { nodeSelector: { [PRODUCT]: A10G }, ...affinity([requirement(PRODUCT, 'In', H200, A10G)]) },
      want: 'a10g',
    },
    {
      name: 'NotIn the default',
      spec: affinity([
        requirement(PRODUCT, 'NotIn', H100, 'NVIDIA-H100-PCIe', 'NVIDIA-H100-NVL'),
        requirement(PRODUCT, 'In', H100, H200),
      ]),
      want: 'h200',
    },
    {
      name: 'NotIn a part of the values of a class leaves the class',
      spec: affinity([requirement(PRODUCT, 'NotIn', 'NVIDIA-H100-PCIe')]),
      want: 'h100',
    },
    {
      name: 'NotIn alone narrows',
      spec: affinity([requirement(PRODUCT, 'NotIn', H100, 'NVIDIA-H100-PCIe', 'NVIDIA-H100-NVL')]),
      want: 'a100-40gb',
      notes: [`${models - 1} classes fit the node selection; counted as a100-40gb`],
    },
    {
      name: 'time slices and whole GPUs',
      spec: affinity([requirement(PRODUCT, 'In', 'NVIDIA-A10G-SHARED', H200)]),
      want: 'h200',
      notes: ['2 classes fit the node selection; counted as h200'],
    },
    { name: 'Exists says nothing of the model', spec: affinity([requirement(PRODUCT, 'Exists')]), want: 'h100' },
    { name: 'Gt says nothing of the model', spec: affinity([requirement(PRODUCT, 'Gt', '1')]), want: 'h100' },
    {
      name: 'an unknown value',
      spec: { nodeSelector: { [PRODUCT]: 'NVIDIA-X' } },
      want: 'h100',
      notes: [UNKNOWN_NOTE],
    },
    {
      name: 'an unknown value beside a known one of another label',
      spec: { nodeSelector: { [PRODUCT]: 'NVIDIA-X', [TYPE]: 'g5.xlarge' } },
      want: 'a10g',
    },
    {
      name: 'an unknown alternative beside a known one',
      spec: affinity([requirement(PRODUCT, 'In', 'NVIDIA-X')], [requirement(PRODUCT, 'In', A10G)]),
      want: 'a10g',
    },
    {
      name: 'a contradiction',
      spec: { nodeSelector: { [PRODUCT]: H200, [TYPE]: 'g5.xlarge' } },
      want: 'h100',
      notes: ['the node selection fits no class of "nvidia.com/gpu"; counted as h100'],
    },
    {
      name: 'nodes of another vendor',
      spec: { nodeSelector: { [TYPE]: 'trn1.32xlarge' } },
      want: 'h100',
      notes: ['the node selection fits no class of "nvidia.com/gpu"; counted as h100'],
    },
    {
      name: 'a label with two models of one name',
      spec: { nodeSelector: { 'karpenter.k8s.aws/instance-gpu-name': 'a100' } },
      want: 'a100-40gb',
      notes: ['2 classes fit the node selection; counted as a100-40gb'],
    },
    { name: 'no alternatives at all', spec: { nodeSelector: { [PRODUCT]: A10G }, ...affinity() }, want: 'a10g' },
  ]
  for (const { name, spec, want, notes = [] } of cases) {
    const demand = demandFor(limitsPod({ 'nvidia.com/gpu': 1 }, spec))
    assert.deepEqual(amountsOf(demand), { [want]: 1000 }, name)
    assert.deepEqual(demand.notes, notes, name)
  }
})

test('preferred affinity says nothing: the scheduler may pass over it', () => {
  const preference = { weight: 1, preference: { matchExpressions: [requirement(PRODUCT, 'In', A10G)] } }
  const spec = { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preference] } } }
  assert.deepEqual(amountsOf(demandFor(limitsPod({ 'nvidia.com/gpu': 1 }, spec))), { h100: 1000 })
})

test('nodes of the MIG strategy `single` weigh what their profile weighs', () => {
  const sliced = `${'NVIDIA-A100-SXM4-40GB'}-MIG-1g.5gb`
  const cases: readonly { readonly name: string; readonly values: readonly string[]; readonly want: number }[] = [
    { name: 'one profile', values: [sliced], want: 142 },
    { name: 'shared on top', values: [`${sliced}-SHARED`], want: 142 },
    { name: 'the larger of two', values: [sliced, 'NVIDIA-A100-SXM4-40GB-MIG-3g.20gb'], want: 428 },
    { name: 'whole GPUs admitted as well', values: [sliced, 'NVIDIA-A100-SXM4-40GB'], want: 1000 },
  ]
  for (const { name, values, want } of cases) {
    const demand = demandFor(limitsPod({ 'nvidia.com/gpu': 1 }, affinity([requirement(PRODUCT, 'In', ...values)])))
    assert.deepEqual(amountsOf(demand), { 'a100-40gb': want }, name)
  }
})

test('instance types are those the pod is restricted to', () => {
  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly want: readonly string[] }[] = [
    { name: 'none', spec: {}, want: [] },
    { name: 'by selector', spec: { nodeSelector: { [TYPE]: 'ml.p5.48xlarge' } }, want: ['p5.48xlarge'] },
    {
      name: 'by the old label',
      spec: { nodeSelector: { 'beta.kubernetes.io/instance-type': 'p5.48xlarge' } },
      want: ['p5.48xlarge'],
    },
    {
      name: 'several, in order',
      spec: affinity([requirement(TYPE, 'In', 'p5e.48xlarge', 'p5.48xlarge')]),
      want: ['p5.48xlarge', 'p5e.48xlarge'],
    },
    {
      name: 'by alternatives',
      spec: affinity([requirement(TYPE, 'In', 'b')], [requirement(TYPE, 'In', 'a', 'b')]),
      want: ['a', 'b'],
    },
    {
      name: 'not when one alternative is free',
      spec: affinity([requirement(TYPE, 'In', 'b')], [requirement('zone', 'In', 'a')]),
      want: [],
    },
    { name: 'not by exclusion', spec: affinity([requirement(TYPE, 'NotIn', 'a')]), want: [] },
    {
      name: 'common to selector and term',
      spec: { nodeSelector: { [TYPE]: 'a' }, ...affinity([requirement(TYPE, 'In', 'a', 'b')]) },
      want: ['a'],
    },
  ]
  for (const { name, spec, want } of cases) {
    assert.deepEqual(demandFor(limitsPod({ 'nvidia.com/gpu': 1 }, spec)).instanceTypes, want, name)
  }
})
