import assert from 'node:assert/strict'
import { test } from 'node:test'
import supertest from 'supertest'
import { serve } from '../../test/support/https.ts'

test('alive says nothing about ready', async t => {
  const server = await serve(t, { checks: [{ name: 'ledger', problem: () => 'not reachable' }] })
  assert.equal((await supertest(server.url).get('/healthz').ca(server.ca)).status, 200)
  assert.equal((await supertest(server.url).get('/readyz').ca(server.ca)).status, 503)
})

test('readiness lists each check, and one that breaks counts as a problem', async t => {
  let ledger: string | undefined = 'not reachable'
  const checks = [
    { name: 'policies', problem: () => undefined },
    { name: 'ledger', problem: () => ledger },
    {
      name: 'caches',
      problem: (): string | undefined => {
        if (ledger === undefined) return undefined
        throw new Error('a bug')
      },
    },
  ]
  const server = await serve(t, { checks })
  const failing = await supertest(server.url).get('/readyz').ca(server.ca)
  assert.equal(failing.status, 503)
  assert.deepEqual(failing.body, {
    status: 'not ready',
    checks: [
      { name: 'not-draining', ok: true },
      { name: 'policies', ok: true },
      { name: 'ledger', ok: false, problem: 'not reachable' },
      { name: 'caches', ok: false, problem: 'the check itself failed' },
    ],
  })

  ledger = undefined
  const ready = await supertest(server.url).get('/readyz').ca(server.ca)
  assert.equal(ready.status, 200)
  assert.equal(ready.body.status, 'ready')
})

test('metrics are served with their own content type', async t => {
  const server = await serve(t)
  const answer = await supertest(server.url).get('/metrics').ca(server.ca)
  assert.equal(answer.headers['content-type'], 'text/plain')
  assert.equal(answer.text, 'in_flight 0\n')
})
