import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'
import { TWO_TENANTS } from './support/quotas.ts'

/** As one that was applied while nobody guarded: its schema is right, and its expression is not. */
const INVALID = `
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: invalid}
spec:
  validate:
  - {code: LAB-100, expression: "object.metadata.", message: it is invalid}
`
const TIMES = 5

/** About pods that ask for it by a label. */
function policy(name: string, expression: string): JsonObject {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'GpuPolicy',
    metadata: { name },
    spec: {
      match: { objectSelector: { matchLabels: { judged: name } } },
      validate: [{ expression, message: `${name} says no` }],
    },
  }
}

const THROWS = policy('throws', "object.metadata.labels['absent'] == 'x'")
const MANY = JSON.stringify([...Array(40).keys()])
/** Forty to the fourth steps, where a million are allowed. */
const NESTED = ['a', 'b', 'c', 'd'].reduce((inner, name) => `${MANY}.all(${name}, ${inner})`, 'a < 40')
const COSTS = policy('costs', NESTED)

function create({ cluster }: Lab, labels: Readonly<Record<string, string>> = {}) {
  return cluster.api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods?dryRun=All`, podFor(1, { metadata: { labels } }))
}

function linesOf({ sluice }: Lab, text: RegExp): readonly JsonObject[] {
  return sluice.replicas().flatMap(replica => replica.log().filter(({ message }) => text.test(String(message))))
}

test('policies that fail', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { quotas: `${TWO_TENANTS}\n---\n${INVALID}` })
  const { api } = lab.cluster
  const [replica] = lab.sluice.replicas()
  assert.ok(replica !== undefined)

  await t.test('one that is invalid keeps nobody from the others, and is told of once', async () => {
    const compiled = () => linesOf(lab, /^cluster compiled$/).length
    const before = compiled()
    await api.must('POST', '/api/v1/namespaces', { metadata: { name: 'one-more' } })
    await eventually('the cluster is compiled again', () => (compiled() > before ? true : undefined))
    assert.equal((await create(lab)).status, 201)
    assert.equal(linesOf(lab, /^GpuPolicy invalid cannot be used, it is not in force/).length, 1)
  })

  for (const [name, document] of Object.entries({ throws: THROWS, costs: COSTS })) {
    await t.test(`one that ${name} on some pods denies these and no others, and is told of once`, async () => {
      await api.must('POST', '/apis/sluice.dev/v1alpha1/gpupolicies', document)
      const denied = await eventually('it is in force', async () => {
        const { status, body } = await create(lab, { judged: name })
        return status === 201 ? undefined : body
      })
      assert.match(textAt(denied, 'message') ?? '', new RegExp(`\\[SLU-P101\\] policy ${name} could not be evaluated`))
      for (let times = 0; times < TIMES; times += 1) {
        assert.notEqual((await create(lab, { judged: name })).status, 201)
        assert.equal((await create(lab)).status, 201)
      }
      assert.equal(linesOf(lab, new RegExp(`^policy ${name} failed: `)).length, 1)
      const errors = await replica.metric(`sluice_policy_errors_total{policy="${name}"}`)
      assert.ok((errors ?? 0) > TIMES, `${errors}`)
    })
  }

  await t.test('and the replica is as it was', async () => {
    assert.equal(replica.process.isRunning(), true)
    assert.equal(await replica.isReady(), true)
  })
})
