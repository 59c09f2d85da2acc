import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyPatch } from '../policy/patch.ts'
import { gpuPod, readPod, requestOf } from '../policy/testing.ts'
import type { Peek } from '../quota/holds.ts'
import type { JsonObject, Tier } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import { mutatePod } from './mutate.ts'
import { clusterWith, reviewed } from './testing.ts'

const cluster = clusterWith(
  written('GpuPolicy', 'tolerations', { inject: { tolerations: [{ classTaints: true }] } }),
  written('GpuPolicy', 'for-burst', {
    match: { tiers: ['burst'] },
    inject: {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '1' },
      ],
    },
  }),
  written('GpuPolicy', 'broken', { inject: { labels: [{ key: 'x', expression: 'object.spec.absent' }] } }),
)

/** Foretells always the same, and remembers what it was asked. */
function forecastOf(tier: Tier | undefined) {
  const asked: (Peek & { readonly isDryRun: boolean })[] = []
  return {
    asked,
    peek(pod: Peek, { isDryRun }: { readonly isDryRun: boolean }) {
      asked.push({ ...pod, isDryRun })
      return tier
    },
  }
}

function mutate(json: JsonObject, tier: Tier = 'reserved', namespace?: string) {
  const { request, pod } = reviewed(json, namespace)
  return mutatePod(request, pod, cluster, forecastOf(tier))
}

const NOTE = { op: 'add', path: '/metadata/annotations' }

test('a pod gets its tier, what the policies inject, and a note of both', () => {
  const { operations, tier, injections } = mutate(gpuPod(), 'burst')
  assert.equal(tier, 'burst')
  assert.deepEqual(operations, [
    {
      op: 'add',
      path: '/spec/containers/0/env',
      value: [
        { name: 'A', value: '1' },
        { name: 'B', value: '1' },
      ],
    },
    {
      op: 'add',
      path: '/spec/tolerations',
      value: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    },
    { op: 'add', path: '/metadata/labels', value: { 'sluice.dev/tier': 'burst' } },
    {
      ...NOTE,
      value: {
        'sluice.dev/injected': 'quota: tier burst; for-burst: env A, env B; tolerations: toleration nvidia.com/gpu',
      },
    },
  ])
  assert.equal(injections[0]?.policy, 'quota')
})

test('a second pass adds nothing, to the note either', () => {
  const first = mutate(gpuPod(), 'burst')
  const patched = applyPatch(gpuPod(), first.operations)
  assert.deepEqual(mutate(patched, 'reserved').operations, [])
})

test('a policy that comes later joins the note, which keeps what stood there', () => {
  const pod = gpuPod(
    {},
    { labels: { 'sluice.dev/tier': 'reserved' }, annotations: { 'sluice.dev/injected': 'quota: tier reserved' } },
  )
  assert.deepEqual(mutate(pod).operations.at(-1), {
    op: 'replace',
    path: '/metadata/annotations/sluice.dev~1injected',
    value: 'quota: tier reserved; tolerations: toleration nvidia.com/gpu',
  })
})

test('the tier that a pod names is not foretold', () => {
  const forecast = forecastOf('reserved')
  const { request, pod } = reviewed(gpuPod({}, { labels: { 'sluice.dev/tier': 'burst' } }))
  const { tier, operations } = mutatePod(request, pod, cluster, forecast)
  assert.deepEqual([tier, forecast.asked], ['burst', []])
  assert.ok(operations.every(({ path }) => !path.startsWith('/metadata/labels')))
})

test('what is asked of the forecast is the demand of the tenant, and whether anything may be held', () => {
  const forecast = forecastOf(undefined)
  const { request, pod } = reviewed(gpuPod())
  for (const dryRun of [true, false]) mutatePod({ ...request, dryRun }, pod, cluster, forecast)
  const peek = { tenant: 'a', namespace: 'team-a', tier: 'auto', demand: new Map([['h100', 8_000n]]), gang: undefined }
  assert.deepEqual(forecast.asked, [
    { ...peek, isDryRun: true },
    { ...peek, isDryRun: false },
  ])
})

test('a pod that fits no tier gets no label, and what every tier would get', () => {
  const { request, pod } = reviewed(gpuPod())
  const { tier, operations } = mutatePod(request, pod, cluster, forecastOf(undefined))
  assert.equal(tier, undefined)
  assert.deepEqual(
    operations.map(({ path }) => path),
    ['/spec/tolerations', '/metadata/annotations'],
  )
})

test('nothing is injected into a pod that asks for no GPU, is of no tenant, or is wrong', () => {
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly namespace?: string
    readonly want: number
  }[] = [
    { name: 'no GPU', pod: { spec: { containers: [{ name: 'main' }] } }, want: 0 },
    { name: 'an unknown tier', pod: gpuPod({}, { labels: { 'sluice.dev/tier': 'gold' } }), want: 0 },
    {
      name: 'a quantity that is none',
      pod: { spec: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': 'x' } } }] } },
      want: 0,
    },
    {
      name: 'a placeholder',
      pod: { spec: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '${N}' } } }] } },
      want: 0,
    },
    {
      name: 'a claim that is not there',
      pod: gpuPod({ resourceClaims: [{ name: 'c', resourceClaimName: 'nowhere' }] }),
      want: 0,
    },
    // Policies are of the cluster; a tier is of a tenant.
    { name: 'no tenant', pod: gpuPod(), namespace: 'elsewhere', want: 2 },
  ]
  for (const { name, pod, namespace, want } of cases) {
    const { operations } = mutate(pod, 'reserved', namespace)
    assert.equal(operations.length, want, name)
    assert.ok(!JSON.stringify(operations).includes('sluice.dev/tier'), name)
  }
})

test('a policy that fails is a problem, and no reason to leave the others out', () => {
  const { problems, injections } = mutate(gpuPod())
  assert.deepEqual(
    problems.map(({ policy }) => policy),
    ['broken'],
  )
  assert.ok(injections.some(({ policy }) => policy === 'tolerations'))
})

test('a pod with hostile labels and annotations is patched beside them', () => {
  const metadata = JSON.parse('{"labels":{"__proto__":"p","constructor":"c"},"annotations":{"__proto__":"p"}}')
  const pod = gpuPod({}, metadata)
  const { operations } = mutatePod(requestOf(pod, 'team-a'), readPod(pod), cluster, forecastOf('reserved'))
  const after = JSON.stringify(applyPatch(pod, operations).metadata)
  assert.match(after, /"labels":\{"__proto__":"p","constructor":"c","sluice.dev\/tier":"reserved"\}/)
  assert.match(after, /"annotations":\{"__proto__":"p","sluice.dev\/injected":/)
})
