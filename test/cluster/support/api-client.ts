/** Calls of a test to the API server of its cluster. */
import https from 'node:https'
import type { JsonObject } from '../../../src/schema/parts.ts'

export interface ApiAddress {
  readonly url: string
  readonly ca: string
  readonly credentials: Credentials
}

export type Credentials =
  | { readonly kind: 'certificate'; readonly cert: string; readonly key: string }
  | { readonly kind: 'token'; readonly token: string }

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface ApiAnswer {
  readonly status: number
  /** Empty where the answer was no JSON object. */
  readonly body: JsonObject
  readonly warnings: readonly string[]
}

export interface ApiClient {
  /** Rejects where no answer came. A PATCH is a merge patch. */
  call(method: Method, path: string, body?: JsonObject): Promise<ApiAnswer>
  /** The same, for what must succeed. */
  must(method: Method, path: string, body?: JsonObject): Promise<JsonObject>
  close(): void
}

const TIMEOUT_MS = 60_000

export function apiClient({ url, ca, credentials }: ApiAddress, maxSockets = 8): ApiClient {
  const { headers, ...tls } = identify(credentials)
  const agent = new https.Agent({ keepAlive: true, maxSockets, ca, ...tls })

  function call(method: Method, path: string, body?: JsonObject): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const request = https.request(
        `${url}${path}`,
        { method, agent, timeout: TIMEOUT_MS, headers: { ...headers, 'Content-Type': contentType } },
        response => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: objectIn(Buffer.concat(chunks).toString()),
              warnings: warningsIn(response.headers.warning),
            }),
          )
        },
      )
      request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
      request.on('error', cause => reject(new Error(`${method} ${path} had no answer`, { cause })))
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
  return {
    call,
    async must(method, path, body) {
      const answer = await call(method, path, body)
      if (answer.status < 300) return answer.body
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    },
    close: () => agent.destroy(),
  }
}

function identify(credentials: Credentials) {
  switch (credentials.kind) {
    case 'certificate':
      return { cert: credentials.cert, key: credentials.key, headers: {} }
    case 'token':
      return { headers: { Authorization: `Bearer ${credentials.token}` } }
  }
}

function objectIn(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {}
  } catch {
    // Probes and some errors answer in plain text.
    return {}
  }
}

/** `299 - "text"`, several of them separated by commas (RFC 7234 §5.5). */
function warningsIn(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'))
}
