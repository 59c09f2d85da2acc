import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiServer } from './api-server.ts'
import { readText } from './body.ts'
import { answer, startApi } from './testing.ts'

const COHORTS = '/apis/sluice.dev/v1alpha1/cohorts'

test('calls go over one kept connection, with who we are', async t => {
  const api = await startApi(t)
  api.objects.serve(COHORTS)
  let authorization: string | undefined
  api.once('GET', (req, res) => {
    authorization = req.headers.authorization
    answer(res, 200, {})
  })
  const server = apiServer(api.line)
  await server.call({ method: 'GET', path: COHORTS, query: { labelSelector: 'a=b,c' } })
  const created = await server.call({ method: 'POST', path: COHORTS, body: { metadata: { name: 'a' } } })
  assert.equal(created.status, 200)
  assert.equal((await server.call({ method: 'GET', path: `${COHORTS}/a` })).status, 200)
  assert.equal(authorization, 'Bearer secret')
  assert.equal(api.requests[0], `GET ${COHORTS}?labelSelector=a%3Db%2Cc`)
  assert.equal(api.connections(), 1)
})

const types = [
  { patch: 'merge', want: 'application/merge-patch+json' },
  { patch: 'json', want: 'application/json-patch+json' },
  { patch: 'apply', want: 'application/apply-patch+yaml' },
] as const
for (const { patch, want } of types) {
  test(`a ${patch} patch is sent as ${want}`, async t => {
    const api = await startApi(t)
    const seen: (string | undefined)[] = []
    api.once('PATCH', async (req, res) => {
      seen.push(req.headers['content-type'], req.headers.accept, await readText(req))
      answer(res, 200, {})
    })
    const body = patch === 'json' ? [{ op: 'remove', path: '/a' }] : { é: 1 }
    await apiServer(api.line).call({ method: 'PATCH', path: '/x', patch, body, isMetadataEnough: true })
    const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'
    assert.deepEqual(seen, [want, accept, JSON.stringify(body)])
  })
}

test('a refusal in plain text is an answer, a success in plain text is none', async t => {
  const api = await startApi(t)
  const server = apiServer(api.line)
  const refused = await server.call({ method: 'GET', path: '/nowhere/at/all' })
  assert.deepEqual(refused, {
    status: 404,
    body: { kind: 'Status', status: 'Failure', code: 404, message: '404 page not found' },
  })
  api.once('GET', (_req, res) => answer(res, 200, '<html>'))
  await assert.rejects(server.call({ method: 'GET', path: '/x' }), /GET \/x failed/)
})

test('an answer that does not come in time is none, be it its head or its end', async t => {
  const api = await startApi(t)
  const server = apiServer(api.line)
  api.once('GET /silent', () => {})
  api.once('GET /endless', (_req, res) => res.write('{"a":'))
  for (const path of ['/silent', '/endless']) {
    const wanted = new RegExp(`GET ${path} was not answered within 50 ms`)
    await assert.rejects(server.call({ method: 'GET', path, timeoutMs: 50 }), wanted)
  }
})

test('a connection that is cut before the answer is told as such', async t => {
  const api = await startApi(t)
  api.once('PUT', (_req, res) => res.destroy())
  await assert.rejects(apiServer(api.line).call({ method: 'PUT', path: '/x', body: {} }), /PUT \/x failed/)
})

test('a kept connection that was closed meanwhile costs a read nothing, and a write is not sent twice', async t => {
  const api = await startApi(t)
  api.objects.serve(COHORTS)
  const server = apiServer(api.line)
  await server.call({ method: 'GET', path: COHORTS })
  api.once('GET', (_req, res) => res.destroy())
  assert.equal((await server.call({ method: 'GET', path: COHORTS })).status, 200)
  api.once('PUT', (_req, res) => res.destroy())
  await assert.rejects(server.call({ method: 'PUT', path: `${COHORTS}/a`, body: {} }))
  assert.equal(api.requests.filter(asked => asked.startsWith('PUT')).length, 1)
})

test('an answer that never stops growing is refused', async t => {
  const api = await startApi(t)
  api.once('GET', (_req, res) => answer(res, 200, 'x'.repeat(2_000)))
  const response = await api.line.send({ method: 'GET', path: '/x' })
  await assert.rejects(readText(response, 1_000), /more than 1000 bytes/)
})
