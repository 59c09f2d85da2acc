import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objectAt } from '../../admission/objects.ts'
import { clusterWith, QUOTAS } from '../../admission/testing.ts'
import { present, viewOf } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { written } from '../../schema/testing.ts'
import { countingWorld, pod, TREE } from './testing.ts'

/** What is held after a recount with these pods, which nobody has charged. */
async function counted(
  pods: readonly JsonObject[],
  objects: readonly JsonObject[] = [],
  tenant = 'a',
): Promise<string> {
  const world = countingWorld(objects)
  for (const one of pods) world.server.put(one)
  world.lead()
  await world.tick()
  return world.held(tenant)
}

const WARNED = written('TenantQuota', 'b', {
  cohort: 'research',
  namespaces: ['team-b'],
  enforcement: 'Warn',
  classes: [{ class: 'h100', reserved: 4 }],
})

const RULES: readonly {
  readonly name: string
  readonly pods: readonly JsonObject[]
  readonly objects?: readonly JsonObject[]
  readonly tenant?: string
  readonly want: string
}[] = [
  {
    name: 'a pod with the label counts there, also past the limit: it runs',
    pods: [pod('p', { tier: 'reserved', gpus: 64 })],
    want: 'reserved 64000 h100',
  },
  {
    name: 'pods without the label count in the first tier that fits beside the others, the oldest first',
    pods: [
      pod('young', { gpus: 3, createdAt: '2026-01-03T00:00:00Z' }),
      pod('old', { gpus: 5, createdAt: '2026-01-02T00:00:00Z' }),
      pod('labelled', { gpus: 2, tier: 'reserved', createdAt: '2026-01-04T00:00:00Z' }),
    ],
    want: 'reserved 7000 h100, shared 3000 h100',
  },
  {
    name: 'one that fits nowhere counts in the last tier of its tenant',
    pods: [pod('p', { gpus: 64 })],
    want: 'burst 64000 h100',
  },
  {
    name: 'the last tier is the last in the order of its tenant',
    pods: [pod('p', { gpus: 64 })],
    objects: [
      written('TenantQuota', 'a', {
        cohort: 'research',
        namespaces: ['team-a'],
        tierOrder: ['burst', 'shared'],
        classes: [{ class: 'h100', reserved: 8, shared: {}, burst: {} }],
      }),
    ],
    want: 'shared 64000 h100',
  },
  {
    name: 'what a tenant that is only warned runs beyond its quota counts as well',
    pods: [pod('p', { namespace: 'team-b', gpus: 5 })],
    objects: [WARNED],
    tenant: 'b',
    want: 'burst 5000 h100',
  },
  {
    name: 'a class that the tenant has no quota for counts all the same',
    pods: [
      pod('p', { spec: { nodeSelector: { 'node.kubernetes.io/instance-type': 'p4d.24xlarge' } }, tier: 'shared' }),
    ],
    want: 'shared 1000 a100',
  },
  {
    name: 'a label that names no tier is none',
    pods: [pod('p', { tier: 'gold' })],
    want: 'reserved 1000 h100',
  },
  {
    name: 'pods that have ended, ask for nothing, or belong to nobody or to the system hold nothing',
    pods: [
      pod('done', { phase: 'Succeeded' }),
      pod('failed', { phase: 'Failed' }),
      pod('plain', { gpus: 0 }),
      pod('stray', { namespace: 'sandbox' }),
      pod('exporter', { namespace: 'gpu-operator' }),
    ],
    want: '',
  },
]

for (const { name, pods, objects, tenant, want } of RULES) {
  test(name, async () => assert.equal(await counted(pods, objects, tenant), want))
}

const TEMPLATE = {
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaimTemplate',
  metadata: { name: 'gpus', namespace: 'team-a' },
  spec: {
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.nvidia.com', count: 4 } }] } },
  },
}

const CLAIMING = {
  gpus: 0,
  tier: 'reserved',
  spec: {
    containers: [{ name: 'm', image: 'x' }],
    resourceClaims: [{ name: 'c', resourceClaimTemplateName: 'gpus' }],
  },
}

test('what was charged is what is counted, although the claim template has gone since', async () => {
  const world = countingWorld([TEMPLATE])
  const leader = world.lead()
  await world.charge(world.replica('r'), pod('p', CLAIMING))
  await world.charge(world.replica('r'), pod('q', { tier: 'reserved' }))
  world.setCluster(clusterWith())
  world.server.put(pod('q', { tier: 'reserved' }))
  world.server.put(pod('p', { ...CLAIMING, gpus: 1 }))
  await world.tick(2)
  assert.equal(await world.held(), 'reserved 5000 h100')
  assert.equal(leader.told.drift.at(-1), 0n)
})

test('a claim that was made for the pod tells what it holds when its template is gone', async () => {
  const claim = {
    ...TEMPLATE,
    kind: 'ResourceClaim',
    metadata: { name: 'p-c-x', namespace: 'team-a' },
    spec: TEMPLATE.spec.spec,
  }
  const status = { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'p-c-x' }] }
  assert.equal(await counted([pod('p', { ...CLAIMING, status })], [claim]), 'reserved 4000 h100')
})

test('a pod whose claim could not be found is counted when it can', async () => {
  const world = countingWorld()
  world.lead()
  const both = { ...CLAIMING, spec: { ...objectAt(pod('p'), 'spec'), resourceClaims: CLAIMING.spec.resourceClaims } }
  world.server.put(pod('p', both))
  await world.tick()
  assert.equal(await world.held(), 'reserved 1000 h100')
  world.setCluster(clusterWith(TEMPLATE))
  world.server.put(pod('p', both))
  await world.tick()
  assert.equal(await world.held(), 'reserved 5000 h100')
})

test('a pod holds what it was first seen to hold, whatever its tenant writes on it later', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('p', { tier: 'reserved', gpus: 2 }))
  await world.tick()
  world.server.put(pod('p', { tier: 'reserved', gpus: 0, metadata: { annotations: { any: 'thing' } } }))
  world.server.put(pod('p', { gpus: 1 }))
  await world.tick()
  assert.equal(await world.held(), 'reserved 2000 h100')
})

test('a pod moves with its label, and holds there what it was first seen to hold', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('p', { tier: 'burst', gpus: 2 }))
  world.server.put(pod('q', { tier: 'burst' }))
  await world.tick()
  world.server.put(pod('p', { tier: 'reserved', gpus: 1 }))
  await world.tick()
  assert.equal(await world.held(), 'reserved 2000 h100, burst 1000 h100')
  world.server.remove('p')
  await world.tick()
  assert.equal(await world.held(), 'burst 1000 h100')
})

test('a pod that was charged in a tier other than its label names stays there while the label stays', async () => {
  const world = countingWorld()
  world.lead()
  await world.charge(world.replica('r'), pod('p', { tier: 'shared' }))
  world.server.put(pod('p', { tier: 'burst' }))
  await world.tick()
  world.server.put(pod('p', { tier: 'burst', metadata: { annotations: { any: 'thing' } } }))
  await world.tick()
  assert.equal(await world.held(), 'shared 1000 h100')
})

test('the pods of a tree are told together with the book that they were counted in, and only then', async () => {
  const world = countingWorld()
  const leader = world.lead()
  const told = () => {
    const counted = leader.counted(TREE)
    return counted === undefined ? undefined : [...counted.pods].map(({ seen }) => `${seen.uid} ${seen.tier}`)
  }
  assert.equal(told(), undefined, 'nothing has been counted yet')
  world.server.put(pod('p', { tier: 'burst' }))
  await world.tick()
  assert.deepEqual(told(), ['uid-p burst'])
  world.server.put(pod('q', { tier: 'shared' }))
  assert.deepEqual(told(), ['uid-p burst'], 'what was told since is not in the book either')

  world.setStoreAway(true)
  await world.tick()
  assert.equal(told(), undefined)
  world.setStoreAway(false)
  await world.tick()
  assert.deepEqual(told(), ['uid-p burst', 'uid-q shared'])
  await world.replica('another').amend(TREE, [{ kind: 'recount', view: viewOf({ position: 1_000 }) }])
  await world.tick()
  assert.equal(told(), undefined, 'somebody else has counted further')
})

test('what is known of a pod beside what it holds is as new as the last recount', async () => {
  const world = countingWorld()
  const leader = world.lead()
  const annotations = {
    'sluice.dev/reclaim-deadline': '2026-01-01T00:01:00Z',
    'sluice.dev/reclaim-need': 'need',
    'sluice.dev/last-checkpoint': '2026-01-01T00:00:30Z',
  }
  world.server.put(pod('p', { tier: 'burst' }))
  await world.tick()
  assert.equal(leader.pod('uid-p')?.facts.standing.notice, null)
  world.server.put(
    pod('p', {
      tier: 'burst',
      metadata: { annotations, labels: { 'sluice.dev/tier': 'burst' }, deletionTimestamp: '2026-01-01T00:01:00Z' },
      spec: { nodeName: 'n', priority: 7, terminationGracePeriodSeconds: 120 },
      status: { containerStatuses: [{ state: { running: { startedAt: '2026-01-01T00:00:10Z' } } }] },
    }),
  )
  await world.tick()
  const atMs = (seconds: number) => Date.UTC(2026, 0, 1, 0, 0, seconds)
  assert.deepEqual(leader.pod('uid-p')?.facts.standing, {
    name: 'p',
    priority: 7,
    node: 'n',
    startedAtMs: atMs(10),
    savedAtMs: atMs(30),
    notice: { deadlineMs: atMs(60), need: 'need' },
    isTierNamed: true,
    goneByMs: atMs(60),
    graceSeconds: 120,
    labels: 'sluice.dev/tier=burst',
  })
})

test('a pod without the label keeps its tier while the leader lives, also when it lists anew', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('first', { gpus: 8 }))
  world.server.put(pod('second', { gpus: 4, createdAt: '2026-01-01T00:00:00Z' }))
  world.server.put(pod('third', { gpus: 2, createdAt: '2025-01-01T00:00:00Z' }))
  await world.tick()
  const before = await world.held()
  assert.equal(before, 'reserved 6000 h100, burst 8000 h100')
  world.server.remove('second')
  world.server.relist()
  await world.tick()
  assert.equal(await world.held(), 'reserved 2000 h100, burst 8000 h100')
})

test('pods that are not in another list are gone', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('counted'))
  await world.tick()
  world.server.put(pod('told'))
  for (const watch of world.server.watches()) watch.late()
  world.server.remove('counted')
  world.server.remove('told')
  world.server.put(pod('new', { gpus: 2 }))
  world.server.relist()
  await world.tick()
  assert.equal(await world.held(), 'reserved 2000 h100')
})

test('a list that is older than what was told takes no pod away', async () => {
  const world = countingWorld()
  world.lead('leader', {
    follow: collection => {
      const { audience, keep } = collection
      const sighting = (object: JsonObject, resourceVersion: bigint) => {
        const [kept] = [keep(object)]
        return {
          uid: String(Object(object.metadata).uid),
          namespace: 'team-a',
          name: '',
          resourceVersion,
          kept: present(kept, 'kept'),
        }
      }
      audience.replaced([sighting(pod('old'), 5n)], 5n)
      audience.changed(sighting(pod('p', { gpus: 2 }), 9n))
      world.clock.at(world.clock.now() + 6_000, () => audience.replaced([sighting(pod('old'), 5n)], 5n))
      world.clock.at(world.clock.now() + 11_000, () => audience.changed(sighting(pod('p', { gpus: 2 }), 9n)))
      return { listed: Promise.resolve(), problem: () => undefined, stop() {} }
    },
  })
  for (let times = 0; times < 4; times += 1) {
    await world.tick()
    assert.equal(await world.held(), 'reserved 3000 h100')
  }
})

test('pods of a tenant that moves to another tree move with it, and back', async () => {
  const elsewhere = written('TenantQuota', 'a', {
    cohort: 'other',
    namespaces: ['team-a'],
    classes: [{ class: 'h100', reserved: 8 }],
  })
  const other = written('Cohort', 'other', { classes: [{ class: 'h100', capacity: { gpus: 8 } }] })
  const world = countingWorld([other])
  world.lead()
  world.server.put(pod('p', { gpus: 2 }))
  world.server.put(pod('q', { namespace: 'team-b' }))
  await world.tick()
  for (const [objects, inResearch, inOther] of [
    [[other, elsewhere], '', 'reserved 2000 h100'],
    [[other], 'reserved 2000 h100', ''],
    [[other, elsewhere], '', 'reserved 2000 h100'],
  ] as const) {
    world.setCluster(clusterWith(...objects))
    await world.tick()
    assert.deepEqual([await world.held('a', TREE), await world.held('a', 'other')], [inResearch, inOther])
    assert.equal(await world.held('b'), 'reserved 1000 h100')
  }
})

test('a tenant that moves there and back before a recount succeeds loses nothing', async () => {
  const [cohort = {}, , b = {}] = QUOTAS
  const other = written('Cohort', 'other', { classes: [{ class: 'h100', capacity: { gpus: 8 } }] })
  const moved = written('TenantQuota', 'a', {
    cohort: 'other',
    namespaces: ['team-a'],
    classes: [{ class: 'h100', reserved: 8 }],
  })
  const world = countingWorld([cohort, b, other])
  world.lead()
  world.server.put(pod('p', { gpus: 2 }))
  await world.tick()
  world.setStoreAway(true)
  for (const objects of [[other, moved], [other]]) {
    world.setCluster(clusterWith(...objects))
    await world.tick()
  }
  world.setStoreAway(false)
  await world.tick(2)
  assert.deepEqual([await world.held(), await world.held('a', 'other')], ['reserved 2000 h100', ''])
})

test('a namespace that gets another tenant takes its pods along', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('p', { gpus: 2 }))
  await world.tick()
  const spec = { cohort: 'research', classes: [{ class: 'h100', reserved: 4 }] }
  const a = written('TenantQuota', 'a', { ...spec, namespaces: ['team-x'] })
  world.setCluster(clusterWith(a, written('TenantQuota', 'b', { ...spec, namespaces: ['team-a', 'team-b'] })))
  await world.tick()
  assert.deepEqual([await world.held('a'), await world.held('b')], ['', 'reserved 2000 h100'])
})

test('pods whose namespace belongs to nobody any more stay where they were, and those of nobody count once it belongs to someone', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('p', { gpus: 2 }))
  world.server.put(pod('q', { gpus: 3, namespace: 'team-x' }))
  await world.tick()
  const spec = { cohort: 'research', classes: [{ class: 'h100', reserved: 8, shared: {}, burst: {} }] }
  world.setCluster(clusterWith(written('TenantQuota', 'a', { ...spec, namespaces: ['team-x'] })))
  await world.tick()
  assert.equal(await world.held(), 'reserved 5000 h100')
  world.server.remove('p')
  await world.tick()
  assert.equal(await world.held(), 'reserved 3000 h100')
})

function member(index: number): JsonObject {
  return pod(`worker-${index}`, {
    gpus: 2,
    tier: 'reserved',
    metadata: {
      annotations: { 'sluice.dev/gang-size': '3' },
      labels: { 'sluice.dev/tier': 'reserved', 'batch.kubernetes.io/job-name': 'train' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'train', uid: 'job', controller: true }],
    },
  })
}

test('a gang is known by its pods, by a new leader as well, so a member that is replaced is judged by itself', async () => {
  const world = countingWorld()
  const replica = world.replica('r')
  const before = world.lead('before')
  for (const index of [0, 1, 2]) {
    assert.equal((await world.charge(replica, member(index))).kind, 'charged')
    assert.equal(await world.held(), 'reserved 6000 h100', 'the room of all is held')
    world.server.put(member(index))
    await world.tick()
  }
  const keys = async () => (await world.ledger()).base.complete.size
  assert.deepEqual([await keys(), (await world.ledger()).gangs.size], [1, 0])
  before.stop()
  world.lead('after')
  await world.tick(2)
  assert.equal(await keys(), 1)

  await world.charge(replica, member(3))
  world.server.put(member(3))
  for (const index of [0, 1, 2]) world.server.remove(`worker-${index}`)
  await world.tick()
  assert.deepEqual([await world.held(), await keys()], ['reserved 2000 h100', 1])
  world.server.remove('worker-3')
  await world.tick()
  assert.deepEqual([await world.held(), await keys()], ['', 0])
})
