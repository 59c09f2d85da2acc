import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { clusterOf } from '../../src/controller/testing.ts'
import { RETRY_ANNOTATION } from '../../src/controller/touch.ts'
import { request } from '../../src/quota/testing.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'
import { eventually } from './support/eventually.ts'
import { deploymentFor, jobFor } from './support/pods.ts'
import { startWaking } from './support/waking-service.ts'

const NAMESPACE = 'a'
const KINDS = { replicasets: 'apps/v1', statefulsets: 'apps/v1', jobs: 'batch/v1' } as const
type Resource = keyof typeof KINDS

/** A cluster whose one tenant may use four GPUs, each of which is held by a charge until it is given back. */
async function fullCluster(t: TestContext) {
  const plane = await startControlPlane({ controllers: true })
  t.after(() => plane.stop())
  await installCrds(plane)
  await plane.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  await eventually('pods may be created', async () => {
    const { status } = await plane.api.call('GET', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`)
    return status === 200 ? true : undefined
  })
  const service = await startWaking(t, plane, clusterOf({ burst: 4, tenants: { a: {} } }), [NAMESPACE])
  for (const uid of ['1', '2', '3', '4']) {
    const verdict = await service.ledger.charge(request(uid, 'a', { h100: 1_000 }), Date.now() + 10_000)
    assert.equal(verdict.kind, 'charged')
  }
  const listed = async (path: string): Promise<readonly JsonObject[]> => {
    const { items } = await plane.api.must('GET', `${path.replace('{ns}', `namespaces/${NAMESPACE}`)}`)
    return (Array.isArray(items) ? items : []) as readonly JsonObject[]
  }
  return {
    ...service,
    free: (...uids: readonly string[]) =>
      service.ledger.amend(
        'c',
        uids.map(uid => ({ kind: 'release', uid }) as const),
      ),
    create: async (resource: 'deployments' | Resource, object: JsonObject) => {
      const group = resource === 'jobs' ? KINDS.jobs : 'apps/v1'
      await plane.api.must('POST', `/apis/${group}/namespaces/${NAMESPACE}/${resource}`, object)
    },
    pods: () => listed('/api/v1/{ns}/pods'),
    owners: (resource: Resource) => listed(`/apis/${KINDS[resource]}/{ns}/${resource}`),
  }
}

function statefulSetFor(name: string): JsonObject {
  return { ...deploymentFor(name, 1, 1), kind: 'StatefulSet' }
}

const nameOf = (object: JsonObject | undefined) => textAt(object, 'metadata', 'name') ?? ''
const wokenAt = (object: JsonObject | undefined) => textAt(object, 'metadata', 'annotations', RETRY_ANNOTATION)

test('the owners of refused pods are woken when there is room for them', { skip: skipWithoutCluster }, async t => {
  const { create, owners, pods, free, denials, told, log } = await fullCluster(t)
  await create('deployments', deploymentFor('web', 1, 1))
  await create('statefulsets', statefulSetFor('db'))
  await create('jobs', jobFor('train', 1))
  const replicaSet = await eventually('the Deployment has a ReplicaSet', async () => (await owners('replicasets'))[0])
  // By then each waits for seconds until it would try again by itself.
  for (const [owner, times] of [
    [nameOf(replicaSet), 12],
    ['db', 12],
    ['train', 4],
  ] as const) {
    await eventually(`${owner} was refused ${times} times`, () => (denials(owner) >= times ? true : undefined))
  }
  assert.deepEqual([await pods(), told], [[], []])

  const freedMs = performance.now()
  await free('1', '2', '3')
  const created = await eventually('their pods are there', async () => {
    const all = await pods()
    return all.length === 3 ? all : undefined
  })
  t.diagnostic(`three pods were there after ${Math.round(performance.now() - freedMs)} ms`)
  const ownerOf = (pod: JsonObject) =>
    textAt((fieldAt(pod, 'metadata', 'ownerReferences') as readonly JsonObject[])[0], 'kind')
  assert.deepEqual(created.map(ownerOf).toSorted(), ['Job', 'ReplicaSet', 'StatefulSet'])
  assert.deepEqual(told.toSorted(), ['reached', 'reached', 'reached', 'woken', 'woken', 'woken'])
  for (const resource of ['replicasets', 'statefulsets', 'jobs'] as const) {
    assert.ok(wokenAt((await owners(resource))[0]) !== undefined, `${resource} say when they were woken`)
  }
  assert.deepEqual(log.problems, [])
})

test('room for one wakes one of many, the one that waits longest', { skip: skipWithoutCluster }, async t => {
  const { create, owners, pods, free, denials, told } = await fullCluster(t)
  for (const name of ['first', 'second', 'third', 'fourth', 'fifth']) {
    await create('statefulsets', statefulSetFor(name))
    await eventually(`${name} was refused for a while`, () => (denials(name) >= 12 ? true : undefined))
  }
  await free('1')
  const [pod] = await eventually('one pod is there', async () => {
    const all = await pods()
    return all.length > 0 ? all : undefined
  })
  assert.equal(nameOf(pod), 'first-0')
  assert.deepEqual(told, ['woken', 'reached'])
  const woken = (await owners('statefulsets')).filter(owner => wokenAt(owner) !== undefined)
  assert.deepEqual(woken.map(nameOf), ['first'])
})
