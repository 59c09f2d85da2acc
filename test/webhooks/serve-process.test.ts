import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import type { CertificateSource } from '../../src/http/certificate.ts'
import { HOST, newCertificate, type Received, send } from '../support/https.ts'
import { EXAMPLES, folderOf, type Output, outputOf, startSluice } from '../support/sluice-process.ts'
import { gpuPod, named, reviewOf } from '../support/webhook-service.ts'

// Long enough that a busy machine answers what the test sends meanwhile, short enough to wait for.
const DRAIN_SECONDS = 3
const WORKERS = 8
// Half of them keep their connection, the others open one for each request.
const isKeeping = (worker: number) => worker % 2 === 0

interface Serving {
  readonly child: ChildProcess
  readonly output: Output
  readonly port: number
  readonly files: { readonly cert: string; readonly key: string }
}

/** The real process, with the certificate in two files. */
async function serve(t: TestContext, first: CertificateSource): Promise<Serving> {
  const folder = folderOf(t, { 'tls.crt': first.current.cert, 'tls.key': first.current.key })
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const cluster = join(EXAMPLES, 'cluster')
  const tlsFlags = ['--tls-cert', files.cert, '--tls-key', files.key]
  const child = startSluice([
    'serve',
    '--standalone',
    '--cluster',
    cluster,
    '--port',
    '0',
    '--drain-seconds',
    String(DRAIN_SECONDS),
    ...tlsFlags,
  ])
  t.after(() => child.kill('SIGKILL'))
  const output = outputOf(child)
  const line = await output.until(/"message":"serving"/)
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1])
  return { child, output, port, files }
}

const REVIEW = JSON.stringify(
  reviewOf(named(gpuPod(1), { namespace: 'research' }), { namespace: 'research', dryRun: true }),
)

/** Clients that send one request after the other and never try one again. */
function startLoad(port: number, ca: string) {
  const answers: Received[] = []
  const failures: unknown[] = []
  let isOver = false
  let arrived = Promise.withResolvers<void>()
  const work = Array.from({ length: WORKERS }, async (_, worker) => {
    const agent = new https.Agent({ keepAlive: isKeeping(worker), maxSockets: 1 })
    while (!isOver) {
      try {
        answers.push(await send({ port, ca }, { path: '/validate/pods?timeout=10s', body: REVIEW, agent }))
      } catch (error) {
        failures.push(error)
        isOver = true
      }
      arrived.resolve()
      arrived = Promise.withResolvers()
    }
    agent.destroy()
  })
  return {
    answers,
    failures,
    /** Until that many more requests were answered. */
    async more(count: number): Promise<void> {
      for (const wanted = answers.length + count; answers.length < wanted && !isOver; ) await arrived.promise
    },
    async stop(): Promise<void> {
      isOver = true
      await Promise.all(work)
    },
  }
}

function assertAllAllowed(load: ReturnType<typeof startLoad>): void {
  assert.deepEqual(load.failures, [])
  for (const { status, text } of load.answers) {
    assert.equal(status, 200, text)
    assert.equal(JSON.parse(text).response.allowed, true, text)
  }
}

test('SIGTERM under load loses no request, and every later answer sends its caller elsewhere', async t => {
  const certificate = await newCertificate()
  const { child, output, port } = await serve(t, certificate)
  const load = startLoad(port, certificate.ca ?? '')
  await load.more(50)
  child.kill('SIGTERM')
  await output.until(/"message":"shutting down"/)
  const before = load.answers.length
  await load.more(80)
  await load.stop()
  const [exitCode] = await once(child, 'exit')

  assertAllAllowed(load)
  assert.equal(exitCode, 0)
  // Those that were under way when the signal came may have been written already.
  const later = load.answers.slice(before + WORKERS)
  assert.ok(later.length > 0)
  assert.deepEqual([...new Set(later.map(answer => answer.headers.connection))], ['close'])
})

test('certificate files replaced under load are served without a failed request', async t => {
  const [first, second] = [await newCertificate(), await newCertificate()]
  const { output, port, files } = await serve(t, first)
  const load = startLoad(port, `${first.ca}\n${second.ca}`)
  await load.more(50)
  // One after the other, so that for a moment they do not belong together.
  replace(files.cert, second.current.cert)
  await load.more(10)
  replace(files.key, second.current.key)
  await output.until(/"message":"certificate reloaded"/)
  await load.more(50)
  await load.stop()

  assertAllAllowed(load)
  const [before, after] = [first, second].map(({ current }) => fingerprintOf(current.cert))
  const served = await servedFingerprint(port)
  assert.equal(served, after)
  assert.notEqual(served, before)
})

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256
}

async function servedFingerprint(port: number): Promise<string> {
  const socket = tls.connect({ host: HOST, port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}
