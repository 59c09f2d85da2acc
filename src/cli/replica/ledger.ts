/** A replica's way to charge: by itself, or by the leader while there is one that answers. */
import { randomUUID } from 'node:crypto'
import type { Cluster } from '../../admission/cluster.ts'
import type { PeerClient } from '../../http/peer.ts'
import { peerLeader } from '../../http/peer-leader.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import type { Leader as LeaseHolder } from '../../kubernetes/lease-record.ts'
import { type LedgerObjects, ledgerObjects } from '../../kubernetes/ledger-objects.ts'
import { forwardingWriter, type Leader } from '../../quota/forward.ts'
import { textStore } from '../../quota/text-store.ts'
import type { LedgerStore } from '../../quota/versions.ts'
import { type LedgerWriter, ledgerWriter } from '../../quota/writer.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { GANG_HOLD_MS, RETRY_AFTER_MS, STEADY_CLOCK, SYSTEM_CLOCK, timerOn } from '../time.ts'

/** 65 bytes each in the ledger's text: an object of 650 kB, of the 1.5 MB that etcd takes (src/decisions/ledger.md). */
const MAX_CHARGES = 10_000
/** The leader's queue takes tens of milliseconds; two of these leave half of a webhook's ten seconds for a write of our own. */
const PATIENCE_MS = 2_000
/** One that did not answer is left alone for as long as its lease may outlive it, but for a try now and then. */
const DISTRUST_MS = 5_000

export interface OwnLedger {
  readonly writer: LedgerWriter
  readonly objects: LedgerObjects
}

export interface OwnLedgerDeps {
  readonly edge: Edge
  readonly cluster: () => Cluster
  readonly metrics: Metrics
  readonly pendingMs: number
  readonly onNewer: (tree: string) => void
}

/** The writer that compares and swaps. */
export function ownLedger({ edge, cluster, metrics, pendingMs, onNewer }: OwnLedgerDeps): OwnLedger {
  const time = { clock: STEADY_CLOCK, timer: timerOn(STEADY_CLOCK) }
  const objects = ledgerObjects({ api: edge.ledger, follow: edge.follow, onNewer, ...time })
  const writer = ledgerWriter({
    id: randomUUID(),
    store: counted(textStore(objects), metrics),
    quotas: () => cluster().quotas,
    clock: SYSTEM_CLOCK,
    timer: timerOn(SYSTEM_CLOCK),
    pendingMs,
    gangHoldMs: GANG_HOLD_MS,
    maxCharges: MAX_CHARGES,
    retryAfterMs: RETRY_AFTER_MS,
  })
  return { writer, objects }
}

function counted(store: LedgerStore, metrics: Metrics): LedgerStore {
  return {
    ...store,
    async replace(tree, current, next) {
      try {
        const stored = await store.replace(tree, current, next)
        metrics.ledgerWritten(stored === 'conflict' ? 'conflict' : 'stored')
        return stored
      } catch (cause) {
        metrics.ledgerWritten('failed')
        throw cause
      }
    },
  }
}

export interface ForwardingDeps {
  readonly own: LedgerWriter
  readonly peers: PeerClient
  /** Another replica that leads; undefined while this one does, or nobody is known to. */
  readonly holder: () => LeaseHolder | undefined
  readonly metrics: Metrics
}

/** The same writer, forwarding to the leader. */
export function forwardedLedger({ own, peers, holder, metrics }: ForwardingDeps): LedgerWriter {
  let known: { readonly identity: string; readonly leader: Leader } | undefined
  let distrustedUntilMs = Number.NEGATIVE_INFINITY

  function measured(leader: Leader): Leader {
    return {
      async charge(requests, deadlineMs) {
        try {
          const answers = await leader.charge(requests, deadlineMs)
          const charged = answers.filter(answer => answer !== null).length
          metrics.forwarded('charged', charged)
          metrics.forwarded('left', requests.length - charged)
          return answers
        } catch (cause) {
          distrustedUntilMs = STEADY_CLOCK.now() + DISTRUST_MS
          metrics.forwarded('failed', requests.length)
          throw cause
        }
      },
    }
  }

  function leader(): Leader | undefined {
    const current = holder()
    if (current === undefined || current.address === '') return undefined
    if (known?.identity !== current.identity) {
      known = { identity: current.identity, leader: measured(peerLeader(peers, current.address, SYSTEM_CLOCK)) }
      distrustedUntilMs = Number.NEGATIVE_INFINITY
    }
    return STEADY_CLOCK.now() < distrustedUntilMs ? undefined : known.leader
  }

  return forwardingWriter({ own, leader, clock: SYSTEM_CLOCK, timer: timerOn(SYSTEM_CLOCK), patienceMs: PATIENCE_MS })
}
