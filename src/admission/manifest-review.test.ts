import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpuContainer } from '../policy/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import { exemptNamespaces } from './exempt.ts'
import { type ReviewDeps, reviewManifest } from './manifest-review.ts'
import { clusterWith, deskOf } from './testing.ts'

async function depsOf(more: Partial<ReviewDeps> = {}): Promise<ReviewDeps> {
  const cluster =
    more.cluster ?? clusterWith(written('GpuPolicy', 'p', { inject: { tolerations: [{ classTaints: true }] } }))
  return { cluster, exempt: exemptNamespaces([]), desk: await deskOf(cluster), isQuotaKnown: true, ...more }
}

function deployment(replicas: number, gpus = 2, namespace = 'team-a'): JsonObject {
  const containers = gpus === 0 ? [{ name: 'main' }] : [gpuContainer(gpus)]
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers } },
    },
  }
}

async function review(value: JsonObject, deps?: ReviewDeps) {
  const [first, ...more] = await reviewManifest({ at: 'f:1', value }, deps ?? (await depsOf()))
  assert.ok(first !== undefined && more.length === 0)
  return first
}

test('each pod of a template is admitted, and the first tells what all are given', async () => {
  const { verdict, pods, tier, tenant, injections, operations, kind, name } = await review(deployment(3))
  assert.deepEqual([verdict, pods, tier, tenant], ['allowed', { wanted: 3, admitted: 3 }, 'reserved', 'a'])
  assert.deepEqual([kind, name, operations.length > 0], ['Deployment', 'd', true])
  assert.deepEqual(new Set(injections.map(({ policy }) => policy)), new Set(['quota', 'p']))
})

test('the first pod that is refused ends it, and tells how many fit', async () => {
  // Of six GPUs each, one fits into the eight that are reserved, and two into the fourteen that are idle.
  const { verdict, pods, denials, warnings } = await review(deployment(5, 6))
  assert.deepEqual([verdict, pods], ['denied', { wanted: 5, admitted: 3 }])
  assert.deepEqual(
    denials.map(({ code }) => code),
    ['SLU-Q201'],
  )
  assert.ok(warnings.includes('3 of 5 pods fit'))
})

test('the pods of a template may come to different tiers, and all that is said of any of them is told', async () => {
  const { tiers, warnings } = await review(deployment(4, 4))
  assert.deepEqual(Object.fromEntries(tiers), { reserved: 2, shared: 1, burst: 1 })
  assert.equal(warnings.filter(warning => warning.startsWith('borrows 4 h100')).length, 1)
  const refused = await review(deployment(6, 6))
  assert.ok(refused.warnings.some(warning => warning.startsWith('borrows 6 h100')))
})

test('a manifest tells what all templates of a gang need together', async () => {
  const job = (name: string, gpus: number, parallelism: number) => ({
    name,
    template: {
      spec: { parallelism, completions: parallelism, template: { spec: { containers: [gpuContainer(gpus)] } } },
    },
  })
  const value = {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: 'train', namespace: 'team-a' },
    spec: { replicatedJobs: [job('driver', 2, 1), job('workers', 1, 4)] },
  }
  const reviews = await reviewManifest({ at: 'f:1', value }, await depsOf())
  const whole = { id: 'team-a/JobSet/train', size: 5, demand: new Map([['h100', 6_000n]]) }
  assert.deepEqual(
    reviews.map(({ gang, wholeGang }) => [gang?.size, wholeGang]),
    [
      [5, whole],
      [5, whole],
    ],
  )
  assert.equal((await review(deployment(3))).wholeGang, undefined)
})

test('a namespace that is still to be filled in has no quota that could be asked', async () => {
  const { verdict, undecidable, denials } = await review(deployment(1, 8, '${NAMESPACE}'))
  assert.deepEqual([verdict, denials], ['undecidable', []])
  assert.deepEqual(
    undecidable.map(({ at }) => at),
    ['metadata.namespace'],
  )
})

test('what one manifest takes the next does not have', async () => {
  const deps = await depsOf()
  assert.equal((await review(deployment(1, 8, 'team-a'), deps)).tier, 'reserved')
  const [second] = await reviewManifest({ at: 'f:20', value: deployment(1, 8, 'team-a') }, deps)
  assert.equal(second?.tier, 'burst')
})

test('a workload that is scaled to zero is judged, and holds nothing', async () => {
  const deps = await depsOf()
  const { verdict, pods, tier } = await review(deployment(0, 8), deps)
  assert.deepEqual([verdict, pods, tier], ['allowed', { wanted: 0, admitted: 0 }, 'reserved'])
  const [after] = await reviewManifest({ at: 'f:20', value: deployment(1, 8) }, deps)
  assert.equal(after?.tier, 'reserved')
  assert.equal((await review(deployment(0, 64))).verdict, 'denied')
})

test('a million replicas are as many as a thousand', async () => {
  const cluster = clusterWith(
    written('Cohort', 'research', { classes: [{ class: 'h100', capacity: { gpus: 1_000_000 } }] }),
    written('TenantQuota', 'a', {
      cohort: 'research',
      namespaces: ['team-a'],
      classes: [{ class: 'h100', reserved: 900_000 }],
    }),
  )
  const { pods, verdict } = await review(deployment(1_000_000, 1), await depsOf({ cluster }))
  assert.deepEqual([verdict, pods], ['allowed', { wanted: 1_000_000, admitted: 1_000 }])
})

test('every verdict has its manifest', async () => {
  const broken = {
    ...deployment(1),
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'a', env: 'x' }] } } },
  }
  const open = {
    ...deployment(1),
    spec: {
      replicas: 1,
      template: { spec: { containers: [{ name: 'a', resources: { limits: { 'nvidia.com/gpu': '${N}' } } }] } },
    },
  }
  const system = (value: JsonObject): JsonObject => ({ ...value, metadata: { name: 'd', namespace: 'kube-system' } })
  const cases: readonly { readonly name: string; readonly value: JsonObject; readonly want: readonly unknown[] }[] = [
    { name: 'allowed', value: deployment(1), want: ['allowed', []] },
    { name: 'no GPU', value: deployment(3, 0), want: ['not-gpu', []] },
    { name: 'exempt', value: deployment(1, 8, 'kube-system'), want: ['exempt', []] },
    { name: 'exempt, whatever it is', value: system(broken), want: ['exempt', []] },
    { name: 'unreadable', value: broken, want: ['denied', ['SLU-E101']] },
    { name: 'undecidable', value: open, want: ['undecidable', []] },
    { name: 'no tenant', value: deployment(1, 8, 'elsewhere'), want: ['denied', ['SLU-Q211']] },
  ]
  for (const { name, value, want } of cases) {
    const { verdict, denials } = await review(value)
    assert.deepEqual([verdict, denials.map(({ code }) => code)], want, name)
  }
})

test('a namespace that is given takes the place of the manifest’s, and without quotas policies alone decide', async () => {
  assert.equal((await review(deployment(1), await depsOf({ namespace: 'team-b' }))).tenant, 'b')
  const { namespace, verdict } = await review(
    { ...deployment(1), metadata: { generateName: 'd-' } },
    await depsOf({ isQuotaKnown: false }),
  )
  assert.deepEqual([namespace, verdict], ['default', 'allowed'])
})

test('a policy that fails on a pod is a warning to its author', async () => {
  const cluster = clusterWith(
    written('GpuPolicy', 'p', { inject: { labels: [{ key: 'a', expression: 'object.spec.absent' }] } }),
  )
  const { warnings, verdict } = await review(deployment(1), await depsOf({ cluster }))
  assert.equal(verdict, 'allowed')
  assert.match(warnings.join(), /policy p could not be applied: 1:\d+: no such key: absent/)
})

test('a manifest that makes no pods has no reviews', async () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } }
  assert.deepEqual(await reviewManifest({ at: 'f:1', value: service }, await depsOf()), [])
})
