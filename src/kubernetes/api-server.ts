/** Calls of the API server, over a line of kept connections. */
import type { ApiAnswer, ApiCall, ApiServer, PatchType } from '../controller/api-server.ts'
import { bodyOf, readText } from './body.ts'
import type { Line, Message } from './line.ts'

const TIMEOUT_MS = 10_000

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  // JSON is YAML.
  apply: 'application/apply-patch+yaml',
}
const JSON_TYPE = 'application/json'
const METADATA_TYPE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'

export function apiServer(line: Line): ApiServer {
  return {
    async call(request) {
      const timeoutMs = request.timeoutMs ?? TIMEOUT_MS
      const deadline = new AbortController()
      // Of the head and the body together: a body that never ends is no answer either.
      const timer = setTimeout(() => deadline.abort(), timeoutMs)
      try {
        return await answerOf(line, request, deadline.signal)
      } catch (cause) {
        const how = deadline.signal.aborted ? `was not answered within ${timeoutMs} ms` : 'failed'
        throw new Error(`${request.method} ${request.path} ${how}`, { cause })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

async function answerOf(line: Line, request: ApiCall, signal: AbortSignal): Promise<ApiAnswer> {
  const response = await line.send({ ...messageOf(request), signal })
  const status = response.statusCode ?? 0
  const body = bodyOf(status, await readText(response))
  if (body === undefined) throw new Error(`the answer with status ${status} is no JSON object`)
  return { status, body }
}

function messageOf({ method, path, query, body, patch = 'merge', isMetadataEnough }: ApiCall): Message {
  const headers = { Accept: isMetadataEnough === true ? METADATA_TYPE : JSON_TYPE }
  const message = { method, path, ...(query === undefined ? {} : { query }) }
  if (body === undefined) return { ...message, headers }
  const type = method === 'PATCH' ? PATCH_TYPES[patch] : JSON_TYPE
  return { ...message, headers: { ...headers, 'Content-Type': type }, body: JSON.stringify(body) }
}
