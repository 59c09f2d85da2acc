/** One replica of Sluice, as a pod of its Deployment would run it. */
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/schema/parts.ts'
import { ROOT } from '../../support/sluice-process.ts'
import { freePort, HOST } from './free-port.ts'
import { type ServerProcess, startServer } from './server-process.ts'

export interface ReplicaSettings {
  /** The name of the pod. */
  readonly name: string
  readonly folder: string
  readonly flags: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Replica {
  readonly name: string
  readonly port: number
  readonly process: ServerProcess
  isReady(): Promise<boolean>
  /** Its log, a line an object; what is no JSON is told as `{ text }`. */
  log(): readonly JsonObject[]
  /** The exposition of /metrics. */
  metrics(): Promise<string>
  /** The value of one series, such as `sluice_leader` or `x_total{result="conflict"}`; undefined where there is none. */
  metric(series: string): Promise<number | undefined>
}

/** Resolves when it is ready. */
export async function startReplica({ name, folder, flags, env }: ReplicaSettings): Promise<Replica> {
  const port = await freePort()
  const logFile = join(folder, `${name}.log`)
  const isReady = async () => (await read(port, '/readyz'))?.status === 200
  const process = await startServer({
    name,
    path: globalThis.process.execPath,
    args: [
      join(ROOT, 'src', 'main.ts'),
      'serve',
      '--host',
      HOST,
      '--port',
      String(port),
      '--identity',
      name,
      '--advertise',
      HOST,
      ...flags,
    ],
    // The test runner's own variables would make of it a test.
    env: { NODE_COMPILE_CACHE: join(folder, 'compile-cache'), NODE_TEST_CONTEXT: '', NO_COLOR: '1', ...env },
    logFile,
    isReady,
  })
  const metrics = async () => (await read(port, '/metrics'))?.text ?? ''
  return {
    name,
    port,
    process,
    isReady,
    log: () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean).map(lineOf),
    metrics,
    async metric(series) {
      const line = (await metrics()).split('\n').find(text => text.startsWith(`${series} `))
      return line === undefined ? undefined : Number(line.slice(series.length + 1))
    },
  }
}

function lineOf(text: string): JsonObject {
  try {
    return JSON.parse(text)
  } catch {
    return { text }
  }
}

interface Read {
  readonly status: number
  readonly text: string
}

const PROBE = { host: HOST, agent: false, timeout: 2_000, rejectUnauthorized: false } as const

/** Undefined where nobody answers. As the kubelet does, whose probes verify no certificate either. */
function read(port: number, path: string): Promise<Read | undefined> {
  return new Promise(resolve => {
    const request = https.get({ ...PROBE, port, path }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => resolve(undefined))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}
