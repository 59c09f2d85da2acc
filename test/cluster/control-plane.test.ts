import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { startControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'
import { addNode } from './support/nodes.ts'
import { deploymentFor } from './support/pods.ts'

test('a control plane', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())

  await t.test('speaks to kubectl', async () => {
    const { code, stdout, stderr } = await cluster.kubectl(['get', 'namespace', 'default', '-o', 'name'])
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'namespace/default\n', stderr: '' })
  })

  await t.test('knows a service account by its token, and gives it no rights that nobody gave', async () => {
    const kubeconfig = await cluster.kubeconfigFor('tenant/reader')
    const whoAmI = await cluster.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
      kubeconfig,
    })
    assert.equal(whoAmI.stdout, 'system:serviceaccount:tenant:reader', whoAmI.stderr)
    const { code, stderr } = await cluster.kubectl(['get', 'pods', '-n', 'tenant'], { kubeconfig })
    assert.equal(code, 1)
    assert.match(stderr, /^Error from server \(Forbidden\): pods is forbidden/)
  })

  await t.test('keeps what was written when its API server starts again', async () => {
    const written = await cluster.api.must('POST', '/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kept' },
    })
    await cluster.stopApiServer()
    await assert.rejects(cluster.api.call('GET', '/readyz'), /had no answer/)
    await cluster.restartApiServer()
    const read = await cluster.api.must('GET', '/api/v1/namespaces/default/configmaps/kept')
    assert.equal(textAt(read, 'metadata', 'uid'), textAt(written, 'metadata', 'uid'))
  })

  await t.test('stores nothing while etcd is paused, and goes on after that', async () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } }
    const path = '/api/v1/namespaces/default/configmaps?timeout=1s'
    cluster.pauseEtcd()
    const paused = await cluster.api.call('POST', path, configMap)
    cluster.resumeEtcd()
    assert.equal(paused.status, 504, JSON.stringify(paused.body))
    const { status } = await cluster.api.call('POST', path, { ...configMap, metadata: { name: 'later' } })
    assert.equal(status, 201)
  })
})

test('nothing is left of a control plane that was stopped', { skip: skipWithoutCluster }, async () => {
  const cluster = await startControlPlane()
  await cluster.stop()
  assert.equal(existsSync(cluster.folder), false)
  await assert.rejects(cluster.api.call('GET', '/readyz'), /had no answer/)
})

test('a control plane with controllers and a scheduler', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane({ controllers: true, scheduler: true })
  t.after(() => cluster.stop())
  await addNode(cluster.api, 'big', 8)

  await t.test('turns a Deployment into pods that stand on a node', async () => {
    await cluster.api.must('POST', '/apis/apps/v1/namespaces/default/deployments', deploymentFor('train', 2, 4))
    const nodes = await eventually('both pods are bound', async () => {
      const { items } = await cluster.api.must('GET', '/api/v1/namespaces/default/pods')
      const bound = Array.isArray(items) ? items.map(pod => textAt(pod, 'spec', 'nodeName')) : []
      return bound.filter(node => node !== undefined).length === 2 ? bound : undefined
    })
    assert.deepEqual(nodes, ['big', 'big'])
  })

  await t.test('makes the account of each namespace, which pods run as', async () => {
    const { items } = await cluster.api.must('GET', '/api/v1/namespaces/default/pods')
    assert.ok(Array.isArray(items))
    assert.deepEqual(
      items.map(pod => textAt(pod, 'spec', 'serviceAccountName')),
      ['default', 'default'],
    )
  })
})
