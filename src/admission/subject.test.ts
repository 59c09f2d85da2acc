import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpuContainer, gpuPod } from '../policy/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { examine, type Knowledge } from './subject.ts'
import { clusterWith, reviewed } from './testing.ts'

const cluster = clusterWith(
  {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name: 'two', namespace: 'team-a' },
    spec: {
      spec: { devices: { requests: [{ name: 'g', exactly: { deviceClassName: 'gpu.nvidia.com', count: 2 } }] } },
    },
  },
  {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name: 'all', namespace: 'team-a' },
    spec: {
      spec: {
        devices: { requests: [{ name: 'g', exactly: { deviceClassName: 'gpu.nvidia.com', allocationMode: 'All' } }] },
      },
    },
  },
  {
    apiVersion: 'resource.nvidia.com/v1beta1',
    kind: 'ComputeDomain',
    metadata: { name: 'd', namespace: 'team-a' },
    spec: { channel: { resourceClaimTemplate: { name: 'channel' } } },
  },
)

function examined(json: JsonObject, namespace?: string, knowledge?: Knowledge) {
  const { request, pod } = reviewed(json, namespace)
  return examine(request, pod, cluster, knowledge)
}

const withGpus = (gpus: unknown): JsonObject => ({
  spec: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': gpus as string } } }] },
})
const withTemplate = (resourceClaimTemplateName: string): JsonObject => ({
  spec: { containers: [{ name: 'main' }], resourceClaims: [{ name: 'gpus', resourceClaimTemplateName }] },
})

test('a subject is the pod with its tenant, tier, demand and place', () => {
  const { subject, denials, undecidable } = examined(gpuPod({}, { labels: { 'sluice.dev/tier': 'burst' } }))
  assert.deepEqual(
    [subject.tenant, subject.tier, subject.demand?.total, subject.namespace],
    ['a', 'burst', 8_000n, 'team-a'],
  )
  assert.deepEqual(Object.fromEntries(subject.effective), { 'nvidia.com/gpu': 8n })
  assert.deepEqual(subject.namespaceLabels, { 'kubernetes.io/metadata.name': 'team-a' })
  assert.deepEqual([denials, undecidable], [[], []])
})

test('a pod of nobody, without GPUs and without a tier, is a subject too', () => {
  const { subject, denials } = examined({ spec: { containers: [{ name: 'main' }] } }, 'elsewhere')
  assert.deepEqual([subject.tenant, subject.tier, subject.demand, denials], [undefined, undefined, undefined, []])
})

test('the instance types are those that the pod names, else those that the cohort has of its classes', () => {
  const typesOf = (spec: JsonObject, namespace?: string) => examined(gpuPod(spec), namespace).subject.instanceTypes
  assert.deepEqual(typesOf({ nodeSelector: { 'node.kubernetes.io/instance-type': 'ml.p4d.24xlarge' } }), [
    'p4d.24xlarge',
  ])
  assert.deepEqual(typesOf({}), ['p5.48xlarge'])
  assert.deepEqual(typesOf({}, 'elsewhere'), [])
})

test('what makes a pod unfit is named with its field, its code and its class', () => {
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly want: readonly (readonly string[])[]
  }[] = [
    {
      name: 'a tier that is none',
      pod: gpuPod({}, { labels: { 'sluice.dev/tier': 'gold' } }),
      want: [['SLU-E121', 'Invalid', 'metadata.labels["sluice.dev/tier"]']],
    },
    {
      name: 'an empty tier',
      pod: gpuPod({}, { labels: { 'sluice.dev/tier': '' } }),
      want: [['SLU-E121', 'Invalid', 'metadata.labels["sluice.dev/tier"]']],
    },
    {
      name: 'no quantity',
      pod: withGpus('eight'),
      want: [['SLU-E102', 'Invalid', 'spec.containers[0].resources.limits["nvidia.com/gpu"]']],
    },
    {
      name: 'half a GPU',
      pod: withGpus('500m'),
      want: [['SLU-E102', 'Invalid', 'spec.containers[0].resources.limits["nvidia.com/gpu"]']],
    },
    {
      name: 'a resource that is named like a claim',
      pod: { spec: { containers: [{ name: 'main', resources: { limits: { 'x.dev/claim': 'x' } } }] } },
      want: [['SLU-E102', 'Invalid', 'spec.containers[0].resources.limits["x.dev/claim"]']],
    },
    {
      name: 'two claims of one name',
      pod: {
        spec: {
          containers: [{ name: 'main' }],
          resourceClaims: [
            { name: 'g', resourceClaimName: 'x' },
            { name: 'g', resourceClaimName: 'y' },
          ],
        },
      },
      want: [['SLU-E110', 'Invalid', 'spec.resourceClaims[1].name']],
    },
    {
      name: 'a template that is not there',
      pod: withTemplate('three'),
      want: [['SLU-E111', 'Forbidden', 'spec.resourceClaims']],
    },
  ]
  for (const { name, pod, want } of cases) {
    const { denials } = examined(pod)
    assert.deepEqual(
      denials.map(({ code, reason, field = '' }) => [code, reason, field]),
      want,
      name,
    )
  }
})

test('a template that asks for all devices cannot be counted', () => {
  const [denial] = examined(withTemplate('all')).denials
  assert.deepEqual([denial?.code, denial?.reason], ['SLU-E110', 'Invalid'])
})

test('a template that is there is counted, and one that a controller has promised holds no GPU', () => {
  assert.equal(examined(withTemplate('two')).subject.demand?.total, 2_000n)
  const promised = examined(withTemplate('channel'))
  assert.deepEqual([promised.denials, promised.subject.demand], [[], undefined])
})

test('names that a tenant wrote are quoted and cut', () => {
  const [denial] = examined(withTemplate(`x"\n${'y'.repeat(200)}`)).denials
  assert.match(denial?.message ?? '', /^DRA claim "gpus" needs "[^"\n]{1,120}", which is not in the namespace$/)
})

test('where not every claim can be seen, one that is not found may still be there', () => {
  assert.deepEqual(examined(withTemplate('three'), 'team-a', { areClaimsKnown: false }).denials, [])
})

test('a placeholder leaves open what the pod asks for', () => {
  const { undecidable, denials, subject } = examined(withGpus('${GPUS}'))
  assert.deepEqual(
    [undecidable.map(({ at }) => at), denials, subject.demand],
    [['spec.containers[0].resources.limits["nvidia.com/gpu"]'], [], undefined],
  )
})

test('a manifest that knows the size of the gang is believed', () => {
  const pod = gpuPod(
    { containers: [gpuContainer(8)] },
    {
      labels: { 'batch.kubernetes.io/job-name': 'train' },
      ownerReferences: [{ kind: 'Job', apiVersion: 'batch/v1', name: 'train', controller: true }],
    },
  )
  assert.equal(examined(pod, 'team-a', { gangSize: 4 }).subject.workload.gang?.size, 4)
})
