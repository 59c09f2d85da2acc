import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { deploymentFor, jobFor, podFor } from './support/pods.ts'

// Reserve, pool and borrowing limit of team-a come to 12.
const TOO_MANY = 13
const EXCEEDED = /\[SLU-Q2\d\d\] exceeded quota: team-a\/\w+, requested: h100=13\b/

function create({ cluster }: Lab, object: JsonObject) {
  return cluster.kubectl(['create', '-n', TEAM_A, '-f', '-'], { stdin: JSON.stringify(object) })
}

/** The text of the first event that says a pod could not be created for this object. */
function failedCreate({ cluster }: Lab, kind: string, name: RegExp): Promise<string> {
  return eventually(`an event for the ${kind}`, async () => {
    const { items } = await cluster.api.must('GET', `/api/v1/namespaces/${TEAM_A}/events`)
    const event = (Array.isArray(items) ? items : []).find(
      one =>
        textAt(one, 'reason') === 'FailedCreate' &&
        textAt(one, 'involvedObject', 'kind') === kind &&
        name.test(textAt(one, 'involvedObject', 'name') ?? ''),
    )
    return textAt(event, 'message')
  })
}

test('what people see of a denial in a real cluster', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { controllers: true })

  await t.test('kubectl prints why a pod exceeds its quota, and what would help', async () => {
    const { code, stderr } = await create(lab, podFor(TOO_MANY, { metadata: { name: 'large', generateName: null } }))
    assert.equal(code, 1)
    assert.match(stderr, /^Error from server \(Forbidden\): .*admission webhook "[\w.-]+" denied the request: \[SLU-Q/)
    assert.match(stderr, EXCEEDED)
    assert.match(stderr, /\n {2}why: .*\n {2}fix: .*\n {2}more: https:\/\/\S+SLU-Q2\d\d\n/)
  })

  await t.test('kubectl names the field of a pod that is wrong in itself', async () => {
    const limits = { 'nvidia.com/gpu': '1', 'nvidia.com/mig-1g.10gb': '1' }
    const containers = [{ name: 'main', image: 'registry.example.com/train:1', resources: { limits } }]
    const pod = podFor(1, { metadata: { name: 'mixed', generateName: null }, spec: { containers } })
    const { code, stderr } = await create(lab, pod)
    assert.equal(code, 1)
    assert.match(stderr, /^The Pod "mixed" is invalid: /)
    assert.match(stderr, /spec\.containers.*one container asks for whole GPUs and for shared or MIG devices/)
  })

  await t.test('a Deployment says it in its condition, and its ReplicaSet in an event', async () => {
    const { code, stderr } = await create(lab, deploymentFor('large', 1, TOO_MANY))
    assert.equal(code, 0, stderr)
    const message = await failedCreate(lab, 'ReplicaSet', /^large-/)
    assert.match(message, EXCEEDED)
    assert.match(message, /\n {2}fix: /)
    const told = await eventually('the condition is there', async () => {
      const deployment = await lab.cluster.api.must('GET', `/apis/apps/v1/namespaces/${TEAM_A}/deployments/large`)
      const conditions = fieldAt(deployment, 'status', 'conditions')
      const failure = (Array.isArray(conditions) ? conditions : []).find(
        one => textAt(one, 'type') === 'ReplicaFailure',
      )
      return textAt(failure, 'message')
    })
    assert.match(told, EXCEEDED)
  })

  await t.test('a Job says it in an event', async () => {
    const { code, stderr } = await create(lab, jobFor('large', TOO_MANY))
    assert.equal(code, 0, stderr)
    assert.match(await failedCreate(lab, 'Job', /^large$/), EXCEEDED)
  })

  await t.test('the text is the same on every try, so that events are merged', async () => {
    const again = podFor(TOO_MANY, { metadata: { name: 'large', generateName: null } })
    const [first, second] = [await create(lab, again), await create(lab, again)]
    assert.equal(first.stderr, second.stderr)
  })

  await t.test('and nothing of what was refused is charged', async () => {
    await lab.create(TEAM_A, podFor(1))
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 1_000 })
  })
})
