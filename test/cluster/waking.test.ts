import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { clusterOf } from '../../src/controller/testing.ts'
import { RETRY_ANNOTATION } from '../../src/controller/waking/touch.ts'
import { request } from '../../src/quota/testing.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'
import { eventually } from './support/eventually.ts'
import { deploymentFor, jobFor, podFor } from './support/pods.ts'
import { startWaking } from './support/waking-service.ts'

const NAMESPACE = 'a'
const KINDS = { replicasets: 'apps/v1', statefulsets: 'apps/v1', jobs: 'batch/v1' } as const
type Resource = keyof typeof KINDS

/** A cluster whose one tenant may use four GPUs, each of which is held by a charge until it is given back. */
async function fullCluster(t: TestContext, { controllers }: { readonly controllers: boolean }) {
  const plane = await startControlPlane({ controllers })
  t.after(() => plane.stop())
  await installCrds(plane)
  await plane.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  if (controllers)
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
      const created = await plane.api.must('POST', `/apis/${group}/namespaces/${NAMESPACE}/${resource}`, object)
      return { uid: textAt(created, 'metadata', 'uid') }
    },
    /** A pod of a StatefulSet, as its controller would create it; the status that it gets. */
    attempt: async (name: string, uid = '') => {
      const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid, controller: true }]
      const pod = podFor(1, { metadata: { generateName: `${name}-`, ownerReferences } })
      return (await plane.api.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, pod)).status
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
  const { create, owners, pods, free, denials, told, log } = await fullCluster(t, { controllers: true })
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

test('a touch on a version that is no more is a conflict', {
  skip: skipWithoutCluster,
}, async t => {
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const path = '/apis/batch/v1/namespaces/default/jobs'
  const job = await plane.api.must('POST', path, jobFor('train', 1))
  const resourceVersion = textAt(job, 'metadata', 'resourceVersion') ?? ''
  const touched = async (at: string) => {
    const metadata = { resourceVersion, annotations: { [RETRY_ANNOTATION]: at } }
    return (await plane.api.call('PATCH', `${path}/train`, { metadata })).status
  }
  assert.deepEqual([await touched('now'), await touched('later')], [200, 409])
  await plane.api.must('DELETE', `${path}/train?propagationPolicy=Background`)
  await plane.api.must('POST', path, jobFor('train', 1))
  assert.equal(await touched('later'), 409)
})

// Without controllers, which would try at times of their own: the test creates the pods in their place.
test('room for one wakes one of many, the one that waits longest', { skip: skipWithoutCluster }, async t => {
  const { create, attempt, owners, free, told } = await fullCluster(t, { controllers: false })
  const names = ['first', 'second', 'third', 'fourth', 'fifth']
  for (const name of names) {
    const { uid } = await create('statefulsets', statefulSetFor(name))
    assert.equal(await attempt(name, uid), 403)
  }
  await free('1')
  const woken = () => owners('statefulsets').then(all => all.filter(owner => wokenAt(owner) !== undefined))
  const [first, ...others] = await eventually('somebody was woken', async () => {
    const all = await woken()
    return all.length > 0 ? all : undefined
  })
  assert.deepEqual([nameOf(first), others], ['first', []])
  assert.equal(await attempt('first', textAt(first, 'metadata', 'uid')), 201)
  assert.equal(await attempt('second', 'another'), 403)
  assert.deepEqual([told, (await woken()).map(nameOf)], [['woken', 'reached'], ['first']])
})
