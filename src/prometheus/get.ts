/** One GET of JSON, bounded in size and time. */
import http from 'node:http'
import https from 'node:https'
import type { JsonValue } from '../schema/parts.ts'
import { complaintIn } from './answer.ts'

export interface Bounds {
  /** From the first byte sent to the last one received. */
  readonly timeoutMs: number
  readonly bytes: number
}

interface GetOptions extends Bounds {
  readonly headers: Readonly<Record<string, string>>
  /** In PEM; the authorities of the system without it. */
  readonly ca: string | undefined
}

/** Rejects where there is no answer within the bounds, none that is JSON, or one with another status than 200. Follows no redirect. */
export function getJson(url: URL, { headers, ca, timeoutMs, bytes }: GetOptions): Promise<JsonValue> {
  const { promise, resolve, reject } = Promise.withResolvers<JsonValue>()
  // The path without its query: that is long, and the same each time.
  const place = `${url.origin}${url.pathname}`
  const failed = (cause: unknown): void => reject(new Error(`${place} did not answer`, { cause }))
  const options = { headers: { Accept: 'application/json', ...headers }, signal: AbortSignal.timeout(timeoutMs) }
  // A connection of its own each minute: nothing is kept that a token or an authority could outlive.
  const request =
    url.protocol === 'https:'
      ? https.get(url, { ...options, agent: false, ...(ca === undefined ? {} : { ca }) })
      : http.get(url, { ...options, agent: false })
  request.once('error', failed)
  request.once('response', response => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= bytes) return
      failed(new Error(`more than ${bytes} bytes`))
      request.destroy()
    })
    response.once('error', failed)
    response.once('end', () => {
      const body = jsonOf(Buffer.concat(chunks))
      if (response.statusCode === 200 && body !== undefined) resolve(body)
      else failed(new Error(`status ${response.statusCode}: ${body === undefined ? 'no JSON' : complaintIn(body)}`))
    })
  })
  return promise
}

function jsonOf(bytes: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
