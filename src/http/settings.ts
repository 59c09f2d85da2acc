/** How the server is set, and why not as node sets it. */
import type { ServerOptions } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import type { KeyPair } from './certificate.ts'

/** The API server keeps idle connections for 90 s: if we closed first, it would lose the request it sends meanwhile. */
const KEEP_ALIVE_MS = 120_000
/**
 * Node counts both from the opening of a connection until its first request is in, and the API server's pool opens
 * connections that it uses only later: no less than keep-alive, for the same reason. A slow body is cut earlier, by
 * the deadline of its call.
 */
const FIRST_REQUEST_MS = KEEP_ALIVE_MS
/** The API server shakes hands at once; a connection that does not is not kept. */
const HANDSHAKE_MS = 10_000

export function serverSettings(pair: KeyPair): ServerOptions {
  return {
    ...secureContext(pair),
    // The API server has no certificate to show, and need not have one; a replica has, and is told apart by it (peer.ts).
    requestCert: pair.ca !== undefined,
    rejectUnauthorized: false,
    // A webhook behind a service reference never speaks HTTP/2; a client that insists is refused in the handshake.
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: FIRST_REQUEST_MS,
    requestTimeout: FIRST_REQUEST_MS,
  }
}

/**
 * Session tickets stay on, node's default: a resumed session spares the signature, the dearest part of a new
 * connection.
 */
export function secureContext({ cert, key, ca }: KeyPair): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) }
}
