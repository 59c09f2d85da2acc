/** What Sluice's account may do to pods in a real API server, by the policies of the chart: far less than RBAC can say. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import {
  DEADLINE_ANNOTATION,
  FORMER_TIER_ANNOTATION,
  INJECTED_ANNOTATION,
  NEED_ANNOTATION,
  TIER_LABEL,
} from '../../src/policy/owned-keys.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutHelm } from '../chart/support/helm.ts'
import { type ApiAnswer, type ApiClient, apiClient } from './support/api-client.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { chartsRights } from './support/chart-rights.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'
import { nameOf, pathOf } from './support/kubelet.ts'
import { podFor } from './support/pods.ts'
import { serviceAccountToken } from './support/service-accounts.ts'
import { ACCOUNT, NAMESPACE } from './support/sluice.ts'

const TEAM = 'team-a'
const EXEMPT = 'kube-system'
const NOTICE = { [DEADLINE_ANNOTATION]: '2030-01-01T00:00:00Z', [NEED_ANNOTATION]: 'owed/team-b' }
const NO_NOTICE = { [DEADLINE_ANNOTATION]: null, [NEED_ANNOTATION]: null }

async function callsOfSluice(t: TestContext, plane: ControlPlane): Promise<ApiClient> {
  const token = await serviceAccountToken(plane.api, `${NAMESPACE}/${ACCOUNT}`)
  const sluice = apiClient({ ...plane.admin, credentials: { kind: 'token', token } })
  t.after(() => sluice.close())
  return sluice
}

async function createIn(api: ApiClient, namespace: string, metadata: JsonObject = {}): Promise<JsonObject> {
  return api.must('POST', `/api/v1/namespaces/${namespace}/pods`, podFor(1, { metadata }))
}

function manyKeys(count: number): JsonObject {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index.toString(36)}`, '']))
}

function refusal({ status, body }: ApiAnswer): string | undefined {
  return status < 300 ? undefined : `${status} ${textAt(body, 'message')}`
}

test('what Sluice may do to pods', { skip: skipWithoutCluster || skipWithoutHelm }, async t => {
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const { api } = plane
  await api.must('POST', '/api/v1/namespaces', { metadata: { name: TEAM } })
  const sluice = await callsOfSluice(t, plane)
  await chartsRights(plane)
  const worn = { labels: { app: 'x', [TIER_LABEL]: 'burst' }, annotations: { theirs: 'x' }, finalizers: ['a.test/b'] }
  const pod = await createIn(api, TEAM, worn)
  const exempt = await createIn(api, EXEMPT)
  const patch = async (one: JsonObject, body: JsonObject, by = sluice) =>
    refusal(await by.call('PATCH', `${pathOf(one)}?dryRun=All`, body))
  const metadata = (one: JsonObject, change: JsonObject) => patch(one, { metadata: change })
  const imaged = (image: string) => ({ spec: { containers: [{ ...containerOf(pod), image }] } })
  const evict = async (one: JsonObject, by = sluice) =>
    refusal(
      await by.call('POST', `${pathOf(one)}/eviction?dryRun=All`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: nameOf(one), namespace: textAt(one, 'metadata', 'namespace') ?? '' },
      }),
    )
  await eventually('both policies are in force', async () =>
    (await patch(pod, imaged('evil'))) !== undefined && (await evict(exempt)) !== undefined ? true : undefined,
  )

  await t.test('a notice is given and taken back, and a pod is moved to another tier', async () => {
    assert.equal(await metadata(pod, { annotations: NOTICE }), undefined)
    const noticed = await createIn(api, TEAM, { annotations: NOTICE })
    assert.equal(await metadata(noticed, { annotations: NO_NOTICE }), undefined)
    const promotion = { labels: { [TIER_LABEL]: 'shared' }, annotations: { [FORMER_TIER_ANNOTATION]: 'burst' } }
    assert.equal(await metadata(pod, promotion), undefined)
    assert.equal(await metadata(noticed, promotion), undefined)
    assert.equal(await evict(pod), undefined)
  })

  await t.test('nothing else of a pod is changed', async () => {
    assert.match((await patch(pod, imaged('evil'))) ?? '', /^403 .*sluice-pod-patches.*no spec, owner or finalizer/)
    assert.match((await patch(pod, { spec: { activeDeadlineSeconds: 1 } })) ?? '', /^403 .*no spec/)
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' }
    for (const change of [{ ownerReferences: [owner] }, { finalizers: [] }, { finalizers: ['a.test/b', 'a.test/c'] }])
      assert.match((await metadata(pod, change)) ?? '', /^403 .*no spec, owner or finalizer/)
    for (const labels of [{ app: 'y' }, { app: null }, { more: 'x' }])
      assert.match((await metadata(pod, { labels })) ?? '', /^403 .*no label of a pod but/)
    for (const annotations of [
      { theirs: 'y' },
      { theirs: null },
      { ...NOTICE, more: 'x' },
      { [INJECTED_ANNOTATION]: 'x' },
    ])
      assert.match((await metadata(pod, { annotations })) ?? '', /^403 .*no annotation of a pod but/)
    // What would make it one of those that are not looked at.
    assert.match((await metadata(pod, { annotations: manyKeys(2_000) })) ?? '', /^403 .*no annotation of a pod but/)
  })

  await t.test('whoever covers a pod with labels and annotations can be told to go', async () => {
    // Were each of them looked at, this would end in a timeout.
    const covered = await createIn(api, TEAM, { labels: manyKeys(30_000), annotations: manyKeys(30_000) })
    assert.equal(await metadata(covered, { annotations: NOTICE }), undefined)
    const edge = await createIn(api, TEAM, { labels: manyKeys(1_000), annotations: manyKeys(1_000) })
    assert.equal(await metadata(edge, { annotations: NOTICE }), undefined)
    assert.match((await metadata(edge, { annotations: { k1: 'x' } })) ?? '', /^403 .*no annotation/)
  })

  await t.test('pods of exempt namespaces are left alone', async () => {
    assert.match((await metadata(exempt, { annotations: NOTICE })) ?? '', /^403 .*exempt namespaces/)
    assert.match((await evict(exempt)) ?? '', /^403 .*sluice-evictions.*exempt namespaces/)
  })

  await t.test('nobody else is held to it', async () => {
    assert.equal(await patch(pod, imaged('newer'), api), undefined)
    assert.equal(await evict(exempt, api), undefined)
  })
})

function containerOf(pod: JsonObject): JsonObject {
  const [container] = (pod.spec as { containers: readonly JsonObject[] }).containers
  return container ?? {}
}
