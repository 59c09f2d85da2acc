import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatIssue, type Parsed } from '../schema/parsed.ts'
import { apiServer } from './api-server.ts'
import { type Access, connect } from './connect.ts'
import { openLine } from './line.ts'
import { answer, startApi } from './testing.ts'

const MINUTE_MS = 60_000

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function accessIn(result: Parsed<Access>): Access {
  assert.ok(result.ok, result.ok ? '' : result.issues.map(formatIssue).join())
  return result.value
}

function problemOf(result: Parsed<Access>): string {
  assert.ok(!result.ok)
  return result.issues.map(formatIssue).join()
}

test('in a pod the mounted token is who we are, and is read again every minute', async t => {
  const serviceAccount = folder(t)
  let nowMs = 0
  const deps = { env: { KUBERNETES_SERVICE_HOST: 'fd00::1' }, serviceAccount, clock: { now: () => nowMs } }
  assert.match(problemOf(await connect(undefined, deps)), /in-cluster access: .*--kubeconfig/)

  writeFileSync(join(serviceAccount, 'ca.crt'), 'authority')
  writeFileSync(join(serviceAccount, 'token'), 'first\n')
  const access = accessIn(await connect(undefined, deps))
  assert.equal(access.server.href, 'https://[fd00::1]/')
  const first = await access.credentials()
  assert.deepEqual(first, { tls: { ca: 'authority' }, headers: { Authorization: 'Bearer first' } })

  writeFileSync(join(serviceAccount, 'token'), 'second')
  assert.equal(await access.credentials(), first)
  nowMs += MINUTE_MS
  assert.equal((await access.credentials()).headers.Authorization, 'Bearer second')
  unlinkSync(join(serviceAccount, 'token'))
  nowMs += MINUTE_MS
  assert.equal((await access.credentials()).headers.Authorization, 'Bearer second', 'the last one known is kept')
})

test('a token that was refused is read again at once', async t => {
  const serviceAccount = folder(t)
  const api = await startApi(t)
  const { tls } = await api.access.credentials()
  writeFileSync(join(serviceAccount, 'ca.crt'), String(tls.ca))
  writeFileSync(join(serviceAccount, 'token'), 'old')
  const { hostname, port } = api.access.server
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  const access = accessIn(await connect(undefined, { env, serviceAccount, clock: { now: () => 0 } }))
  const line = openLine(access, { connections: 1 })
  t.after(() => line.close())
  const seen: (string | undefined)[] = []
  for (const status of [401, 200]) {
    api.once('GET', (req, res) => {
      seen.push(req.headers.authorization)
      answer(res, status, {})
    })
  }
  writeFileSync(join(serviceAccount, 'token'), 'new')
  await apiServer(line).call({ method: 'GET', path: '/x' })
  await apiServer(line).call({ method: 'GET', path: '/x' })
  assert.deepEqual(seen, ['Bearer old', 'Bearer new'])
})

test('a kubeconfig says where, whom to trust and who we are', async t => {
  const file = join(folder(t), 'kubeconfig')
  const api = await startApi(t)
  const { tls } = await api.access.credentials()
  const kubeconfig = (server: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: { server, 'certificate-authority-data': Buffer.from(String(tls.ca)).toString('base64') },
        },
      ],
      users: [{ name: 'u', user: { token: 'mine' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    })
  writeFileSync(file, kubeconfig(`${api.access.server.origin}/clusters/a`))
  const deps = { env: {}, clock: { now: () => 0 } }
  const line = openLine(accessIn(await connect(file, deps)), { connections: 1 })
  t.after(() => line.close())
  let authorization: string | undefined
  api.once('GET /clusters/a/version', (req, res) => {
    authorization = req.headers.authorization
    answer(res, 200, { gitVersion: 'v1.36.2' })
  })
  assert.equal((await apiServer(line).call({ method: 'GET', path: '/version' })).body.gitVersion, 'v1.36.2')
  assert.equal(authorization, 'Bearer mine')

  writeFileSync(file, kubeconfig('http://127.0.0.1'))
  assert.match(problemOf(await connect(file, deps)), /http:\/\/127.0.0.1 is not https/)
  assert.match(problemOf(await connect(`${file}-missing`, deps)), /ENOENT/)
})
