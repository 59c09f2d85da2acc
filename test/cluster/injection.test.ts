import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { podsIn } from './support/counted.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A, TEAM_B } from './support/lab.ts'
import { deploymentFor, jobFor, podFor } from './support/pods.ts'

/** What the webhooks gave a pod, and what the API server made of it. */
function givenTo(pod: JsonObject) {
  const tolerations = fieldAt(pod, 'spec', 'tolerations')
  const keys = Array.isArray(tolerations) ? tolerations.map(one => textAt(one, 'key')) : []
  return {
    tier: textAt(pod, 'metadata', 'labels', 'sluice.dev/tier'),
    isExplained: textAt(pod, 'metadata', 'annotations', 'sluice.dev/injected') !== undefined,
    gpuTolerations: keys.filter(key => key === 'nvidia.com/gpu').length,
    priorityClass: textAt(pod, 'spec', 'priorityClassName'),
    priority: fieldAt(pod, 'spec', 'priority'),
  }
}

const RESERVED = {
  tier: 'reserved',
  isExplained: true,
  // One: a patch that is not idempotent would be applied twice.
  gpuTolerations: 1,
  priorityClass: 'gpu-reserved',
  // Computed anew by the Priority plugin from the class that was set.
  priority: 1_000_000,
}

async function podsOf({ cluster }: Lab, selector: (pod: JsonObject) => boolean, count: number) {
  return eventually(`${count} pods are there`, async () => {
    const pods = (await podsIn(cluster, TEAM_A)).filter(selector)
    return pods.length === count ? pods : undefined
  })
}

const isOwnedBy = (kind: string) => (pod: JsonObject) => {
  const owners = fieldAt(pod, 'metadata', 'ownerReferences')
  return Array.isArray(owners) && owners.some(owner => textAt(owner, 'kind') === kind)
}

async function applied({ cluster }: Lab, namespace: string, object: JsonObject): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '-n', namespace, '-f', '-'], {
    stdin: JSON.stringify(object),
  })
  assert.equal(code, 0, stderr)
}

test('GPU pods in a real cluster get what they need', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { controllers: true })

  await t.test('a pod by kubectl', async () => {
    await applied(lab, TEAM_A, podFor(1, { metadata: { name: 'alone', generateName: null } }))
    const pod = await lab.cluster.api.must('GET', `/api/v1/namespaces/${TEAM_A}/pods/alone`)
    assert.deepEqual(givenTo(pod), RESERVED)
  })

  await t.test('the pods of a Deployment', async () => {
    await applied(lab, TEAM_A, deploymentFor('serve', 2, 1))
    for (const pod of await podsOf(lab, isOwnedBy('ReplicaSet'), 2)) assert.deepEqual(givenTo(pod), RESERVED)
  })

  await t.test('the pod of a Job', async () => {
    await applied(lab, TEAM_A, jobFor('fine-tune', 1))
    for (const pod of await podsOf(lab, isOwnedBy('Job'), 1)) assert.deepEqual(givenTo(pod), RESERVED)
  })

  await t.test('past the reserve, the tier that fits', async () => {
    const pod = await lab.create(TEAM_A, podFor(2))
    assert.deepEqual(givenTo(pod), { ...RESERVED, tier: 'shared', priorityClass: 'gpu-shared', priority: 100_000 })
  })

  await t.test('a pod that is applied again stays as it is', async () => {
    const pod = podFor(1, { metadata: { name: 'again', generateName: null } })
    await applied(lab, TEAM_B, pod)
    const before = await lab.cluster.api.must('GET', `/api/v1/namespaces/${TEAM_B}/pods/again`)
    await applied(lab, TEAM_B, pod)
    const after = await lab.cluster.api.must('GET', `/api/v1/namespaces/${TEAM_B}/pods/again`)
    assert.equal(textAt(after, 'metadata', 'resourceVersion'), textAt(before, 'metadata', 'resourceVersion'))
  })

  await t.test('and a pod without GPUs gets nothing', async () => {
    const containers = [{ name: 'main', image: 'registry.example.com/web:1' }]
    const pod = await lab.create(TEAM_A, podFor(0, { spec: { containers } }))
    assert.deepEqual(givenTo(pod), {
      tier: undefined,
      isExplained: false,
      gpuTolerations: 0,
      priorityClass: undefined,
      priority: 0,
    })
  })
})
