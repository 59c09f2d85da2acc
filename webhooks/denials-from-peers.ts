import { parseDenials } from '../src/admission/denials-json.ts'
import type { Answer, Call, Endpoint } from '../src/admission/endpoint.ts'
import { questionRefused } from '../src/admission/question.ts'
import type { RecentDenials } from '../src/admission/recent-denials.ts'
import type { JsonValue } from '../src/schema/parts.ts'

export const DENIALS_FROM_PEERS = '/peer/denials'

/** `POST /peer/denials`: hears of the denials that the other replicas gave. None but a replica is heard. */
export function denialsFromPeers(recent: Pick<RecentDenials, 'heard'>): Endpoint {
  return { path: DENIALS_FROM_PEERS, answer: (body, call) => answer(body, call, recent) }
}

function answer(body: unknown, { isPeer }: Call, recent: Pick<RecentDenials, 'heard'>): Answer {
  if (!isPeer) {
    const remedy = 'call with a client certificate of the service’s own authority'
    return questionRefused(403, [
      { at: DENIALS_FROM_PEERS, problem: 'the caller is no replica of this service', remedy },
    ])
  }
  const denials = parseDenials(body as JsonValue)
  if (!denials.ok) return questionRefused(400, denials.issues)
  recent.heard(denials.value)
  return { status: 200, body: { heard: denials.value.length } }
}
