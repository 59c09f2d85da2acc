/** A replica that collects its garbage when it is asked to, so that what is alive can be told from what was not collected yet. */
import { once } from 'node:events'
import { get } from 'node:http'
import { json } from 'node:stream/consumers'
import { textAt } from '../../../src/admission/objects.ts'
import type { JsonValue } from '../../../src/schema/parts.ts'
import { freePort, HOST } from './free-port.ts'

export interface Collected {
  /** For the environment of the replica. */
  readonly env: Readonly<Record<string, string>>
  /** Resolves when it has collected everything that it can. */
  collect(): Promise<void>
}

/** By the inspector of Node, which listens on the loopback address alone. */
export async function collected(): Promise<Collected> {
  const port = await freePort()
  return {
    env: { NODE_OPTIONS: `--inspect=${HOST}:${port}` },
    async collect() {
      const socket = new WebSocket(await inspectorAt(port))
      await once(socket, 'open')
      socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }))
      await once(socket, 'message')
      socket.close()
    },
  }
}

async function inspectorAt(port: number): Promise<string> {
  const [response] = await once(get({ host: HOST, port, path: '/json/list', agent: false }), 'response')
  const [target] = (await json(response)) as readonly JsonValue[]
  const url = textAt(target, 'webSocketDebuggerUrl')
  if (url === undefined) throw new Error('the inspector of the replica tells no address')
  return url
}
