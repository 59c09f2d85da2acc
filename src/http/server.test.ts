import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Router } from 'express'
import supertest from 'supertest'
import { endpoint, keptAlive, send, serve } from '../../test/support/https.ts'
import { MAX_BODY_BYTES } from './body.ts'

const keys = endpoint('/keys', body => ({ status: 200, body: { keys: Object.keys(Object(body)) } }))

test('an endpoint answers a parsed body with its own status', async t => {
  const server = await serve(t, { endpoints: [endpoint('/echo', body => ({ status: 201, body: { body } }))] })
  const answer = await supertest(server.url).post('/echo').ca(server.ca).send({ hello: 'GPU µ' })
  assert.equal(answer.status, 201)
  assert.deepEqual(answer.body, { body: { hello: 'GPU µ' } })
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.equal(answer.headers.etag, undefined)
  assert.equal(answer.headers['x-powered-by'], undefined)
})

test('a connection is kept, longer than the API server keeps it', async t => {
  const server = await serve(t, { endpoints: [keys] })
  const answer = await send(server, { path: '/keys', body: '{}', agent: keptAlive(t) })
  assert.equal(answer.headers['keep-alive'], 'timeout=120')
})

test('a __proto__ key reaches the endpoint as an own property', async t => {
  const server = await serve(t, { endpoints: [keys] })
  const answer = await send(server, { path: '/keys', body: '{"__proto__": {"polluted": true}}' })
  assert.equal(answer.text, '{"keys":["__proto__"]}')
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

const hostile = [
  { name: 'not JSON', body: 'no json', headers: {}, want: 400 },
  { name: 'empty', body: '', headers: {}, want: 400 },
  { name: 'empty and chunked', body: '', headers: { 'Transfer-Encoding': 'chunked' }, want: 400 },
  { name: 'as large as allowed', body: jsonOfSize(MAX_BODY_BYTES), headers: {}, want: 200 },
  { name: 'one byte too large', body: jsonOfSize(MAX_BODY_BYTES + 1), headers: {}, want: 413 },
  {
    name: 'one byte too large and chunked',
    body: jsonOfSize(MAX_BODY_BYTES + 1),
    headers: { 'Transfer-Encoding': 'chunked' },
    want: 413,
  },
  { name: 'of another type', body: '{}', headers: { 'Content-Type': 'text/plain' }, want: 415 },
  { name: 'compressed', body: gzipSync('{}'), headers: { 'Content-Encoding': 'gzip' }, want: 415 },
  { name: 'nested 100,000 deep', body: '['.repeat(100_000) + ']'.repeat(100_000), headers: {}, want: 400 },
  { name: 'opened 100,000 times', body: '['.repeat(100_000), headers: {}, want: 400 },
]
for (const { name, body, headers, want } of hostile) {
  test(`a body that is ${name} is answered with ${want} in JSON, and the server goes on`, async t => {
    const server = await serve(t, { endpoints: [keys] })
    const answer = await send(server, { path: '/keys', body, headers })
    assert.equal(answer.status, want)
    assert.equal(typeof JSON.parse(answer.text), 'object')
    assert.equal((await send(server, { path: '/keys', body: '{"a":1}' })).text, '{"keys":["a"]}')
    assert.deepEqual(server.log.problems, [])
  })
}

const elsewhere = [
  { name: 'another method on an endpoint', method: 'GET', path: '/keys', want: 405, allow: 'POST' },
  { name: 'another method on a probe', method: 'POST', path: '/readyz', want: 405, allow: 'GET' },
  { name: 'OPTIONS', method: 'OPTIONS', path: '/keys', want: 405, allow: 'POST' },
  { name: 'an unknown path', method: 'POST', path: '/nothing', want: 404 },
  { name: 'another case', method: 'POST', path: '/Keys', want: 404 },
  { name: 'a slash too many', method: 'POST', path: '/keys/', want: 404 },
  { name: 'broken percent encoding', method: 'POST', path: '/%E0%A4%A', want: 404 },
]
for (const { name, method, path, want, allow } of elsewhere) {
  test(`${name} is answered with ${want} in JSON`, async t => {
    const server = await serve(t, { endpoints: [keys] })
    const answer = await send(server, { method, path, body: '{}' })
    assert.equal(answer.status, want)
    assert.equal(answer.headers.allow, allow)
    assert.match(answer.text, /^\{"message":"/)
  })
}

test('pages are asked after endpoints and probes, and a path they cannot decode is the fault of the caller', async t => {
  const pages = Router().get('/page/:name', (req, res) => void res.send(`page ${req.params.name}`))
  const server = await serve(t, { endpoints: [keys], pages })
  const page = await send(server, { method: 'GET', path: '/page/one' })
  assert.equal(page.text, 'page one')
  assert.equal(page.headers.etag, undefined)
  assert.equal(page.headers['x-powered-by'], undefined)
  assert.equal((await send(server, { method: 'GET', path: '/healthz' })).status, 200)
  assert.equal((await send(server, { method: 'GET', path: '/page/%E0%A4%A' })).status, 400)
  assert.equal((await send(server, { method: 'GET', path: '/other' })).status, 404)
})

test('a request is counted under its registered path, any other path under one name', async t => {
  const server = await serve(t, { endpoints: [keys] })
  for (const path of ['/keys?timeout=10s', '/made-up-1', '/made-up-2']) {
    const counted = once(server.traffic, 'answered')
    await send(server, { path, body: '{}' })
    await counted
  }
  assert.deepEqual(server.traffic.answers, ['/keys 200', 'other 404', 'other 404'])
})

test('a port that is taken is an error of the start, not a crash', async t => {
  const server = await serve(t)
  await assert.rejects(
    async () => (await serve(t)).http.listen(server.port, '127.0.0.1'),
    /EADDRINUSE|ERR_SERVER_ALREADY_LISTEN/,
  )
})

function jsonOfSize(bytes: number): string {
  return JSON.stringify({ a: 'x'.repeat(bytes - JSON.stringify({ a: '' }).length) })
}
