/**
 * A small API server for the tests of this folder: real HTTPS and real connections; lists in pages, watches with bookmarks,
 * compare-and-swap and a history that can be compacted. What it does wrong, a test tells it to.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { TestContext } from 'node:test'
import { HOST, newCertificate } from '../../test/support/https.ts'
import { textAt } from '../admission/objects.ts'
import type { JsonObject } from '../schema/parts.ts'
import { readText } from './body.ts'
import type { Access } from './connect.ts'
import { type Line, openLine } from './line.ts'
import { status, stored, type TestObjects } from './objects.testing.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

export interface TestApi {
  readonly access: Access
  readonly line: Line
  readonly objects: TestObjects
  /** What was asked so far: `GET /api/v1/pods?limit=500`. */
  readonly requests: readonly string[]
  /** Resolves when so many requests came whose text contains this. */
  asked(part: string, times?: number): Promise<void>
  /** The next request whose text contains this is answered by the handler. */
  once(part: string, handler: Handler): void
  /** How often a connection was made. */
  connections(): number
}

export async function startApi(t: TestContext): Promise<TestApi> {
  const certificate = await newCertificate()
  const objects = stored()
  const requests: string[] = []
  const scripted: { readonly part: string; readonly handler: Handler }[] = []
  const { cert, key } = certificate.current
  const server = createServer({ cert, key, keepAliveTimeout: 120_000 }, (req, res) => {
    const asked = `${req.method} ${req.url}`
    requests.push(asked)
    const index = scripted.findIndex(({ part }) => asked.includes(part))
    const [script] = index === -1 ? [] : scripted.splice(index, 1)
    if (script !== undefined) script.handler(req, res)
    else void serve(objects, req, res)
    // After a watch has begun, so that whoever waits for it may end it.
    server.emit('asked')
  })
  let connections = 0
  server.on('secureConnection', () => {
    connections++
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  const credentials = { tls: { ca: certificate.ca }, headers: { Authorization: 'Bearer secret' } }
  const access: Access = {
    server: new URL(`https://${HOST}:${port}`),
    credentials: async () => credentials,
    refused() {},
  }
  const line = openLine(access, { connections: 8 })
  t.after(() => {
    line.close()
    server.close()
    server.closeAllConnections()
  })
  const count = (part: string) => requests.filter(request => request.includes(part)).length
  return {
    access,
    line,
    objects,
    requests,
    async asked(part, times = 1) {
      while (count(part) < times) await once(server, 'asked')
    },
    once: (part, handler) => void scripted.push({ part, handler }),
    connections: () => connections,
  }
}

export function answer(res: ServerResponse, code: number, body: JsonObject | string): void {
  res.statusCode = code
  res.setHeader('Content-Type', typeof body === 'string' ? 'text/plain' : 'application/json')
  res.end(typeof body === 'string' ? body : JSON.stringify(body))
}

async function serve(objects: TestObjects, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '', 'https://api')
  const path = url.pathname
  const parent = path.slice(0, path.lastIndexOf('/'))
  const name = path.slice(parent.length + 1)
  const query = Object.fromEntries(url.searchParams)
  if (req.method === 'GET' && objects.has(path)) {
    if (query.watch === undefined) return reply(res, objects.list(path, query))
    const problem = objects.watch(path, query.resourceVersion ?? '', res)
    return problem === undefined ? undefined : reply(res, problem)
  }
  const text = await readText(req).catch(() => '')
  const body: JsonObject = text === '' ? {} : JSON.parse(text)
  const collection = req.method === 'POST' ? path : parent
  if (!objects.has(collection)) return answer(res, 404, '404 page not found\n')
  switch (req.method) {
    case 'GET':
      return reply(res, objects.get(collection, name))
    case 'POST':
      return reply(res, objects.create(collection, body))
    case 'PUT':
      return reply(res, objects.replace(collection, name, body))
    default:
      return reply(res, status(405, 'MethodNotAllowed'))
  }
}

function reply(res: ServerResponse, body: JsonObject): void {
  const isStatus = textAt(body, 'kind') === 'Status'
  answer(res, isStatus && typeof body.code === 'number' ? body.code : 200, body)
}
