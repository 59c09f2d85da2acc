/**
 * A certificate from two files, followed while they change.
 *
 * Kubernetes replaces a secret volume by turning one symlink, `..data`, in the directory of the files, so the
 * directory is watched and not the files. A watch can miss a change (no inotify handles left, a network file system),
 * so the files are also read now and then.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '../admission/endpoint.ts'
import { failed, formatIssue, type Parsed, parsed } from '../schema/parsed.ts'
import {
  type CertificateObserver,
  type CertificateSource,
  checkPair,
  type KeyPair,
  type PairNames,
} from './certificate.ts'

export interface FollowContext {
  readonly log: Log
  readonly observer: CertificateObserver
  /** Wall clock: certificates expire by the calendar. */
  readonly now: () => number
  readonly pollMs?: number
}

/** One replacement causes several events; the pair is read when they have settled. */
const SETTLE_MS = 100
/** The kubelet brings a renewed secret within about a minute anyway. */
const POLL_MS = 60_000

/** Reads the pair, and follows the files unless it is unusable at the start. */
export function followCertificateFiles(files: PairNames, context: FollowContext): Parsed<CertificateSource> {
  const first = readPair(files, context.now())
  return first.ok ? parsed(follow(files, first.value, context)) : first
}

function follow(files: PairNames, first: KeyPair, context: FollowContext): CertificateSource {
  const { log, observer } = context
  const listeners: ((pair: KeyPair) => void)[] = []
  let current = first
  let lastReason: string | undefined

  const accept = (next: KeyPair): void => {
    lastReason = undefined
    if (next.cert === current.cert && next.key === current.key && next.ca === current.ca) return
    current = next
    for (const listener of listeners) listener(next)
    log.event('certificate reloaded', { file: files.cert, expires: new Date(next.notAfterMs).toISOString() })
    observer.serving(next.notAfterMs)
    observer.reloaded('loaded')
  }
  const reject = (reason: string): void => {
    // The poll finds the same broken pair again and again: it is told once.
    if (reason === lastReason) return
    lastReason = reason
    log.problem('a new certificate is unusable, the old one stays', undefined, { file: files.cert, reason })
    observer.reloaded('rejected')
  }
  const reload = (): void => {
    const next = readPair(files, context.now())
    if (next.ok) accept(next.value)
    else reject(next.issues.map(formatIssue).join('; '))
  }

  observer.serving(first.notAfterMs)
  const close = whenChanged(files, reload, context)
  return {
    get current() {
      return current
    },
    onChange: listener => void listeners.push(listener),
    close,
  }
}

function readPair(files: PairNames, nowMs: number): Parsed<KeyPair> {
  const cert = readText(files.cert)
  if (!cert.ok) return cert
  const key = readText(files.key)
  if (!key.ok) return key
  if (files.ca === undefined) return checkPair({ cert: cert.value, key: key.value }, files, nowMs)
  const ca = readText(files.ca)
  return ca.ok ? checkPair({ cert: cert.value, key: key.value, ca: ca.value }, files, nowMs) : ca
}

function readText(file: string): Parsed<string> {
  try {
    return parsed(readFileSync(file, 'utf8'))
  } catch (cause) {
    return failed({ at: file, problem: `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}` })
  }
}

/** Calls back after the directories of the files changed, and slowly in any case. Returns how to stop. */
function whenChanged(files: PairNames, callback: () => void, context: FollowContext): () => void {
  let settling: NodeJS.Timeout | undefined
  const changed = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined
      callback()
    }, SETTLE_MS).unref()
  }
  const folders = new Set(
    [files.cert, files.key, ...(files.ca === undefined ? [] : [files.ca])].map(file => dirname(file)),
  )
  const watchers = [...folders].flatMap(folder => watchFolder(folder, changed, context.log))
  const poll = setInterval(callback, context.pollMs ?? POLL_MS).unref()
  return () => {
    for (const watcher of watchers) watcher.close()
    clearInterval(poll)
    clearTimeout(settling)
  }
}

function watchFolder(folder: string, changed: () => void, log: Log): FSWatcher[] {
  const blind = (cause: unknown): void =>
    log.problem('a folder cannot be watched, it is polled', cause, { file: folder })
  try {
    return [watch(folder, { persistent: false }, changed).on('error', blind)]
  } catch (cause) {
    blind(cause)
    return []
  }
}
