import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import { exemptNamespaces } from './exempt.ts'
import { runningPods } from './running-pods.ts'
import { clusterWith, placed } from './testing.ts'

const CLUSTER = clusterWith()
const EXEMPT = exemptNamespaces([])

interface PodParts {
  readonly namespace?: string
  readonly tier?: string
  readonly gpus?: JsonObject[string]
  readonly created?: string
  readonly phase?: string
  readonly uid?: string
  readonly node?: string
  readonly claims?: JsonObject[string]
}

function pod(name: string, parts: PodParts = {}): JsonObject {
  const {
    namespace = 'team-a',
    tier,
    gpus = '1',
    created,
    phase = 'Running',
    uid = `uid-${name}`,
    node,
    claims,
  } = parts
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid,
      ...(tier === undefined ? {} : { labels: { 'sluice.dev/tier': tier } }),
      ...(created === undefined ? {} : { creationTimestamp: created }),
    },
    spec: {
      ...(node === undefined ? {} : { nodeSelector: { 'node.kubernetes.io/instance-type': node } }),
      ...(claims === undefined ? {} : { resourceClaims: claims }),
      containers: [{ name: 'main', image: 'x', resources: { limits: { 'nvidia.com/gpu': gpus } } }],
    },
    status: { phase },
  }
}

function seen(...pods: readonly JsonObject[]) {
  const { charges, remarks } = runningPods(placed(pods), CLUSTER, EXEMPT)
  return {
    charged: charges.map(({ name, tenant, tier, amounts }) => `${name} ${tenant}/${tier} ${amounts.get('h100')}`),
    remarks: remarks.map(
      ({ pod: name, isCounted, problem }) => `${name} ${isCounted ? 'counted' : 'left out'}: ${problem}`,
    ),
    charges,
  }
}

test('a pod with the label is charged there by its UID, also past a limit: it runs', () => {
  const { charged, remarks, charges } = seen(pod('p', { tier: 'reserved', gpus: '64' }))
  assert.deepEqual([charged, remarks], [['p a/reserved 64000'], []])
  const [{ uid, namespace, name, expiresAtMs } = { uid: '', namespace: '', name: '', expiresAtMs: 0 }] = charges
  assert.deepEqual(
    { uid, namespace, name, expiresAtMs },
    { uid: 'uid-p', namespace: 'team-a', name: 'p', expiresAtMs: Number.MAX_SAFE_INTEGER },
  )
})

test('pods without the label get the first tier that fits beside the labelled ones, the oldest first', () => {
  const { charged } = seen(
    pod('young', { gpus: '3', created: '2026-01-03T00:00:00Z' }),
    pod('ageless', { gpus: '1' }),
    pod('old', { gpus: '5', created: '2026-01-02T00:00:00Z' }),
    pod('labelled', { gpus: '2', tier: 'reserved', created: '2026-01-04T00:00:00Z' }),
  )
  assert.deepEqual(charged, [
    'labelled a/reserved 2000',
    'old a/reserved 5000',
    'young a/shared 3000',
    'ageless a/reserved 1000',
  ])
})

test('a pod without the label that fits nowhere counts in the last tier of its tenant, and that is said', () => {
  const { charged, remarks } = seen(pod('huge', { gpus: '64' }))
  assert.deepEqual(charged, ['huge a/burst 64000'])
  assert.deepEqual(remarks, ['team-a/huge counted: has no tier label and fits no tier of a: counted as burst'])
})

test('beyond the quota of a tenant that is only warned nothing is charged, as the ledger does it', () => {
  const warned = clusterWith(
    written('TenantQuota', 'b', {
      cohort: 'research',
      namespaces: ['team-b'],
      enforcement: 'Warn',
      classes: [{ class: 'h100', reserved: 4 }],
    }),
  )
  const { charges, remarks } = runningPods(placed([pod('p', { namespace: 'team-b', gpus: '5' })]), warned, EXEMPT)
  assert.deepEqual(charges, [])
  assert.match(remarks.map(({ problem }) => problem).join(), /beyond the quota of tenant b, whose mode is Warn/)
})

test('pods that have ended, ask for nothing, or are of the system hold nothing and need no remark', () => {
  const { charged, remarks } = seen(
    pod('done', { phase: 'Succeeded' }),
    pod('failed', { phase: 'Failed' }),
    pod('plain', { gpus: '0' }),
    pod('exporter', { namespace: 'gpu-operator' }),
  )
  assert.deepEqual([charged, remarks], [[], []])
})

const LEFT_OUT: readonly { readonly name: string; readonly object: JsonObject; readonly why: RegExp }[] = [
  {
    name: 'a namespace of no tenant',
    object: pod('p', { namespace: 'sandbox' }),
    why: /^sandbox\/p left out: its namespace belongs to no tenant$/,
  },
  {
    name: 'a class without quota',
    object: pod('p', { node: 'p4d.24xlarge' }),
    why: /^team-a\/p left out: tenant a has no quota for a100$/,
  },
  {
    name: 'a quantity that is none',
    object: pod('p', { gpus: 'many' }),
    why: /^team-a\/p left out: spec\.containers\[0\]/,
  },
  {
    name: 'a tier that is none',
    object: pod('p', { tier: 'gold' }),
    why: /left out: metadata\.labels\["sluice\.dev\/tier"\]: .*"gold"/,
  },
  {
    name: 'no pod spec',
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team-a' } },
    why: /^team-a\/p left out: .*"spec" is missing/,
  },
  {
    name: 'another kind',
    object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } },
    why: /^d left out: is a "Deployment", not a pod$/,
  },
  { name: 'nothing in it', object: {}, why: /left out: has no kind$/ },
]

for (const { name, object, why } of LEFT_OUT) {
  test(`a pod is left out with its reason: ${name}`, () => {
    const { charged, remarks } = seen(object, pod('good', { tier: 'burst' }))
    assert.deepEqual(charged, ['good a/burst 1000'])
    assert.equal(remarks.length, 1)
    assert.match(remarks.join(), why)
  })
}

test('a DRA claim that cannot be seen leaves the rest of the pod counted, with a remark', () => {
  const claims = [{ name: 'gpu', resourceClaimTemplateName: 'absent' }]
  const { charged, remarks } = seen(pod('p', { tier: 'reserved', claims }))
  assert.deepEqual(charged, ['p a/reserved 1000'])
  assert.match(remarks.join(), /^team-a\/p counted: its DRA claim "gpu" .*was not counted$/)
})

test('a pod that is listed twice is one pod, and one without a UID goes by its name', () => {
  const { charged } = seen(
    pod('p', { tier: 'burst', gpus: '1' }),
    pod('p', { tier: 'burst', gpus: '2' }),
    pod('q', { tier: 'burst', uid: '' }),
    pod('r', { tier: 'burst', uid: '' }),
  )
  assert.deepEqual(charged, ['p a/burst 2000', 'q a/burst 1000', 'r a/burst 1000'])
})
