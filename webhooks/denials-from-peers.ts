import { parseDenials } from '../src/admission/denials-json.ts'
import type { Answer, Call, Clock, Endpoint } from '../src/admission/endpoint.ts'
import { questionRefused } from '../src/admission/question.ts'
import type { RecentDenials } from '../src/admission/recent-denials.ts'
import type { RefusedDemands } from '../src/admission/refused-demand.ts'
import { parseDemandNews } from '../src/admission/refused-demand-json.ts'
import type { JsonValue } from '../src/schema/parts.ts'

export const DENIALS_FROM_PEERS = '/peer/denials'

interface Listeners {
  readonly recent: Pick<RecentDenials, 'heard'>
  readonly demand: Pick<RefusedDemands, 'heard'>
  readonly clock: Clock
}

/** `POST /peer/denials`: hears what the other replicas refused: for people to read, and as demand. None but a replica is heard. */
export function denialsFromPeers(listeners: Listeners): Endpoint {
  return { path: DENIALS_FROM_PEERS, answer: (body, call) => answer(body, call, listeners) }
}

function answer(body: unknown, { isPeer }: Call, { recent, demand, clock }: Listeners): Answer {
  if (!isPeer) {
    const remedy = 'call with a client certificate of the service’s own authority'
    return questionRefused(403, [
      { at: DENIALS_FROM_PEERS, problem: 'the caller is no replica of this service', remedy },
    ])
  }
  const denials = parseDenials(body as JsonValue)
  const news = parseDemandNews(body as JsonValue, clock.now())
  if (!denials.ok) return questionRefused(400, denials.issues)
  if (!news.ok) return questionRefused(400, news.issues)
  recent.heard(denials.value)
  demand.heard(news.value)
  return { status: 200, body: { heard: denials.value.length + news.value.length } }
}
