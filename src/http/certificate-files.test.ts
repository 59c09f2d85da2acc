import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, MemoryLog, newCertificate, serve } from '../../test/support/https.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { CertificateObserver, CertificateSource, KeyPair } from './certificate.ts'
import { followCertificateFiles } from './certificate-files.ts'

const first = await newCertificate()
const second = await newCertificate()

/** Tells each reload as an event. */
class Observer extends EventEmitter implements CertificateObserver {
  readonly served: number[] = []
  readonly results: string[] = []
  serving(notAfterMs: number): void {
    this.served.push(notAfterMs)
  }
  reloaded(result: string): void {
    this.results.push(result)
    this.emit('reloaded')
  }
}

/** A folder as the kubelet makes it: the files are links through `..data`, which is replaced in one step. */
class SecretVolume {
  readonly folder: string
  readonly files: { readonly cert: string; readonly key: string }
  #versions = 0

  constructor(t: TestContext, parent = mkdtempSync(join(tmpdir(), 'sluice-'))) {
    t.after(() => rmSync(parent, { recursive: true }))
    this.folder = parent
    this.files = { cert: join(parent, 'tls.crt'), key: join(parent, 'tls.key') }
    symlinkSync('..data/tls.crt', this.files.cert)
    symlinkSync('..data/tls.key', this.files.key)
  }

  replace(pair: Pick<KeyPair, 'cert' | 'key'>): void {
    const version = `..version-${++this.#versions}`
    mkdirSync(join(this.folder, version))
    writeFileSync(join(this.folder, version, 'tls.crt'), pair.cert)
    writeFileSync(join(this.folder, version, 'tls.key'), pair.key)
    symlinkSync(version, join(this.folder, '..data_tmp'))
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
  }
}

interface Followed {
  readonly source: CertificateSource
  readonly log: MemoryLog
  readonly observer: Observer
  /** Emits `read` whenever the files are read. */
  readonly reads: EventEmitter
}

function follow(t: TestContext, files: SecretVolume['files'], pollMs?: number): Followed {
  const log = new MemoryLog()
  const observer = new Observer()
  const reads = new EventEmitter()
  const now = (): number => {
    reads.emit('read')
    return Date.now()
  }
  const poll = pollMs === undefined ? {} : { pollMs }
  const source = followCertificateFiles(files, { log, observer, now, ...poll })
  assert.ok(source.ok, JSON.stringify(source))
  // Following keeps no process alive, and a test that waits has nothing else to live on.
  const alive = setInterval(() => {}, 1_000)
  t.after(() => {
    source.value.close()
    clearInterval(alive)
  })
  return { source: source.value, log, observer, reads }
}

test('a replaced secret volume is served to new connections', async t => {
  const volume = new SecretVolume(t)
  volume.replace(first.current)
  const { source, observer, log } = follow(t, volume.files)
  const server = await serve(t, { certificate: source })
  const old = await connect(t, { port: server.port, ca: first.ca ?? '' })

  volume.replace(second.current)
  await once(observer, 'reloaded')
  await connect(t, { port: server.port, ca: second.ca ?? '' })
  await assert.rejects(connect(t, { port: server.port, ca: first.ca ?? '' }))
  assert.equal(old.destroyed, false)
  assert.deepEqual(observer.results, ['loaded'])
  assert.deepEqual(observer.served, [first.current.notAfterMs, second.current.notAfterMs])
  assert.deepEqual(
    log.events.map(told => told.message),
    ['certificate reloaded'],
  )
})

test('a broken pair is told once, the old one stays, and the next good one is taken', async t => {
  const volume = new SecretVolume(t)
  volume.replace(first.current)
  const { source, observer, log, reads } = follow(t, volume.files, 5)

  volume.replace({ cert: second.current.cert, key: first.current.key })
  await once(observer, 'reloaded')
  await once(reads, 'read')
  await once(reads, 'read')
  assert.deepEqual(observer.results, ['rejected'])
  assert.equal(source.current.cert, first.current.cert)

  volume.replace(second.current)
  await once(observer, 'reloaded')
  assert.equal(source.current.cert, second.current.cert)
  assert.deepEqual(observer.results, ['rejected', 'loaded'])
  assert.deepEqual(
    log.problems.map(told => told.context?.reason),
    [`${volume.files.key}: is not the key of ${volume.files.cert} (replace both files together)`],
  )
})

test('a change that the watch cannot see is found by the poll', async t => {
  const watched = new SecretVolume(t)
  const unseen = new SecretVolume(t)
  unseen.replace(first.current)
  symlinkSync(unseen.folder, join(watched.folder, '..data'))
  const { source, observer } = follow(t, watched.files, 5)

  unseen.replace(second.current)
  await once(observer, 'reloaded')
  assert.equal(source.current.cert, second.current.cert)
})

test('files that are missing for a while change nothing', async t => {
  const volume = new SecretVolume(t)
  volume.replace(first.current)
  const { source, observer } = follow(t, volume.files)
  rmSync(join(volume.folder, '..data'))
  await once(observer, 'reloaded')
  assert.deepEqual(observer.results, ['rejected'])
  assert.equal(source.current.cert, first.current.cert)
})

test('an unusable pair at the start is an issue that names the file', t => {
  const volume = new SecretVolume(t)
  const source = followCertificateFiles(volume.files, { log: new MemoryLog(), observer: new Observer(), now: Date.now })
  assert.ok(!source.ok)
  assert.match(source.issues.map(formatIssue).join(), /tls\.crt: cannot be read: ENOENT/)
})
