import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import { startAlwaysYes } from './always-yes.ts'
import { createPods } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { startControlPlane } from './support/control-plane.ts'
import { podFor } from './support/pods.ts'

const COUNT = 200

test('many creators at once', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())
  const namespaceOf = () => 'default'
  const pods = async () => {
    const { items } = await cluster.api.must('GET', '/api/v1/namespaces/default/pods')
    return Array.isArray(items) ? items.map(pod => textAt(pod, 'metadata', 'uid')) : []
  }

  await t.test('know every pod that they have created', async () => {
    const { created, statuses, answers } = await createPods(cluster.admin, {
      count: COUNT,
      namespaceOf,
      pod: () => podFor(1),
    })
    assert.deepEqual(statuses, { 201: COUNT })
    assert.equal(new Set(answers.map(answer => answer.index)).size, COUNT)
    assert.deepEqual(created.map(pod => textAt(pod, 'metadata', 'uid')).toSorted(), (await pods()).toSorted())
  })

  await t.test('tell what was refused from what was created', async () => {
    const bad = podFor(1, { spec: { containers: [] } })
    const load = { count: 10, namespaceOf, pod: (index: number) => (index < 4 ? bad : podFor(1)) }
    const { statuses, answers } = await createPods(cluster.admin, load)
    assert.deepEqual(statuses, { 201: 6, 422: 4 })
    const refused = answers.filter(answer => answer.status === 422)
    assert.deepEqual(refused.map(answer => answer.index).toSorted(), [0, 1, 2, 3])
    for (const { message } of refused) assert.match(message, /spec\.containers: Required value/)
  })

  await t.test('pass a webhook that says yes to all of them', async () => {
    const yes = await startAlwaysYes(cluster)
    const before = await yes.calls()
    const { statuses } = await createPods(cluster.admin, { count: COUNT, namespaceOf, pod: () => podFor(1) })
    const called = (await yes.calls()) - before
    await yes.stop()
    assert.deepEqual(statuses, { 201: COUNT })
    assert.equal(called, COUNT)
    const { items } = await cluster.api.must(
      'GET',
      '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    )
    assert.deepEqual(items, [])
  })
})
