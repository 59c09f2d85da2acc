import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileExpression } from '../policy/cel/compile.ts'
import { createBudget, EXPRESSION_COST } from '../policy/cel/cost.ts'
import { activate, evaluate } from '../policy/cel/evaluate.ts'
import { toCel } from '../policy/cel/value.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue, written } from '../schema/testing.ts'
import type { Cluster } from './cluster.ts'
import { mutatePod } from './mutate.ts'
import { holds, isMet, somePod } from './pod-conditions.testing.ts'
import { everyPod, podConditions } from './pod-conditions.ts'
import { clusterWith, deskOf, reviewed } from './testing.ts'
import { validatePod } from './validate.ts'

const FRACTIONS = written('AcceleratorClass', 'h100', {
  vendor: 'nvidia',
  default: true,
  memoryMiB: 81_920,
  resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }],
  mig: { slices: 7, profiles: ['1g.10gb'] },
  deviceClasses: [{ name: 'gpu.nvidia.com', milliGpus: 1000 }],
  fractions: [
    { annotation: 'gpu-fraction', unit: 'fraction' },
    { resource: 'nvidia.com/gpumem', unit: 'mebibytes' },
  ],
})

/** Policies of every kind of reach. */
const POLICIES = [
  written('GpuPolicy', 'gpu-only', {
    validate: [{ expression: 'false' }],
    inject: { labels: [{ key: 'a', value: 'b' }] },
  }),
  written('GpuPolicy', 'no-nvidia-runtime', {
    match: { accelerators: 'Absent' },
    matchConditions: [
      { name: 'tenants', expression: "sluice.tenant != ''" },
      { name: 'runtime', expression: "sluice.gpus > 0 || object.spec.?runtimeClassName.orValue('') == 'nvidia'" },
    ],
    validate: [{ expression: 'false' }],
  }),
  written('GpuPolicy', 'marked', {
    match: {
      accelerators: 'Any',
      namespaces: ['team-a'],
      objectSelector: {
        matchLabels: { app: 'web' },
        matchExpressions: [
          { key: 'role', operator: 'NotIn', values: ["it's", 'b'] },
          { key: 'off', operator: 'DoesNotExist' },
        ],
      },
    },
    inject: { labels: [{ key: 'seen', value: 'yes' }] },
  }),
] as const

const SHIPPED_LIKE = clusterWith(FRACTIONS, ...POLICIES)

/** All that Sluice does to a pod, in words. */
async function doneTo(object: JsonObject, namespace: string, cluster: Cluster) {
  const { request, pod } = reviewed(object, namespace)
  const mutation = mutatePod(request, pod, cluster, { peek: () => undefined })
  const desk = await deskOf(cluster)
  const validation = await validatePod(request, pod, cluster, desk, { deadlineMs: 1_000, isPreview: true })
  return {
    mutated: [...mutation.operations, ...mutation.problems].map(item => JSON.stringify(item)),
    judged: [...validation.denials, ...validation.audited, ...validation.problems, ...validation.warnings].map(item =>
      JSON.stringify(item),
    ),
  }
}

test('a pod that the conditions leave out is one for which nothing would be done', async () => {
  const conditions = podConditions(SHIPPED_LIKE)
  const seen = { mutated: 0, judged: 0, leftOut: 0 }
  await fc.assert(
    fc.asyncProperty(somePod, fc.constantFrom('team-a', 'team-a', 'team-b', 'elsewhere'), async (object, namespace) => {
      const { mutated, judged } = await doneTo(object, namespace, SHIPPED_LIKE)
      const isAccelerated = holds(conditions.accelerated, { object, namespace })
      const isMutated = isAccelerated || isMet(conditions.injected, { object, namespace })
      const isJudged = isAccelerated || isMet(conditions.judged, { object, namespace })
      if (!isMutated) assert.deepEqual(mutated, [])
      if (!isJudged) assert.deepEqual(judged, [])
      if (!isMutated && !isJudged) seen.leftOut++
      if (!isAccelerated && mutated.length > 0) seen.mutated++
      if (!isAccelerated && judged.length > 0) seen.judged++
    }),
    { numRuns: 500 },
  )
  // A property that never met what it is about would hold as well.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no pod was ${what}`)
})

test('pods that ask are let through, and what only looks like it is not', () => {
  const { accelerated } = podConditions(SHIPPED_LIKE)
  const asking = (resource: string) => ({
    spec: { containers: [{ name: 'a', resources: { limits: { [resource]: '1' } } }] },
  })
  const cases: readonly { readonly object: JsonObject; readonly want: boolean }[] = [
    { object: asking('nvidia.com/gpu'), want: true },
    { object: asking('nvidia.com/mig-1g.10gb'), want: true },
    { object: asking('deviceclass.resource.kubernetes.io/gpu.nvidia.com'), want: true },
    { object: asking('nvidia.com/gpumem'), want: true },
    { object: asking('nvidia.com/hostdev'), want: false },
    { object: asking('cpu'), want: false },
    {
      object: { metadata: { annotations: { 'gpu-fraction': '0.5' } }, spec: { containers: [{ name: 'a' }] } },
      want: true,
    },
    {
      object: { metadata: { labels: { 'sluice.dev/tier': 'gold' } }, spec: { containers: [{ name: 'a' }] } },
      want: true,
    },
    { object: { spec: { containers: [{ name: 'a' }], resourceClaims: [{ name: 'x' }] } }, want: true },
    { object: { spec: { containers: [{ name: 'a' }], overhead: { 'nvidia.com/gpu': '1' } } }, want: true },
    { object: { spec: { containers: [{ name: 'a' }] } }, want: false },
  ]
  for (const { object, want } of cases) {
    assert.equal(holds(accelerated, { object: { metadata: {}, ...object } }), want, JSON.stringify(object))
  }
})

test('of updates only those that touch the tier or a notice are looked at', () => {
  const { created } = podConditions(SHIPPED_LIKE)
  const labelled = (labels?: JsonObject) => ({ metadata: labels === undefined ? {} : { labels }, spec: {} })
  const annotated = (annotations: JsonObject) => ({ metadata: { annotations }, spec: {} })
  const [none, other, burst, empty] = [
    labelled(),
    labelled({ app: 'web' }),
    labelled({ 'sluice.dev/tier': 'burst' }),
    labelled({ 'sluice.dev/tier': '' }),
  ]
  assert.equal(holds(created, { object: none }), true)
  assert.equal(holds(created, { object: other, oldObject: none }), false)
  assert.equal(holds(created, { object: burst, oldObject: burst }), false)
  for (const [object, oldObject] of [
    [burst, none],
    [none, burst],
    [empty, none],
    [annotated({ 'sluice.dev/reclaim-deadline': '2026-01-01T00:00:00Z' }), none],
    [none, annotated({ 'sluice.dev/reclaim-need': 'n' })],
  ] as const) {
    assert.equal(holds(created, { object, oldObject }), true)
  }
  assert.equal(holds(created, { object: annotated({ 'sluice.dev/last-checkpoint': 'now' }), oldObject: none }), false)
})

test('a policy about all pods has all pods sent, and none about others has none of them sent', () => {
  assert.deepEqual([podConditions(clusterWith()).judged, podConditions(clusterWith()).injected], [undefined, undefined])
  const broad = clusterWith(
    written('GpuPolicy', 'broad', {
      match: { accelerators: 'Any' },
      matchConditions: [{ name: 'may-fail', expression: 'object.spec.containers[0].image == "a"' }],
      validate: [{ expression: 'true' }],
    }),
    ...POLICIES,
  )
  assert.equal(podConditions(broad).judged, 'true')
  assert.equal(everyPod(podConditions(clusterWith())).injected, 'true')
})

test('a pod of 1,000 containers costs half of what an expression may at most', () => {
  const many = Array.from({ length: 70 }, (_, index) => `vendor-${index}.example.com/device`)
  const cluster = clusterWith(
    written('AcceleratorClass', 'many', {
      vendor: 'other',
      resources: many.slice(0, 64).map(name => ({ name, milliGpus: 1000 })),
    }),
  )
  const containers = Array.from({ length: 1000 }, (_, index) => ({
    name: `c${index}`,
    resources: { limits: { cpu: '1', 'example.com/nic': '1' }, requests: { cpu: '1', 'example.com/nic': '1' } },
  }))
  const { accelerated } = podConditions(cluster)
  const compiled = parsedValue(compileExpression({ expression: accelerated, resultType: 'bool', place: 'condition' }))
  const budget = createBudget(EXPRESSION_COST)
  const inputs = { oldObject: null, params: null, namespaceObject: null }
  const object = toCel({ metadata: {}, spec: { containers } })
  const result = evaluate(compiled, activate({ ...inputs, object }), budget)
  assert.deepEqual(result, { ok: true, value: false })
  assert.ok(budget.left > EXPRESSION_COST / 2, `${EXPRESSION_COST - budget.left} were spent`)
})
