import { type ChargeAsk, chargedJson, parseChargeAsk } from '../src/admission/charge-json.ts'
import type { Answer, Call, Clock, Endpoint } from '../src/admission/endpoint.ts'
import { questionRefused } from '../src/admission/question.ts'
import { chargeForOthers } from '../src/quota/forward.ts'
import type { LedgerWriter } from '../src/quota/writer.ts'

export const CHARGE_FOR_PEERS = '/peer/charge'

export interface PeerDeps {
  /** Writes by itself: what was forwarded once is not forwarded again. */
  readonly ledger: LedgerWriter
  readonly clock: Clock
}

/** `POST /peer/charge`: charges for the other replicas, all in one write. None but a replica is answered. */
export function chargeForPeers(deps: PeerDeps): Endpoint {
  return { path: CHARGE_FOR_PEERS, answer: (body, call) => answer(body, call, deps) }
}

async function answer(body: unknown, call: Call, deps: PeerDeps): Promise<Answer> {
  if (!call.isPeer) return questionRefused(403, [NO_PEER])
  const ask = parseChargeAsk(body)
  if (!ask.ok) return questionRefused(400, ask.issues)
  const charged = await chargeForOthers(deps.ledger, ask.value.requests, deadlineOf(ask.value, call, deps.clock))
  return { status: 200, body: chargedJson(charged) }
}

const NO_PEER = {
  at: CHARGE_FOR_PEERS,
  problem: 'the caller is no replica of this service',
  remedy: 'call with a client certificate of the service’s own authority',
}

function deadlineOf({ waitMs }: ChargeAsk, { deadlineMs }: Call, clock: Clock): number {
  return Math.min(deadlineMs, clock.now() + waitMs)
}
