import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { tierOf } from './support/counted.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'
import { NAMESPACE, TLS_SECRET } from './support/sluice.ts'

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/${TLS_SECRET}`

function pemIn(secret: JsonObject, name: string): string {
  return Buffer.from(textAt(secret, 'data', name) ?? '', 'base64').toString()
}

/** The API server has verified the certificate against the bundle that it was given, or the pod would have no tier. */
async function isCalled({ cluster }: Lab): Promise<boolean> {
  const { body } = await cluster.api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods?dryRun=All`, podFor(1))
  return tierOf(body) !== undefined
}

test('certificates of our own making in a real cluster', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { replicas: 2, certificates: 'self-signed' })
  const { api } = lab.cluster

  await t.test('stand in one Secret, of which the API server knows the authority', async () => {
    const secret = await api.must('GET', SECRET)
    assert.equal(secret.type, 'kubernetes.io/tls')
    const [server, authority] = ['tls.crt', 'ca.crt'].map(name => new X509Certificate(pemIn(secret, name)))
    assert.ok(server !== undefined && authority !== undefined)
    assert.equal(server.verify(authority.publicKey), true)
    assert.equal(authority.ca, true)
    assert.equal(await isCalled(lab), true)
  })

  await t.test('serve every replica alike', async () => {
    for (const replica of lab.sluice.replicas()) assert.equal(await replica.isReady(), true, replica.name)
    for (let calls = 0; calls < 8; calls += 1) assert.equal(await isCalled(lab), true)
  })

  await t.test('are made again when the Secret is deleted, and no admission is lost for long', async () => {
    const before = pemIn(await api.must('GET', SECRET), 'tls.crt')
    await api.must('DELETE', SECRET)
    await eventually('there is another', async () => {
      const { status, body } = await api.call('GET', SECRET)
      return status === 200 && pemIn(body, 'tls.crt') !== '' && pemIn(body, 'tls.crt') !== before ? true : undefined
    })
    await eventually('the API server calls again', async () => ((await isCalled(lab)) ? true : undefined))
  })

  await t.test('are in no log', () => {
    for (const replica of lab.sluice.replicas())
      assert.doesNotMatch(JSON.stringify(replica.log()), /PRIVATE KEY|Bearer /)
  })
})
