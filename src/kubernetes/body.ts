/** The body of an answer, as JSON. */
import type { IncomingMessage } from 'node:http'
import { isObject, type JsonObject } from '../schema/parts.ts'

/** Five hundred objects of etcd's largest size are more than this; five hundred pods are about 5 MiB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const MAX_QUOTED = 200

/** Rejects when the body is cut, or longer than anything the API server should say. */
export async function readText(response: IncomingMessage, maxBytes = MAX_ANSWER_BYTES): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/**
 * What was asked for, or the Status that says why not. Proxies on the way, and the API server for a path that it does not know,
 * answer in plain text: of a refusal the text is told; of a success there is nothing to tell, so it is undefined.
 */
export function bodyOf(status: number, text: string): JsonObject | undefined {
  const value = jsonOf(text)
  if (isObject(value)) return value
  if (status >= 200 && status < 300) return undefined
  return { kind: 'Status', status: 'Failure', code: status, message: text.trim().slice(0, MAX_QUOTED) }
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of the parser quotes the text, which may hold a secret.
    return undefined
  }
}
