/** Against real servers on this machine: what they answer, how they fail, and what they are shown. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { issueCertificate } from '../http/self-signed.ts'
import { type PrometheusSettings, prometheusSource, USUAL_QUERY } from './source.ts'

const ANSWER = JSON.stringify({
  status: 'success',
  data: {
    resultType: 'vector',
    result: [{ metric: { namespace: 'team-a', pod: 'train-0' }, value: [1_700_000_000, '3.5'] }],
  },
})
const SAMPLE = { namespace: 'team-a', pod: 'train-0', percent: 3.5, atMs: 1_700_000_000_000 }

async function listening(t: TestContext, server: http.Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

async function plainServer(t: TestContext, answer: http.RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(t, http.createServer(answer))}`
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function settings(url: string, more: Partial<PrometheusSettings> = {}): PrometheusSettings {
  return { url: new URL(url), query: USUAL_QUERY, tokenFile: undefined, caFile: undefined, ...more }
}

const TIGHT = { timeoutMs: 100, bytes: 2_000 }
const ROOMY = { timeoutMs: 10_000, bytes: 2_000 }

/** All that an error says, with what caused it. */
async function complaintOf(reading: Promise<unknown>): Promise<string> {
  const found: string[] = []
  await assert.rejects(reading, (error: unknown) => {
    for (let cause = error; cause instanceof Error; cause = cause.cause) found.push(cause.message)
    return true
  })
  return found.join(': ')
}

test('the query is asked below the prefix that the address has, and the samples are read', async t => {
  const asked: (string | undefined)[] = []
  const url = await plainServer(t, (request, response) => {
    asked.push(request.method, request.url, request.headers.authorization)
    response.end(ANSWER)
  })
  assert.deepEqual(await prometheusSource(settings(`${url}/prometheus/`)).read(), [SAMPLE])
  assert.deepEqual(await prometheusSource(settings(url, { query: 'up' })).read(), [SAMPLE])
  const [, first = '', , ...others] = asked
  const { pathname, searchParams } = new URL(first, url)
  assert.deepEqual([pathname, searchParams.get('query')], ['/prometheus/api/v1/query', USUAL_QUERY])
  assert.deepEqual(others, ['GET', '/api/v1/query?query=up', undefined])
})

test('what goes wrong is said, and with which address', async t => {
  const vast = JSON.stringify({ status: 'success', data: { resultType: 'vector', result: ['x'.repeat(3_000)] } })
  const cases: readonly {
    readonly name: string
    readonly answer: http.RequestListener
    readonly want: RegExp
  }[] = [
    { name: 'a huge answer', answer: (_, response) => response.end(vast), want: /more than 2000 bytes/ },
    { name: 'no JSON', answer: (_, response) => response.end('<html>'), want: /status 200: no JSON/ },
    { name: 'half of one', answer: (_, response) => response.end(ANSWER.slice(0, -2)), want: /status 200: no JSON/ },
    {
      name: 'an answer that breaks off',
      answer: (_, response) => {
        response.writeHead(200, { 'Content-Length': '1000' })
        response.write(ANSWER.slice(0, 10), () => response.destroy())
      },
      want: /did not answer: aborted/,
    },
    {
      name: 'a query that is wrong',
      answer: (_, response) => {
        response.statusCode = 400
        response.end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'unexpected end of input' }))
      },
      want: /status 400: unexpected end of input/,
    },
    {
      name: 'a login page',
      answer: (_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
      want: /status 302: no JSON/,
    },
    {
      name: 'another form',
      answer: (_, response) => response.end('{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}'),
      want: /cannot be used: data\.resultType: is scalar, not vector/,
    },
  ]
  for (const { name, answer, want } of cases) {
    const url = await plainServer(t, answer)
    const complaint = await complaintOf(prometheusSource(settings(url), ROOMY).read())
    assert.match(complaint, want, name)
    assert.ok(complaint.includes(url), name)
  }
})

test('a server that does not answer in time, or not in full, is not waited for', async t => {
  const answers: readonly http.RequestListener[] = [
    () => {},
    (_, response) => {
      response.writeHead(200)
      response.write(ANSWER.slice(0, 10))
    },
  ]
  for (const answer of answers) {
    const url = await plainServer(t, answer)
    assert.match(await complaintOf(prometheusSource(settings(url), TIGHT).read()), /did not answer/)
  }
})

test('nobody there is an error like others', async t => {
  const server = http.createServer()
  const port = await listening(t, server)
  await new Promise(resolve => server.close(resolve))
  const reading = prometheusSource(settings(`http://127.0.0.1:${port}`)).read()
  assert.match(await complaintOf(reading), /ECONNREFUSED/)
})

test('over TLS the authority of the file is trusted and no other, and the token is shown as it stands in its file now', async t => {
  const now = Date.now()
  const [issued, other] = [await issueCertificate([], now, 3_600_000), await issueCertificate([], now, 3_600_000)]
  const shown: (string | undefined)[] = []
  const server = https.createServer({ cert: issued.cert, key: issued.key }, (request, response) => {
    shown.push(request.headers.authorization)
    response.end(ANSWER)
  })
  const url = `https://127.0.0.1:${await listening(t, server)}`
  const [caFile, tokenFile] = [join(folder(t), 'ca.crt'), join(folder(t), 'token')]
  const source = prometheusSource(settings(url, { caFile, tokenFile }))

  writeFileSync(caFile, other.ca)
  writeFileSync(tokenFile, 'first\n')
  assert.match(await complaintOf(source.read()), /did not answer/)
  assert.deepEqual(shown, [], 'nothing is shown to whom nobody vouches for')

  writeFileSync(caFile, issued.ca)
  assert.deepEqual(await source.read(), [SAMPLE])
  writeFileSync(tokenFile, 'second')
  await source.read()
  assert.deepEqual(shown, ['Bearer first', 'Bearer second'])
})

test('no complaint has the token in it', async t => {
  const tokenFile = join(folder(t), 'token')
  writeFileSync(tokenFile, 'topsecret')
  const url = await plainServer(t, (_, response) => {
    response.statusCode = 403
    response.end(JSON.stringify({ status: 'error', error: 'forbidden' }))
  })
  assert.doesNotMatch(await complaintOf(prometheusSource(settings(url, { tokenFile })).read()), /topsecret/)
  // A line break in a header is refused before anything is sent.
  writeFileSync(tokenFile, 'topsecret\nX: y')
  assert.doesNotMatch(await complaintOf(prometheusSource(settings(url, { tokenFile })).read()), /topsecret/)
  rmSync(tokenFile)
  assert.match(await complaintOf(prometheusSource(settings(url, { tokenFile })).read()), /ENOENT/)
  writeFileSync(tokenFile, '')
})
