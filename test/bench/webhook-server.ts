/**
 * A process of its own that serves one variant over TLS: the bare floor, or the real service with a set of policies. Started by
 * `admission.ts`, with which it speaks over IPC: it says where it listens, and answers each message with the CPU time it has used.
 */
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { startService } from '../../src/cli/serve.ts'
import { selfSignedCertificate } from '../../src/http/self-signed.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { benchCluster, type PolicySetName, taken } from './bench-cluster.ts'

export interface Listening {
  readonly port: number
  readonly ca: string
}

const [variant = 'floor'] = process.argv.slice(2)
const address: Listening = variant === 'floor' ? await floor() : await service(variant as PolicySetName)
process.send?.(address)
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit())

/** The least that a webhook in Node can be: read, parse, answer a constant. */
async function floor(): Promise<Listening> {
  const certificate = await selfSignedCertificate({ nowMs: Date.now(), observer: { serving() {}, reloaded() {} } })
  const { cert, key } = certificate.current
  const server = https.createServer({ cert, key, keepAliveTimeout: 120_000 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      const answer = {
        apiVersion: review.apiVersion,
        kind: review.kind,
        response: { uid: review.request.uid, allowed: true },
      }
      const text = JSON.stringify(answer)
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) })
      response.end(text)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, ca: certificate.ca ?? '' }
}

/** As `sluice serve` starts it, its log included: a line for every decision, to wherever standard output goes. */
async function service(policies: PolicySetName): Promise<Listening> {
  const cluster = benchCluster(policies)
  const options = { cluster: '', port: 0, host: '127.0.0.1', logLevel: 'info', exemptNamespaces: [] } as const
  const { port, ca, lead } = taken(await startService(cluster, options, createLog({ level: options.logLevel })))
  lead()
  return { port, ca: ca ?? '' }
}
