import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  amountsOf,
  classesIn,
  demandFor,
  limitsPod,
  podOf,
  resultFor,
  shippedClasses,
  tableOf,
} from '../../test/support/accelerators.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'

const CONTAINERS = { containers: [{ name: 'main' }, { name: 'side' }] }

test('an annotation asks for a part of a device, rounded up to a thousandth', () => {
  const cases: readonly {
    readonly name: string
    readonly annotations: Readonly<Record<string, string>>
    readonly spec?: JsonObject
    readonly want: Readonly<Record<string, number>>
  }[] = [
    { name: 'half', annotations: { 'gpu-fraction': '0.5' }, want: { h100: 500 } },
    { name: 'without a zero', annotations: { 'gpu-fraction': '.25' }, want: { h100: 250 } },
    { name: 'a third', annotations: { 'gpu-fraction': '0.33333333333333333' }, want: { h100: 334 } },
    { name: 'the smallest part', annotations: { 'gpu-fraction': '0.000000000000000001' }, want: { h100: 1 } },
    { name: 'not a binary fraction', annotations: { 'gpu-fraction': '0.1' }, want: { h100: 100 } },
    {
      name: 'a part of each of three',
      annotations: { 'gpu-fraction': '0.3334', 'gpu-fraction-num-devices': '3' },
      want: { h100: 1002 },
    },
    { name: 'memory', annotations: { 'gpu-memory': '2000' }, want: { h100: 25 } },
    {
      name: 'memory of the selected model',
      annotations: { 'gpu-memory': '11444' },
      spec: { nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-A10G' } },
      want: { a10g: 500 },
    },
    { name: 'more memory than a device has', annotations: { 'gpu-memory': '999999999' }, want: { h100: 1000 } },
    { name: 'the dearer of two', annotations: { 'gpu-fraction': '0.1', 'gpu-memory': '40960' }, want: { h100: 503 } },
    {
      name: 'a part of the selected model',
      annotations: { 'gpu-fraction': '0.5' },
      spec: { nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L4' } },
      want: { l4: 500 },
    },
  ]
  for (const { name, annotations, spec, want } of cases) {
    const demand = demandFor(podOf({ ...CONTAINERS, ...spec }, { annotations }))
    assert.deepEqual(amountsOf(demand), want, name)
    assert.equal(demand.source, 'fraction', name)
    assert.deepEqual(demand.effective, new Map(), name)
  }
})

test('the part belongs to the first container, or to the one that is named', () => {
  const annotated = (annotations: Readonly<Record<string, string>>) =>
    demandFor(
      podOf(
        { ...CONTAINERS, initContainers: [{ name: 'warm' }] },
        { annotations: { 'gpu-fraction': '0.5', ...annotations } },
      ),
    )
  const cases: readonly { readonly wanted?: string; readonly want: unknown }[] = [
    { want: { list: 'containers', index: 0, name: 'main' } },
    { wanted: 'side', want: { list: 'containers', index: 1, name: 'side' } },
    { wanted: 'warm', want: { list: 'initContainers', index: 0, name: 'warm' } },
    { wanted: 'gone', want: { list: 'containers', index: 0, name: 'main' } },
  ]
  for (const { wanted, want } of cases) {
    const demand = annotated(wanted === undefined ? {} : { 'gpu-fraction-container-name': wanted })
    assert.deepEqual(demand.accelerated, [want])
  }
})

test('an amount that is none is refused with its place and how to write it', () => {
  for (const text of [
    '',
    '0',
    '0.0',
    '-0.5',
    '50%',
    '500m',
    '1e-1',
    'half',
    ' 0.5',
    '0.5 ',
    '.',
    '1.2.3',
    '0,5',
    '9'.repeat(19),
  ]) {
    const result = resultFor(podOf(CONTAINERS, { annotations: { 'gpu-fraction': text } }))
    assert.equal(result.kind, 'invalid', text)
    const want = `metadata.annotations["gpu-fraction"]: ${JSON.stringify(text)} is no part of a device (write a decimal above 0, such as "0.5")`
    assert.deepEqual(result.kind === 'invalid' ? result.issues.map(formatIssue) : [], [want])
  }
  const result = resultFor(podOf(CONTAINERS, { annotations: { 'gpu-memory': '2Gi', 'gpu-fraction-num-devices': '0' } }))
  assert.deepEqual(result.kind === 'invalid' ? result.issues.map(({ at }) => at) : [], [
    'metadata.annotations["gpu-memory"]',
    'metadata.annotations["gpu-fraction-num-devices"]',
  ])
})

test('a template variable for an amount leaves the pod undecided', () => {
  const result = resultFor(podOf(CONTAINERS, { annotations: { 'gpu-fraction': '{{ .Values.fraction }}' } }))
  assert.equal(result.kind, 'undecidable')
})

test('beside a whole device an annotation counts for nothing, and says so', () => {
  const demand = demandFor(limitsPod({ 'nvidia.com/gpu': 1 }, {}, { annotations: { 'gpu-fraction': '0.5' } }))
  assert.deepEqual(amountsOf(demand), { h100: 1000 })
  assert.deepEqual(demand.notes, ['annotation "gpu-fraction" counts for nothing beside a whole device'])
})

test('a device of another kind does not hide the part', () => {
  const demand = demandFor(limitsPod({ 'amd.com/gpu': 1 }, {}, { annotations: { 'gpu-fraction': '0.5' } }))
  assert.deepEqual(amountsOf(demand), { h100: 500, mi300x: 1000 })
  assert.equal(demand.source, 'mixed')
})

test('modifiers say how much of each device a container takes; the largest part counts', () => {
  const cases: readonly { readonly name: string; readonly limits: JsonObject; readonly want: number }[] = [
    { name: 'memory', limits: { 'nvidia.com/gpu': 1, 'nvidia.com/gpumem': 8156 }, want: 101 },
    { name: 'of each of two', limits: { 'nvidia.com/gpu': 2, 'nvidia.com/gpumem-percentage': 25 }, want: 500 },
    {
      name: 'cores above memory',
      limits: { 'nvidia.com/gpu': 1, 'nvidia.com/gpumem-percentage': 10, 'nvidia.com/gpucores': 60 },
      want: 600,
    },
    {
      name: 'memory above cores',
      limits: { 'nvidia.com/gpu': 1, 'nvidia.com/gpumem-percentage': 70, 'nvidia.com/gpucores': 60 },
      want: 700,
    },
    {
      name: 'never more than the device',
      limits: { 'nvidia.com/gpu': 1, 'nvidia.com/gpumem-percentage': 250 },
      want: 1000,
    },
    { name: 'zero is no modifier', limits: { 'nvidia.com/gpu': 1, 'nvidia.com/gpucores': 0 }, want: 1000 },
    { name: 'without a device', limits: { 'nvidia.com/gpumem-percentage': 50 }, want: 500 },
  ]
  for (const { name, limits, want } of cases) {
    assert.deepEqual(amountsOf(demandFor(limitsPod(limits))), { h100: want }, name)
  }
})

test('a modifier is of its own container', () => {
  const pod = podOf({
    containers: [
      { name: 'part', resources: { limits: { 'nvidia.com/gpu': 1, 'nvidia.com/gpucores': 30 } } },
      { name: 'whole', resources: { limits: { 'nvidia.com/gpu': 1 } } },
    ],
  })
  const demand = demandFor(pod)
  assert.deepEqual(amountsOf(demand), { h100: 1300 })
  assert.equal(demand.source, 'mixed')
  assert.deepEqual(
    demand.perContainer,
    new Map([
      ['part', 300n],
      ['whole', 1000n],
    ]),
  )
  assert.deepEqual(
    demand.effective,
    new Map([
      ['nvidia.com/gpu', 2n],
      ['nvidia.com/gpucores', 30n],
    ]),
  )
})

test('without the memory of its class a whole device is charged, and said', () => {
  const [text] = classesIn(
    'apiVersion: sluice.dev/v1alpha1\nkind: AcceleratorClass\nmetadata: {name: plain}\nspec: {vendor: nvidia, resources: [{name: nvidia.com/gpu, milliGpus: 1000}], fractions: [{annotation: gpu-memory, unit: mebibytes}]}',
  )
  assert.ok(text)
  const demand = demandFor(podOf(CONTAINERS, { annotations: { 'gpu-memory': '10' } }), { classes: tableOf([text]) })
  assert.deepEqual(amountsOf(demand), { plain: 1000 })
  assert.deepEqual(demand.notes, ['the class plain does not say its memory; a whole device is counted'])
})

test('without a class that declares it an annotation means nothing', () => {
  const classes = tableOf(shippedClasses().filter(({ metadata }) => metadata.name !== 'h100'))
  assert.equal(resultFor(podOf(CONTAINERS, { annotations: { 'gpu-fraction': 'half' } }), { classes }).kind, 'none')
})
