import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { folderOf } from '../support/sluice-process.ts'
import { createDuring, lostOf } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { newAuthority } from './support/certificates.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { mountSecret, type TlsSecret } from './support/mounted-secret.ts'
import { podFor } from './support/pods.ts'
import { PLENTY } from './support/quotas.ts'
import { NAMESPACE, SUBJECT, TLS_SECRET } from './support/sluice.ts'

const PATIENCE = { patienceMs: 180_000 } as const
/** A few at once open connections all the time, and each of them shakes hands. */
const CREATORS = 6

async function assertNoneLost({ cluster }: Lab, rotation: Promise<void>): Promise<void> {
  const load = { creators: CREATORS, pod: () => podFor(1), namespaceOf: () => TEAM_A }
  const answers = await createDuring(cluster.admin, load, rotation)
  assert.ok(answers.length > 0)
  assert.deepEqual(lostOf(answers), [])
}

/** What the API server is told to believe, the same for every webhook. */
async function bundleOf({ cluster }: Lab): Promise<string> {
  const bundles = new Set<string>()
  for (const kind of ['mutating', 'validating']) {
    const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/sluice`
    const { webhooks } = await cluster.api.must('GET', path)
    for (const webhook of Array.isArray(webhooks) ? webhooks : []) {
      bundles.add(Buffer.from(textAt(webhook, 'clientConfig', 'caBundle') ?? '', 'base64').toString())
    }
  }
  return bundles.size === 1 ? ([...bundles][0] ?? '') : ''
}

async function untilBelieved(lab: Lab, ca: string): Promise<void> {
  const wanted = ca.replaceAll(/\s/g, '')
  await eventually(
    'the API server is told whom to believe',
    async () => ((await bundleOf(lab)).replaceAll(/\s/g, '') === wanted ? true : undefined),
    PATIENCE,
  )
  // It learns of its own configurations by a watch; after reviews that were sent later than that it knows.
  for (let calls = 0; calls < 20; calls += 1) await isCalled(lab)
}

async function isCalled({ cluster }: Lab): Promise<void> {
  await cluster.api.must('POST', `/api/v1/namespaces/${TEAM_A}/pods?dryRun=All`, podFor(1))
}

/** Each replica has taken so many certificates since its start. */
async function untilTaken({ sluice }: Lab, times: number): Promise<void> {
  for (const replica of sluice.replicas()) {
    await eventually(
      `${replica.name} serves with what is mounted`,
      async () => {
        const taken = await replica.metric('sluice_certificate_reloads_total{result="loaded"}')
        return (taken ?? 0) >= times ? true : undefined
      },
      PATIENCE,
    )
  }
}

test('mounted certificates and their authority are replaced under load', { skip: skipWithoutCluster }, async t => {
  const [former, next] = [await newAuthority('CN=former authority'), await newAuthority('CN=next authority')]
  const both = `${former.ca}\n${next.ca}`
  const first: TlsSecret = { ...(await former.sign(SUBJECT)), ca: former.ca }
  const secret = mountSecret(folderOf(t, {}), first)
  const lab = await startLab(t, { quotas: PLENTY, replicas: 2, certificates: { flags: secret.flags } })

  async function rotate(): Promise<void> {
    const renewed: TlsSecret = { ...(await former.sign(SUBJECT)), ca: former.ca }
    secret.replace(renewed)
    await untilTaken(lab, 1)
    secret.replace({ ...renewed, ca: both })
    await untilTaken(lab, 2)
    await untilBelieved(lab, both)
    const signedAnew: TlsSecret = { ...(await next.sign(SUBJECT)), ca: both }
    secret.replace(signedAnew)
    await untilTaken(lab, 3)
    secret.replace({ ...signedAnew, ca: next.ca })
    await untilTaken(lab, 4)
    await untilBelieved(lab, next.ca)
  }
  await assertNoneLost(lab, rotate())
})

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/${TLS_SECRET}`

function pemIn(secret: JsonObject, name: string): string {
  return Buffer.from(textAt(secret, 'data', name) ?? '', 'base64').toString()
}

test('certificates of our own making are replaced under load before they expire', {
  skip: skipWithoutCluster,
}, async t => {
  const lab = await startLab(t, {
    quotas: PLENTY,
    replicas: 2,
    certificates: 'self-signed',
    // A minute and a half, of which the last third is for the replacement.
    flags: ['--certificate-hours', '0.025'],
  })
  const { api } = lab.cluster
  const before = await api.must('GET', SECRET)

  async function rotated(): Promise<void> {
    await eventually(
      'another certificate is in service',
      async () => (pemIn(await api.must('GET', SECRET), 'tls.crt') === pemIn(before, 'tls.crt') ? undefined : true),
      PATIENCE,
    )
    for (let calls = 0; calls < 20; calls += 1) await isCalled(lab)
  }
  await assertNoneLost(lab, rotated())

  const after = await api.must('GET', SECRET)
  assert.equal(fieldAt(after, 'data', 'next.crt'), undefined, 'nothing is left of the replacement')
  const [formerCert, nextCert] = [before, after].map(secret => new X509Certificate(pemIn(secret, 'tls.crt')))
  assert.ok(formerCert !== undefined && nextCert !== undefined)
  assert.notEqual(nextCert.issuer, formerCert.issuer)
})
