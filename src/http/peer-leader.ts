/** The leader's writer, as another replica reaches it. */
import { CHARGE_FOR_PEERS } from '../../webhooks/charge-for-peers.ts'
import { chargeAskJson, parseCharged } from '../admission/charge-json.ts'
import type { Clock } from '../admission/endpoint.ts'
import type { Leader } from '../quota/forward.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { PeerClient } from './peer.ts'

/** `address` is a host with a port. */
export function peerLeader(client: PeerClient, address: string, clock: Clock): Leader {
  return {
    async charge(requests, deadlineMs) {
      const waitMs = Math.max(0, deadlineMs - clock.now())
      const answer = await client.post(address, CHARGE_FOR_PEERS, chargeAskJson({ requests, waitMs }), waitMs)
      const charged = parseCharged(answer)
      if (charged.ok) return charged.value
      throw new Error(
        `${address} answered ${CHARGE_FOR_PEERS} unreadably: ${charged.issues.map(formatIssue).join('; ')}`,
      )
    },
  }
}
