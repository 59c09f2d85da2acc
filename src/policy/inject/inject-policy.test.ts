import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../schema/parts.ts'
import { parsedValue, policyOf, profileOf } from '../../schema/testing.ts'
import { applyPatch, patchOf } from '../patch.ts'
import { compilePolicies } from '../policy-set.ts'
import { claimsOf, gpuContainer, SURROUNDINGS, subjectOf } from '../testing.ts'

/*
 * The laws of injection, over any pod and policies with every block: the patch applies, a second pass is empty, and what no
 * policy names stays as it was, byte for byte.
 */

const EFA = 'vpc.amazonaws.com/efa'

const PROFILE = profileOf({
  device: { resource: EFA },
  instances: [{ type: 'p5.48xlarge', accelerators: 8, devices: 32 }],
  env: [{ name: 'FABRIC', value: '1' }],
  capabilities: ['IPC_LOCK'],
  volumes: [{ name: 'lib', mountPath: '/lib', source: { hostPath: { path: '/lib' } } }],
  podAnnotations: [{ key: 'networks', value: '[]' }],
})

const DEFAULTS = {
  priorityClass: { byTier: [{ tier: 'burst', name: 'gpu-burst' }] },
  tolerations: [{ classTaints: true }, { key: 'sku', value: 'gpu' }],
  env: [
    { name: 'DEFAULT', value: '1' },
    { name: 'EVERYWHERE', value: '1', containers: 'All' },
  ],
  fabric: { profile: 'profile' },
  devices: [{ resource: 'example.com/nic', count: 2 }],
  deviceClaims: [{ name: 'slice', replaces: 'nvidia.com/mig-1g.10gb', resourceClaimTemplateName: 'slice' }],
  sharedMemory: { sizeLimit: '1Gi' },
  nodeSelector: [{ key: 'pool', value: 'gpu' }],
  affinity: {
    nodes: [
      { key: 'spot', operator: 'DoesNotExist' },
      { key: 'fast', operator: 'Exists', weight: 1 },
    ],
    gang: [{ topologyKey: 'zone' }],
  },
  labels: [{ key: 'constructor', value: 'x' }],
  annotations: [{ key: 'note', expression: "'for ' + sluice.tenant" }],
  topologySpread: [{ topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway' }],
}

const ENFORCED = {
  env: [{ name: 'ENFORCED', value: '1', when: 'enforce' }],
  labels: [{ key: 'enforced', value: 'x', when: 'enforce' }],
  schedulerName: { name: 'default-scheduler', when: 'enforce' },
}

// Twice the same, for two policies may agree.
const POLICIES = parsedValue(
  compilePolicies(
    [policyOf({ inject: DEFAULTS }, 'a'), policyOf({ inject: DEFAULTS }, 'b'), policyOf({ inject: ENFORCED }, 'c')],
    new Set(['profile']),
  ),
)
const AROUND = { ...SURROUNDINGS, fabric: new Map([['profile', PROFILE]]) }

function pass(pod: JsonObject, gangSize: number | undefined) {
  const given = { tier: 'burst', instanceTypes: ['p5.48xlarge'], claims: claimsOf('slice.example.com') } as const
  const patch = patchOf(pod)
  const subject = subjectOf(pod, gangSize === undefined ? given : { ...given, gangSize })
  const { injections, problems } = POLICIES.inject(subject, patch, AROUND)
  assert.deepEqual(problems, [])
  return { operations: patch.operations(), injections, isGpuPod: subject.demand !== undefined }
}

const some = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const listOf = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 2 })
const mapOf = (...keys: readonly string[]) =>
  fc.array(fc.tuple(some(...keys), some('x', '')), { maxLength: 3 }).map(entries => Object.fromEntries(entries))
const optional = <T extends object>(fields: { readonly [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true })

const someContainer = fc
  .tuple(
    fc.option(fc.record({ resource: some('nvidia.com/gpu', 'nvidia.com/mig-1g.10gb', EFA), count: some(1, 2, 8) }), {
      nil: undefined,
    }),
    fc.boolean(),
    optional({
      env: listOf(
        fc.record(
          { name: some('DEFAULT', 'ENFORCED', 'FABRIC', 'OTHER'), value: some('1', '2') },
          { requiredKeys: ['name'], noNullPrototype: true },
        ),
      ),
      volumeMounts: listOf(
        fc.record({ name: some('lib', 'own'), mountPath: some('/lib', '/dev/shm', '/own') }, { noNullPrototype: true }),
      ),
      securityContext: some(
        { privileged: true },
        { capabilities: { add: ['ALL'] } },
        { capabilities: {} },
        { runAsUser: 0 },
      ),
      restartPolicy: some('Always'),
      futureField: some({ '/~': [null, 0, ''] }),
    }),
  )
  .map(([request, isDefaulted, more]) => {
    if (request === undefined) return more
    const amounts = { [request.resource]: String(request.count), memory: '1Gi' }
    return { ...more, resources: isDefaulted ? { limits: amounts, requests: amounts } : { limits: amounts } }
  })

const named = (prefix: string, containers: readonly object[]) =>
  containers.map((container, index) => ({ name: `${prefix}${index}`, ...container }))

const terms = some({ matchExpressions: [{ key: 'spot', operator: 'Exists' }] }, { matchExpressions: [] }, {})
const somePod = fc
  .record({
    containers: fc.array(someContainer, { minLength: 1, maxLength: 3 }),
    initContainers: listOf(someContainer),
    metadata: optional({
      labels: mapOf('app', 'enforced', 'constructor', 'toString', '0', 'batch.kubernetes.io/job-name'),
      annotations: mapOf('note', 'networks', 'a/b~c'),
      ownerReferences: some([{ apiVersion: 'batch/v1', kind: 'Job', name: 'train', controller: true }]),
    }),
    spec: optional({
      tolerations: listOf(
        some({ key: 'sku', value: 'gpu' }, { key: 'nvidia.com/gpu', value: 'true' }, { operator: 'Exists' }),
      ),
      nodeSelector: mapOf('pool', 'zone'),
      volumes: listOf(some({ name: 'lib', emptyDir: {} }, { name: 'sluice-shm', configMap: { name: 'x' } })),
      affinity: fc.record(
        {
          nodeAffinity: fc.record({
            requiredDuringSchedulingIgnoredDuringExecution: fc.record({ nodeSelectorTerms: listOf(terms) }),
          }),
        },
        { noNullPrototype: true },
      ),
      topologySpreadConstraints: listOf(some({ topologyKey: 'rack' }, { topologyKey: 'zone' })),
      priorityClassName: some('default', 'mine', 'system-node-critical', ''),
      priority: some(0, 5),
      preemptionPolicy: some('Never'),
      schedulerName: some('default-scheduler', 'other'),
      futureField: some({ deep: [{}] }),
    }),
  })
  .map(
    ({ containers, initContainers, metadata, spec }): JsonObject =>
      JSON.parse(
        JSON.stringify({
          metadata,
          spec: { containers: named('c', containers), initContainers: named('i', initContainers), ...spec },
          futureField: 1,
        }),
      ),
  )

// What policies name: it may be replaced or leave.
const NAMED =
  /^\/spec\/(priorityClassName|priority|preemptionPolicy|schedulerName)$|\/resources\/(limits|requests)\/nvidia\.com~1mig-1g\.10gb$|^\/metadata\/labels\/enforced$|^\/spec\/\w*ontainers\/\d+\/env\/\d+(\/|$)/
// Where they add: fields that were not there, and items behind those that were.
const ADDED = [
  /^\/metadata\/(labels(\/(constructor|enforced))?|annotations(\/(note|networks))?)$/,
  /^\/spec\/(tolerations|volumes|topologySpreadConstraints|resourceClaims)(\/\d+)?$/,
  /^\/spec\/(priorityClassName|schedulerName|nodeSelector(\/pool)?|affinity|affinity\/(nodeAffinity|podAffinity)(\/.*)?)$/,
  /^\/spec\/\w*ontainers\/\d+\/(env|volumeMounts)(\/\d+)?$/,
  /^\/spec\/\w*ontainers\/\d+\/resources(\/(limits|requests|claims))?(\/(vpc\.amazonaws\.com~1efa|example\.com~1nic))?$/,
  /^\/spec\/containers\/\d+\/securityContext(\/capabilities(\/add(\/\d+)?)?)?$/,
]

/** The first place where the pod after injection is neither what it was nor what a policy names. */
function disturbed(before: JsonValue | undefined, after: JsonValue | undefined, at: string): string | undefined {
  if (before === undefined) return ADDED.some(place => place.test(at)) ? undefined : `${at} appeared`
  if (NAMED.test(at)) return undefined
  if (after === undefined) return `${at} left`
  if (!isTree(before) || !isTree(after) || Array.isArray(before) !== Array.isArray(after)) {
    return Object.is(before, after) ? undefined : `${at} changed`
  }
  const kept = Object.keys(after).filter(key => Object.hasOwn(before, key))
  const expected = Object.keys(before).filter(key => Object.hasOwn(after, key))
  if (kept.join() !== expected.join()) return `${at} was put in another order`
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys]
    .map(key => disturbed(own(before, key), own(after, key), `${at}/${key.replaceAll('/', '~1')}`))
    .find(found => found !== undefined)
}

function isTree(value: JsonValue): value is JsonObject {
  return value !== null && typeof value === 'object'
}

function own(tree: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(tree, key) ? tree[key] : undefined
}

test('the patch applies, a second pass is empty, and what no policy names stays as it was', () => {
  let gpuPods = 0
  fc.assert(
    fc.property(somePod, some(undefined, 4), (pod, gangSize) => {
      const text = JSON.stringify(pod)
      const { operations, injections, isGpuPod } = pass(pod, gangSize)
      assert.equal(JSON.stringify(pod), text, 'the pod that came was written to')
      assert.equal(operations.length > 0, injections.length > 0, 'what is done is noted, and nothing else')
      if (isGpuPod) gpuPods += 1
      else assert.deepEqual(operations, [], 'a pod without GPUs')

      const after = applyPatch(pod, operations)
      assert.equal(disturbed(pod, after, ''), undefined)
      const second = pass(after, gangSize)
      assert.deepEqual([second.operations, second.injections], [[], []])
    }),
    { numRuns: 300 },
  )
  assert.ok(gpuPods > 100, `only ${gpuPods} pods used GPUs`)
})

test('the oracle of what stays sees a change, a loss, an addition and another order', () => {
  const pod = { spec: { containers: [{ name: 'a', image: 'x' }], hostNetwork: true } }
  const cases: readonly { readonly after: JsonObject; readonly want: string }[] = [
    { after: { spec: { ...pod.spec, hostNetwork: false } }, want: '/spec/hostNetwork changed' },
    { after: { spec: { containers: pod.spec.containers } }, want: '/spec/hostNetwork left' },
    { after: { spec: { ...pod.spec, hostPID: true } }, want: '/spec/hostPID appeared' },
    {
      after: { spec: { ...pod.spec, containers: [{ image: 'x', name: 'a' }] } },
      want: '/spec/containers/0 was put in another order',
    },
  ]
  for (const { after, want } of cases) assert.equal(disturbed(pod, after, ''), want)
})

test('every block of the schema is among those that the laws are shown for', () => {
  const blocks = new Set([...Object.keys(DEFAULTS), ...Object.keys(ENFORCED)])
  const all = [
    'priorityClass',
    'tolerations',
    'env',
    'fabric',
    'devices',
    'deviceClaims',
    'sharedMemory',
    'nodeSelector',
    'affinity',
    'labels',
    'annotations',
    'schedulerName',
    'topologySpread',
  ]
  assert.deepEqual([...blocks].toSorted(), all.toSorted())
  const subject = subjectOf(
    { spec: { containers: [gpuContainer(8)] } },
    { tier: 'burst', instanceTypes: ['p5.48xlarge'] },
  )
  const patch = patchOf(subject.object)
  const { injections } = POLICIES.inject(subject, patch, AROUND)
  for (const what of [
    'priorityClass',
    'toleration',
    'env',
    'device vpc',
    'device example',
    'volume /dev/shm',
    'volume /lib',
    'nodeSelector',
    'nodeAffinity',
    'label',
    'annotation',
  ]) {
    assert.ok(
      injections.some(injection => injection.what.startsWith(what)),
      what,
    )
  }
})
