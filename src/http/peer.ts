/** Replicas of this service among themselves: each shows the other the certificate that it serves with. */
import https from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { CertificateSource, KeyPair } from './certificate.ts'

/**
 * Whether a connection is a replica's: its certificate is of an authority of ours, and made out to the service. An authority may
 * vouch for others as well, where the platform team brought its own.
 */
export function isPeer(socket: Socket, name: string): boolean {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return false
  const names = socket.getPeerCertificate().subjectaltname ?? ''
  return names.split(', ').includes(`DNS:${name}`)
}

export interface PeerClient {
  /**
   * Posts JSON to a replica and returns its answer. Rejects when there is none within the time, none that can be read, or one with
   * a status other than 200.
   */
  post(address: string, path: string, body: object, timeoutMs: number): Promise<unknown>
  close(): void
}

// One batch is on its way at a time (quota/forward.ts), and denials are told beside.
const MOST_SOCKETS = 4
const MOST_ANSWER_BYTES = 4 * 1024 * 1024

/** Calls replicas as `name`, under which their certificates are verified. Connections are kept. */
export function peerClient(certificate: CertificateSource, name: string): PeerClient {
  let agent = agentFor(certificate.current, name)
  certificate.onChange(pair => {
    // What is under way on the old one ends there; an idle connection would outlive the certificate.
    agent.destroyIdle()
    agent = agentFor(pair, name)
  })

  return {
    post(address, path, body, timeoutMs) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const url = new URL(path, `https://${address}`)
      const headers = { 'Content-Type': 'application/json' }
      const req = https.request(url, {
        method: 'POST',
        agent: agent.https,
        headers,
        signal: AbortSignal.timeout(timeoutMs),
      })
      req.once('error', cause => reject(new Error(`${address} did not answer ${path}`, { cause })))
      req.once('response', res => {
        const chunks: Buffer[] = []
        let size = 0
        res.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          size += chunk.length
          if (size > MOST_ANSWER_BYTES) req.destroy(new Error(`more than ${MOST_ANSWER_BYTES} bytes`))
        })
        res.once('error', cause => reject(new Error(`${address} did not answer ${path} in full`, { cause })))
        res.once('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (res.statusCode === 200) parse(text, resolve, reject)
          else reject(new Error(`${address} answered ${path} with ${res.statusCode}: ${text.slice(0, 200)}`))
        })
      })
      req.end(JSON.stringify(body))
      return promise
    },
    close: () => agent.https.destroy(),
  }
}

function parse(text: string, resolve: (value: unknown) => void, reject: (cause: unknown) => void): void {
  try {
    resolve(JSON.parse(text))
  } catch (cause) {
    reject(cause)
  }
}

function agentFor({ cert, key, ca }: KeyPair, servername: string) {
  const agent = new https.Agent({
    keepAlive: true,
    maxSockets: MOST_SOCKETS,
    // A resumed session does not show the certificate again, by which the other side knows us.
    maxCachedSessions: 0,
    servername,
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
  })
  return {
    https: agent,
    destroyIdle() {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    },
  }
}
