/** `node always-yes-server.ts PORT CERT KEY [PATCH]`: answers every review with yes, and mutations with that patch. */
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { json } from 'node:stream/consumers'
import { HOST } from './free-port.ts'

const [port = '', cert = '', key = '', patch] = process.argv.slice(2)
/** JSON Patch in base 64, as it stands in an answer. */
const patched = patch === undefined ? {} : { patchType: 'JSONPatch', patch }

interface Review {
  readonly apiVersion: string
  readonly kind: string
  readonly request: { readonly uid: string }
}

// Longer than the API server keeps an idle connection, or it would use one that is just being closed.
const KEEP_ALIVE_MS = 120_000

const options = { cert: readFileSync(cert), key: readFileSync(key), keepAliveTimeout: KEEP_ALIVE_MS }
const server = https.createServer(options, async (request, response) => {
  // Sent by the API server alone.
  const { apiVersion, kind, request: reviewed } = (await json(request)) as Review
  const change = request.url?.startsWith('/mutate/') === true ? patched : {}
  const text = JSON.stringify({ apiVersion, kind, response: { uid: reviewed.uid, allowed: true, ...change } })
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
  response.end(text)
})
server.listen(Number(port), HOST)
