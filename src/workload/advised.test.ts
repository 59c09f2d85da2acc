import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADVISED_RESOURCES } from './advised.ts'
import { KNOWN_KINDS } from './kinds.ts'

const ADVISED = ADVISED_RESOURCES.flatMap(({ apiGroups, resources }) =>
  apiGroups.flatMap(group => resources.map(resource => (group === '' ? resource : `${resource}.${group}`))),
)

test('whoever writes a workload by hand is advised, under the name that its API has', () => {
  const written = [
    'deployments.apps',
    'statefulsets.apps',
    'daemonsets.apps',
    'jobs.batch',
    'cronjobs.batch',
    'jobs.batch.volcano.sh',
    'jobsets.jobset.x-k8s.io',
    'leaderworkersets.leaderworkerset.x-k8s.io',
    'rayclusters.ray.io',
    'rayjobs.ray.io',
    'rayservices.ray.io',
    'trainjobs.trainer.kubeflow.org',
    'pytorchjobs.kubeflow.org',
    'mpijobs.kubeflow.org',
    'inferenceservices.serving.kserve.io',
    'llminferenceservices.serving.kserve.io',
    'workflows.argoproj.io',
    'replicationcontrollers',
  ]
  assert.deepEqual(
    written.filter(name => !ADVISED.includes(name)),
    [],
  )
})

test('controllers are not advised on what they make, and nobody on what does not run by itself', () => {
  for (const name of [
    'pods',
    'replicasets.apps',
    'workloads.kueue.x-k8s.io',
    'trainingruntimes.trainer.kubeflow.org',
  ]) {
    assert.ok(!ADVISED.includes(name), name)
  }
})

test('every group has one rule, and no rule is empty', () => {
  const groups = ADVISED_RESOURCES.flatMap(({ apiGroups }) => apiGroups)
  assert.equal(new Set(groups).size, groups.length)
  assert.ok(ADVISED_RESOURCES.every(({ resources }) => resources.length > 0))
  assert.ok(ADVISED.length > 20 && ADVISED.length < KNOWN_KINDS.length)
})
