import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tryExpression } from '../policy/cel/try-expression.ts'
import { applyPatch } from '../policy/patch.ts'
import { gpuContainer, requestOf } from '../policy/testing.ts'
import { isList, type JsonObject } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import type { Cluster } from './cluster.ts'
import { mutatePod } from './mutate.ts'
import { nativeNet } from './native-net.ts'
import { fieldAt, textAt } from './objects.ts'
import { holds, somePod } from './pod-conditions.testing.ts'
import { clusterWith, deskOf, reviewed } from './testing.ts'
import { validatePod } from './validate.ts'

const MODIFIERS = written('AcceleratorClass', 'h100', {
  vendor: 'nvidia',
  default: true,
  memoryMiB: 81_920,
  resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }],
  mig: { slices: 7, profiles: ['1g.10gb'] },
  deviceClasses: [{ name: 'gpu.nvidia.com', milliGpus: 1000 }],
  fractions: [{ resource: 'nvidia.com/gpumem', unit: 'mebibytes' }],
})
const tenant = (name: string, more: JsonObject) =>
  written('TenantQuota', name, { cohort: 'research', namespaces: [`team-${name}`], ...more })
const QUOTAS = [
  tenant('a', { classes: [{ class: 'h100', reserved: 8, shared: {}, burst: {}, perPod: { max: 4 } }] }),
  tenant('b', { classes: [{ class: 'h100', reserved: 4 }] }),
  tenant('c', { enforcement: 'Warn', classes: [{ class: 'h100', perPod: { max: 2 } }] }),
] as const

const CLUSTER = clusterWith(MODIFIERS, ...QUOTAS)

/** What the API server would say of a pod: the messages of what it breaks. */
function refusals(object: JsonObject, namespace: string, cluster: Cluster = CLUSTER): readonly string[] {
  const [policy] = nativeNet(cluster, ['kube-system'])
  const listed = (field: string) => {
    const found = fieldAt(policy, 'spec', field)
    assert.ok(isList(found))
    return found.map(one => ({
      name: textAt(one, 'name') ?? '',
      expression: textAt(one, 'expression') ?? '',
      message: textAt(one, 'message') ?? '',
    }))
  }
  if (!listed('matchConditions').every(({ expression }) => holds(expression, { object, namespace }))) return []
  return listed('validations').flatMap(({ expression, message }) => {
    const surroundings = { object, request: requestOf(object, namespace), variables: listed('variables') }
    const { value, ...problem } = tryExpression(expression, surroundings)
    assert.deepEqual(problem, {}, expression)
    return value === true ? [] : [message]
  })
}

const pod = (gpus: number, labels: JsonObject = { 'sluice.dev/tier': 'burst' }, spec: JsonObject = {}): JsonObject => ({
  metadata: { labels },
  spec: { containers: [gpuContainer(gpus)], ...spec },
})

test('a GPU pod without a tier is refused, and so is more than one pod of the tenant may have', () => {
  const cases: readonly {
    readonly name: string
    readonly object: JsonObject
    readonly in: string
    readonly want: RegExp
  }[] = [
    { name: 'as it should be', object: pod(4), in: 'team-a', want: /^$/ },
    { name: 'no tier', object: pod(1, {}), in: 'team-a', want: /carries the label/ },
    { name: 'no such tier', object: pod(1, { 'sluice.dev/tier': 'gold' }), in: 'team-a', want: /carries the label/ },
    { name: 'no tenant', object: pod(1, {}), in: 'elsewhere', want: /carries the label/ },
    { name: 'too many', object: pod(5), in: 'team-a', want: /at most 4 nvidia.com\/gpu$/ },
    { name: 'no maximum', object: pod(64), in: 'team-b', want: /^$/ },
    { name: 'not enforced', object: pod(5, {}), in: 'team-c', want: /^$/ },
    { name: 'none, by a count of 0', object: pod(0, {}), in: 'team-a', want: /^$/ },
    {
      name: 'on nodes that are cut into slices a device is a part',
      object: pod(
        5,
        { 'sluice.dev/tier': 'burst' },
        { nodeSelector: { 'nvidia.com/gpu.product': 'H100-MIG-1g.10gb' } },
      ),
      in: 'team-a',
      want: /^$/,
    },
  ]
  for (const { name, object, in: namespace, want } of cases) {
    assert.match(refusals(object, namespace).join(), want, name)
  }
})

test('what Sluice admits the net lets through', async () => {
  const seen = { admitted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(somePod, fc.constantFrom('team-a', 'team-b', 'team-c'), async (object, namespace) => {
      const { request, pod } = reviewed(object, namespace)
      const desk = await deskOf(CLUSTER)
      const stored = applyPatch(object, mutatePod(request, pod, CLUSTER, desk).operations)
      const after = reviewed(stored, namespace)
      const options = { deadlineMs: 1_000, isPreview: true }
      const { denials, examined } = await validatePod(after.request, after.pod, CLUSTER, desk, options)
      if (denials.length > 0) return
      if (examined.subject.demand !== undefined) seen.admitted++
      assert.deepEqual(refusals(stored, namespace), [])
      if (refusals(object, namespace).length > 0) seen.refused++
    }),
    { numRuns: 500 },
  )
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no pod was ${what}`)
})
