import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  amountsOf,
  claimLookup,
  classesIn,
  demandFor,
  limitsPod,
  podOf,
  resultFor,
  shippedClasses,
  shippedTable,
  tableOf,
} from '../../test/support/accelerators.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsePod } from '../schema/pod.ts'
import { demandOf } from './demand.ts'

const GPU = 'nvidia.com/gpu'

function container(name: string, limits: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, resources: { limits }, ...more }
}

test('a pod without accelerators has no demand', () => {
  const cases: readonly {
    readonly name: string
    readonly spec: JsonObject
    readonly want?: Readonly<Record<string, bigint>>
  }[] = [
    { name: 'nothing asked', spec: { containers: [{ name: 'a' }] } },
    {
      name: 'native resources',
      spec: { containers: [container('a', { cpu: '1', memory: '1Gi', 'hugepages-2Mi': '5120Mi' })] },
    },
    {
      name: 'names of kubernetes.io',
      spec: { containers: [container('a', { 'attachable-volumes.kubernetes.io/x': 1 })] },
    },
    { name: 'zero GPUs', spec: { containers: [container('a', { [GPU]: '0' })] } },
    {
      name: 'network cards',
      spec: { containers: [container('a', { 'rdma/ib': 1, 'nvidia.com/rdma-vf': 16 })] },
      want: { 'nvidia.com/rdma-vf': 16n, 'rdma/ib': 1n },
    },
    {
      name: 'a name that looks like a GPU',
      spec: { containers: [container('a', { 'nvidia.com/gpus': 1 })] },
      want: { 'nvidia.com/gpus': 1n },
    },
    { name: 'GPUs of the pod level', spec: { containers: [{ name: 'a' }], resources: { limits: { [GPU]: 8 } } } },
    {
      name: 'GPUs of ephemeral containers',
      spec: { containers: [{ name: 'a' }], ephemeralContainers: [container('b', { [GPU]: 8 })] },
    },
  ]
  for (const { name, spec, want = {} } of cases) {
    const result = resultFor(podOf(spec))
    assert.deepEqual(result, { kind: 'none', effective: new Map(Object.entries(want)), unresolvedClaims: [] }, name)
  }
})

test('a pod asks for what its containers hold at most at once', () => {
  const cases: readonly {
    readonly name: string
    readonly spec: JsonObject
    readonly want: Readonly<Record<string, number>>
    readonly effective: Readonly<Record<string, bigint>>
  }[] = [
    {
      name: 'limits only',
      spec: { containers: [container('a', { [GPU]: '8' })] },
      want: { h100: 8000 },
      effective: { [GPU]: 8n },
    },
    {
      name: 'requests only',
      spec: { containers: [{ name: 'a', resources: { requests: { [GPU]: 2 } } }] },
      want: { h100: 2000 },
      effective: { [GPU]: 2n },
    },
    {
      name: 'a request beside a limit counts',
      spec: { containers: [{ name: 'a', resources: { requests: { [GPU]: 2 }, limits: { [GPU]: 4, 'rdma/ib': 1 } } }] },
      want: { h100: 2000 },
      effective: { [GPU]: 2n, 'rdma/ib': 1n },
    },
    {
      name: 'containers, a sidecar and an init container',
      spec: {
        initContainers: [container('s', { [GPU]: 1 }, { restartPolicy: 'Always' }), container('i', { [GPU]: 6 })],
        containers: [container('a', { [GPU]: 2 }), container('b', { [GPU]: 2, 'rdma/ib': 1 })],
      },
      want: { h100: 7000 },
      effective: { [GPU]: 7n, 'rdma/ib': 1n },
    },
    {
      name: 'overhead of a runtime class',
      spec: { containers: [container('a', { [GPU]: 2 })], overhead: { cpu: '1', [GPU]: '1' } },
      want: { h100: 3000 },
      effective: { [GPU]: 3n },
    },
    {
      name: 'a slice of a later container does not fit into the GPU of an earlier one',
      spec: {
        initContainers: [container('i', { [GPU]: 1 })],
        containers: [container('a', { 'nvidia.com/mig-3g.40gb': 1 })],
      },
      want: { h100: 1428 },
      effective: { [GPU]: 1n, 'nvidia.com/mig-3g.40gb': 1n },
    },
    {
      name: 'chips and cores of one container are one hardware',
      spec: { containers: [container('a', { 'aws.amazon.com/neuron': 1, 'aws.amazon.com/neuroncore': 2 })] },
      want: { trn1: 1000 },
      effective: { 'aws.amazon.com/neuron': 1n, 'aws.amazon.com/neuroncore': 2n },
    },
    {
      name: 'more cores than the chips have',
      spec: { containers: [container('a', { 'aws.amazon.com/neuron': 1, 'aws.amazon.com/neuroncore': 4 })] },
      want: { trn1: 2000 },
      effective: { 'aws.amazon.com/neuron': 1n, 'aws.amazon.com/neuroncore': 4n },
    },
    {
      name: 'chips and cores of two containers are two',
      spec: {
        containers: [
          container('a', { 'aws.amazon.com/neuron': 1 }),
          container('b', { 'aws.amazon.com/neuroncore': 2 }),
        ],
      },
      want: { trn1: 2000 },
      effective: { 'aws.amazon.com/neuron': 1n, 'aws.amazon.com/neuroncore': 2n },
    },
    {
      name: 'a device class by its implicit resource',
      spec: { containers: [container('a', { 'deviceclass.resource.kubernetes.io/gpu.nvidia.com': 2 })] },
      want: { h100: 2000 },
      effective: { 'deviceclass.resource.kubernetes.io/gpu.nvidia.com': 2n },
    },
    {
      name: 'a profile that no class lists counts by its slices',
      spec: { containers: [container('a', { 'nvidia.com/mig-2g.77gb': 2 })] },
      want: { h100: 570 },
      effective: { 'nvidia.com/mig-2g.77gb': 2n },
    },
    {
      name: 'a profile that no class lists, on nodes of four slices',
      spec: {
        containers: [container('a', { 'nvidia.com/mig-2g.77gb': 1 })],
        nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-A30' },
      },
      want: { a30: 500 },
      effective: { 'nvidia.com/mig-2g.77gb': 1n },
    },
    {
      name: 'several vendors',
      spec: { containers: [container('a', { [GPU]: 1, 'amd.com/gpu': 1, 'google.com/tpu': 4 })] },
      want: { h100: 1000, mi300x: 1000, 'tpu-v6e': 4000 },
      effective: { 'amd.com/gpu': 1n, 'google.com/tpu': 4n, [GPU]: 1n },
    },
  ]
  for (const { name, spec, want, effective } of cases) {
    const demand = demandFor(podOf(spec))
    assert.deepEqual(amountsOf(demand), want, name)
    assert.deepEqual([...demand.effective], Object.entries(effective), name)
    assert.equal(
      demand.total,
      Object.values(want).reduce((sum, milliGpus) => sum + BigInt(milliGpus), 0n),
      name,
    )
    assert.deepEqual([...demand.byClass.keys()], Object.keys(want).toSorted(), name)
  }
})

test('the containers that use an accelerator are named, with what each uses', () => {
  const demand = demandFor(
    podOf({
      initContainers: [container('check', { [GPU]: 1 }), { name: 'copy' }],
      containers: [
        { name: 'proxy' },
        container('train', { [GPU]: 4, 'rdma/ib': 1 }),
        container('log', { 'rdma/ib': 1 }),
      ],
    }),
  )
  assert.deepEqual(demand.accelerated, [
    { list: 'initContainers', index: 0, name: 'check' },
    { list: 'containers', index: 1, name: 'train' },
  ])
  assert.deepEqual(
    demand.perContainer,
    new Map([
      ['check', 1000n],
      ['train', 4000n],
    ]),
  )
  assert.deepEqual(demand.vendors, new Set(['nvidia']))
  assert.equal(demand.source, 'resource')
})

test('a quantity that is none is refused with its place', () => {
  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly want: readonly string[] }[] = [
    {
      name: 'half a GPU',
      spec: { containers: [container('a', { [GPU]: '0.5' })] },
      want: [
        'spec.containers[0].resources.limits["nvidia.com/gpu"]: "0.5" is not whole (write a whole number, such as "8")',
      ],
    },
    {
      name: 'a negative count in an init container',
      spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'i', resources: { requests: { [GPU]: -1 } } }] },
      want: [
        'spec.initContainers[0].resources.requests["nvidia.com/gpu"]: -1 is negative (write a whole number, such as "8")',
      ],
    },
    {
      name: 'every one of them, and what is open as well',
      spec: {
        containers: [
          container('a', { 'rdma/ib': 'some' }),
          { name: 'b', resources: { requests: { [GPU]: 1 }, limits: { [GPU]: 'one', 'a.b/c': '$N' } } },
        ],
      },
      want: [
        'spec.containers[0].resources.limits["rdma/ib"]: "some" is not a quantity (write a whole number, such as "8")',
        'spec.containers[1].resources.limits["nvidia.com/gpu"]: "one" is not a quantity (write a whole number, such as "8")',
        'spec.containers[1].resources.limits["a.b/c"]: a template variable stands where a quantity should be (render the template first)',
      ],
    },
    {
      name: 'more devices than any node has',
      spec: { containers: [container('a', { [GPU]: '9E' })] },
      want: ['spec.containers[0].resources: more than 1000000 of "nvidia.com/gpu" (ask for what a node can have)'],
    },
  ]
  for (const { name, spec, want } of cases) {
    const result = resultFor(podOf(spec))
    assert.deepEqual(result.kind === 'invalid' ? result.issues.map(formatIssue) : result.kind, want, name)
  }
})

test('requests that differ from limits are for a policy to judge', () => {
  const pod = podOf({ containers: [{ name: 'a', resources: { requests: { [GPU]: 1 }, limits: { [GPU]: 2 } } }] })
  assert.equal(resultFor(pod).kind, 'demand')
})

test('a template variable leaves the pod undecided, with what could be read', () => {
  const pod = podOf({
    containers: [
      container('a', { [GPU]: '$'.concat('{GPUS}'), 'vpc.amazonaws.com/efa': 32 }),
      container('b', { [GPU]: 4, 'a.b/c': '{{ .Values.count }}' }),
    ],
  })
  const result = resultFor(pod)
  assert.equal(result.kind, 'undecidable')
  assert.deepEqual(
    result.kind === 'undecidable' ? result.effective : undefined,
    new Map([['vpc.amazonaws.com/efa', 32n]]),
  )
  assert.deepEqual(result.kind === 'undecidable' ? result.issues.map(({ at }) => at) : [], [
    'spec.containers[0].resources.limits["nvidia.com/gpu"]',
    'spec.containers[1].resources.limits["a.b/c"]',
  ])
})

test('a platform gives a profile a class of its own, or makes another model the default', () => {
  const own = classesIn(
    'apiVersion: sluice.dev/v1alpha1\nkind: AcceleratorClass\nmetadata: {name: halves}\nspec: {vendor: nvidia, resources: [{name: nvidia.com/mig-3g.40gb, milliGpus: 500}]}',
  )
  const classes = tableOf([...shippedClasses(), ...own])
  assert.deepEqual(amountsOf(demandFor(limitsPod({ 'nvidia.com/mig-3g.40gb': 1 }), { classes })), { halves: 500 })
  assert.deepEqual(amountsOf(demandFor(limitsPod({ 'nvidia.com/mig-4g.40gb': 1 }), { classes })), { h100: 571 })

  const replaced = shippedClasses().map(document => {
    const { name } = document.metadata
    return name === 'h100' || name === 'l4'
      ? { ...document, spec: { ...document.spec, default: name === 'l4' } }
      : document
  })
  assert.deepEqual(amountsOf(demandFor(limitsPod({ [GPU]: 1 }), { classes: tableOf(replaced) })), { l4: 1000 })
})

test('without a default the first by name counts, and says so', () => {
  const demand = demandFor(limitsPod({ [GPU]: 1 }), {
    classes: tableOf(shippedClasses().filter(({ metadata }) => metadata.name !== 'h100')),
  })
  assert.deepEqual(amountsOf(demand), { 'a100-40gb': 1000 })
  const others = (shippedTable().byResource.get(GPU)?.length ?? 0) - 1
  assert.deepEqual(demand.notes, [`${others} classes share "${GPU}" and none is the default; counted as a100-40gb`])
})

test("without any NVIDIA class its resources are nobody's accelerators", () => {
  const classes = tableOf(shippedClasses().filter(({ spec }) => spec.vendor !== 'nvidia'))
  const pod = limitsPod({ [GPU]: 1, 'nvidia.com/mig-1g.5gb': 1, 'nvidia.com/gpumem': 1 })
  assert.equal(resultFor(pod, { classes }).kind, 'none')
})

test('a pod too large to be one is refused', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => container(`c${index}`, { [GPU]: 1 }))
  const resources = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a.b/c${index}`, 1]))
  const claims = Array.from({ length: 65 }, (_, index) => ({ name: `c${index}`, resourceClaimTemplateName: 't' }))
  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly want: RegExp }[] = [
    {
      name: 'containers',
      spec: { containers: many(10_000) },
      want: /^spec\.containers: 10000 containers and 0 init containers/,
    },
    {
      name: 'without GPUs too',
      spec: { containers: Array(1001).fill({ name: 'c' }) },
      want: /^spec\.containers: 1001/,
    },
    {
      name: 'init containers',
      spec: { containers: many(1), initContainers: many(1000) },
      want: /^spec\.initContainers: 1 containers and 1000/,
    },
    {
      name: 'resources',
      spec: { containers: [container('a', resources)] },
      want: /^spec\.containers\[0\]\.resources: more than 32/,
    },
    {
      name: 'claims',
      spec: { containers: many(1), resourceClaims: claims },
      want: /^spec\.resourceClaims: 65 claims/,
    },
    {
      name: 'claims of a container',
      spec: {
        containers: [{ name: 'a', resources: { claims } }],
        resourceClaims: [{ name: 'a', resourceClaimName: 'a' }],
      },
      want: /^spec\.containers\[0\]\.resources: 65 claims/,
    },
  ]
  for (const { name, spec, want } of cases) {
    const result = resultFor(podOf(spec))
    assert.equal(result.kind, 'invalid', name)
    assert.match(result.kind === 'invalid' ? result.issues.map(formatIssue).join('\n') : '', want, name)
  }
  assert.deepEqual(amountsOf(demandFor(podOf({ containers: many(1000) }))), { h100: 1_000_000 })
})

test('at most twenty problems are listed', () => {
  const result = resultFor(
    podOf({ containers: Array.from({ length: 100 }, (_, index) => container(`c${index}`, { [GPU]: 'x' })) }),
  )
  assert.equal(result.kind === 'invalid' ? result.issues.length : 0, 20)
})

test('names that every object has are ordinary names', () => {
  const limits = JSON.parse(
    '{"__proto__": "1", "a.b/__proto__": "2", "constructor": "x", "a.b/constructor": 1, "nvidia.com/gpu": 1}',
  ) as JsonObject
  const selector = JSON.parse('{"__proto__": "x", "constructor": "y", "toString": "z"}') as JsonObject
  const annotations = JSON.parse('{"__proto__": "x", "constructor": "y"}') as JsonObject
  const demand = demandFor(limitsPod(limits, { nodeSelector: selector }, { annotations }))
  assert.deepEqual([...demand.effective.keys()], ['a.b/__proto__', 'a.b/constructor', GPU])
  assert.deepEqual(amountsOf(demand), { h100: 1000 })
})

test('the same pod gives the same answer, whatever the order of keys', () => {
  const resources = { [GPU]: 1, 'rdma/ib': 2, 'amd.com/gpu': 3, 'nvidia.com/mig-1g.5gb': 4 }
  fc.assert(
    fc.property(fc.shuffledSubarray(Object.entries(resources), { minLength: 4 }), entries => {
      const demand = demandFor(limitsPod(Object.fromEntries(entries)))
      assert.deepEqual([...demand.effective.keys()], Object.keys(resources).toSorted())
      assert.deepEqual(
        [...demand.byClass],
        [
          ['a100-40gb', 568n],
          ['h100', 1000n],
          ['mi300x', 3000n],
        ],
      )
    }),
  )
})

const quantity = fc.oneof(
  fc.nat(10),
  fc.string(),
  fc.constantFrom('8', '0', '-1', '1.5', '$X', '{{x}}', '1e30', null),
  fc.jsonValue(),
)
const resourceName = fc.oneof(
  fc.constantFrom(
    GPU,
    'nvidia.com/gpumem',
    'nvidia.com/mig-1g.10gb',
    'nvidia.com/mig-x',
    'aws.amazon.com/neuron',
    'aws.amazon.com/neuroncore',
  ),
  fc.constantFrom(
    'deviceclass.resource.kubernetes.io/gpu.nvidia.com',
    'deviceclass.resource.kubernetes.io/',
    '__proto__',
    'a/__proto__',
    'cpu',
  ),
  fc.string(),
)
const quantities = fc.dictionary(resourceName, quantity, { maxKeys: 5, noNullPrototype: true })
const arbitraryContainer = fc.record(
  {
    name: fc.string(),
    restartPolicy: fc.constantFrom('Always', 'Never'),
    resources: fc.record(
      {
        limits: quantities,
        requests: quantities,
        claims: fc.array(
          fc.record({ name: fc.constantFrom('a', 'b'), request: fc.string() }, { requiredKeys: ['name'] }),
        ),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['name'] },
)
const label = fc.constantFrom('nvidia.com/gpu.product', 'node.kubernetes.io/instance-type', 'constructor')
const labelValue = fc.oneof(
  fc.constantFrom('NVIDIA-A10G', 'NVIDIA-A100-SXM4-40GB-MIG-1g.5gb', '-SHARED', 'ml.p5.48xlarge'),
  fc.string(),
)
const arbitraryTerm = fc.record(
  {
    matchExpressions: fc.array(
      fc.record(
        { key: label, operator: fc.constantFrom('In', 'NotIn', 'Exists', 'Gt'), values: fc.array(labelValue) },
        { requiredKeys: ['key', 'operator'] },
      ),
    ),
  },
  { requiredKeys: [] },
)
const arbitraryPod = fc.record({
  metadata: fc.record(
    {
      annotations: fc.dictionary(
        fc.constantFrom('gpu-fraction', 'gpu-memory', 'gpu-fraction-num-devices', 'gpu-fraction-container-name'),
        fc.oneof(fc.string(), fc.constant('0.5')),
      ),
    },
    { requiredKeys: [] },
  ),
  spec: fc.record(
    {
      containers: fc.array(arbitraryContainer, { minLength: 1, maxLength: 4 }),
      initContainers: fc.array(arbitraryContainer, { maxLength: 4 }),
      overhead: quantities,
      nodeSelector: fc.dictionary(label, labelValue),
      affinity: fc.record({
        nodeAffinity: fc.record({
          requiredDuringSchedulingIgnoredDuringExecution: fc.record({ nodeSelectorTerms: fc.array(arbitraryTerm) }),
        }),
      }),
      resourceClaims: fc.array(
        fc.record(
          {
            name: fc.constantFrom('a', 'b'),
            resourceClaimName: fc.constantFrom('c', '__proto__'),
            resourceClaimTemplateName: fc.constant('t'),
          },
          { requiredKeys: ['name'] },
        ),
      ),
    },
    { requiredKeys: ['containers'] },
  ),
})
const arbitraryAsk = fc.record(
  {
    deviceClassName: fc.oneof(fc.constantFrom('gpu.nvidia.com', 'mig.nvidia.com'), fc.jsonValue()),
    count: fc.jsonValue(),
    allocationMode: fc.constantFrom('All', 'ExactCount', 7),
    adminAccess: fc.boolean(),
    selectors: fc.oneof(fc.jsonValue(), fc.array(fc.record({ cel: fc.record({ expression: fc.string() }) }))),
  },
  { requiredKeys: [] },
)
const arbitraryClaim = fc.record({
  devices: fc.record({
    requests: fc.array(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ exactly: arbitraryAsk }),
        fc.record({ firstAvailable: fc.array(arbitraryAsk) }),
      ),
    ),
  }),
})

test('whatever parses as a pod is counted or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.oneof(arbitraryPod, fc.jsonValue()), fc.oneof(arbitraryClaim, fc.jsonValue()), (value, claim) => {
      // As it arrives: own properties only, `__proto__` among them.
      const parsed = parsePod(JSON.parse(JSON.stringify(value)))
      if (!parsed.ok) return
      const claims = claimLookup({ t: claim as JsonObject, c: claim as JsonObject })
      const result = demandOf(parsed.value, 'team-a', { classes: shippedTable(), claims, namespaceLabels: {} })
      if (result.kind !== 'demand') return
      const { byClass, total, effective } = result.demand
      assert.ok(byClass.size > 0 && [...byClass.values()].every(milliGpus => milliGpus > 0n))
      assert.ok([...effective.values()].every(units => units > 0n))
      assert.equal(
        [...byClass.values()].reduce((sum, milliGpus) => sum + milliGpus, 0n),
        total,
      )
    }),
    { numRuns: 500 },
  )
})

test('a class of no nodes in particular agrees with any selection of nodes', () => {
  const pod = limitsPod(
    { 'nvidia.com/mig-1g.10gb': 2 },
    { nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' } },
  )
  const demand = demandFor(pod, { classes: shippedTable() })
  assert.deepEqual([...demand.byClass], [['mig-1g.10gb', 284n]])
  assert.deepEqual(demand.notes, [])
})
