import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPod } from '../../policy/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { controllerOf, pathOf } from './owner-resource.ts'

const podOf = (...ownerReferences: readonly JsonObject[]) =>
  readPod({ metadata: { ownerReferences }, spec: { containers: [{ name: 'main' }] } })

const REFERENCE = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d9', uid: 'u', controller: true }
const OWNER = { namespace: 'ns', group: 'apps', version: 'v1', kind: 'ReplicaSet', name: 'web-5d9', uid: 'u' }

test('the controller of a pod is its owner, with the version by which the pod names it', () => {
  const other = { ...REFERENCE, kind: 'Other', controller: false }
  assert.deepEqual(controllerOf(podOf(other, REFERENCE), 'ns'), OWNER)
  assert.equal(controllerOf(podOf({ ...REFERENCE, apiVersion: 'v1' }), 'ns')?.group, '')
  assert.equal(controllerOf(podOf(other), 'ns'), undefined)
  assert.equal(controllerOf(podOf({ ...REFERENCE, uid: '' }), 'ns'), undefined)
  assert.equal(controllerOf(podOf(), 'ns'), undefined)
})

test('kinds that look again have a path; others, and what is no name, have none', () => {
  const cases: readonly (readonly [Partial<typeof OWNER>, string | undefined])[] = [
    [{}, '/apis/apps/v1/namespaces/ns/replicasets/web-5d9'],
    [{ group: 'batch', kind: 'Job', name: 'a.b' }, '/apis/batch/v1/namespaces/ns/jobs/a.b'],
    [{ group: '', kind: 'ReplicationController' }, '/api/v1/namespaces/ns/replicationcontrollers/web-5d9'],
    [
      { group: 'kubeflow.org', version: 'v2beta1', kind: 'MPIJob' },
      '/apis/kubeflow.org/v2beta1/namespaces/ns/mpijobs/web-5d9',
    ],
    [{ group: 'batch.volcano.sh', kind: 'Job' }, undefined],
    [{ group: '', kind: 'Pod' }, undefined],
    [{ group: '__proto__', kind: 'constructor' }, undefined],
    [{ name: '../../../secrets/x' }, undefined],
    [{ name: 'a..b' }, undefined],
    [{ name: 'a/status' }, undefined],
    [{ name: 'a?fieldManager=x' }, undefined],
    [{ name: 'A%2e' }, undefined],
    [{ version: 'v1/namespaces/other' }, undefined],
    [{ version: '' }, undefined],
    [{ namespace: '..' }, undefined],
    [{ namespace: '' }, undefined],
  ]
  for (const [change, want] of cases) assert.equal(pathOf({ ...OWNER, ...change }), want, JSON.stringify(change))
})
