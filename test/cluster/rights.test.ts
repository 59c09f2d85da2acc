import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutHelm } from '../chart/support/helm.ts'
import { folderOf } from '../support/sluice-process.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { chartsRights } from './support/chart-rights.ts'
import { eventually } from './support/eventually.ts'
import { startLab, TEAM_A } from './support/lab.ts'
import { deploymentFor, podFor } from './support/pods.ts'
import { ACCOUNT, NAMESPACE } from './support/sluice.ts'

const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [`system:serviceaccount:${NAMESPACE}:${ACCOUNT}`] }, { level: 'None' }],
}

/** The API server writes down every call of Sluice. */
function audited(t: TestContext) {
  const folder = folderOf(t, { 'policy.json': JSON.stringify(POLICY), 'audit.log': '' })
  const log = join(folder, 'audit.log')
  return {
    flags: [`--audit-policy-file=${join(folder, 'policy.json')}`, `--audit-log-path=${log}`],
    calls: (): readonly JsonObject[] =>
      readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
  }
}

const codeOf = (call: JsonObject) => fieldAt(call, 'responseStatus', 'code')
const told = (call: JsonObject) => `${textAt(call, 'verb')} ${textAt(call, 'requestURI')}`

test('the rights of the chart in a real cluster', { skip: skipWithoutCluster || skipWithoutHelm }, async t => {
  const audit = audited(t)
  const lab = await startLab(t, {
    controllers: true,
    replicas: 2,
    certificates: 'self-signed',
    apiServerFlags: audit.flags,
    grant: chartsRights,
  })
  const { api } = lab.cluster

  await t.test('suffice for the life of a pod, a denial and the waking of its owner', async () => {
    const pods = `/api/v1/namespaces/${TEAM_A}/pods`
    // All that team-a can have.
    await api.must('POST', pods, podFor(4, { metadata: { name: 'reserve', generateName: null } }))
    await api.must('POST', pods, podFor(4))
    await api.must('POST', pods, podFor(4))
    await api.must('POST', `/apis/apps/v1/namespaces/${TEAM_A}/deployments`, deploymentFor('waiting', 1, 4))
    await eventually('the Deployment was refused', async () => {
      const { items } = await api.must('GET', `/api/v1/namespaces/${TEAM_A}/events`)
      return JSON.stringify(items).includes('exceeded quota: team-a/') ? true : undefined
    })
    await api.must('DELETE', `${pods}/reserve`)
    await eventually('the Deployment has its pod', async () => {
      const deployment = await api.must('GET', `/apis/apps/v1/namespaces/${TEAM_A}/deployments/waiting`)
      return fieldAt(deployment, 'status', 'replicas') === 1 ? true : undefined
    })
    await eventually('the tenant has its window', async () => {
      const { items } = await api.must('GET', `/apis/sluice.dev/v1alpha1/namespaces/${TEAM_A}/gpuusages`)
      return Array.isArray(items) && items.length > 0 ? true : undefined
    })
  })

  await t.test('are asked for, and nothing beyond them', () => {
    const calls = audit.calls()
    const refused = new Set(calls.filter(call => codeOf(call) === 403).map(told))
    assert.ok(calls.some(call => told(call).includes('quotaledgers/lab')))
    assert.deepEqual([...refused], [])
  })
})
