/**
 * Each replica knows the denials that it gave itself; the leader, which writes them down, is told of the others every few seconds. A
 * new leader is told of all, so that nothing is lost with the old one but what only that one knew.
 */
import { MOST_DENIALS_TOLD } from '../../admission/denials-json.ts'
import type { Clock, Log } from '../../admission/endpoint.ts'
import type { PastDenial, RecentDenials } from '../../admission/recent-denials.ts'
import type { Timer } from '../../quota/waiter.ts'
import { openRounds } from '../rounds.ts'

/** Who writes denials down, from afar. */
interface DenialListener {
  /** Rejects where it could not be told. */
  tell(denials: readonly PastDenial[]): Promise<void>
}

export interface ReportDeps {
  readonly recent: RecentDenials
  /** The leader's name and ear; undefined while this replica leads, or nobody does. */
  readonly leader: () => (DenialListener & { readonly name: string }) | undefined
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}

export interface DenialReports {
  /** Tells what has not been told. Rejects where the leader cannot be reached; what was to be told is told the next time. */
  report(): Promise<void>
  stop(): void
}

const REPORT_MS = 5_000

export function denialReports({ recent, leader, ...deps }: ReportDeps): DenialReports {
  let told = { leader: '', mark: 0 }

  async function report(): Promise<void> {
    const known = leader()
    if (known === undefined) return
    const from = known.name === told.leader ? told.mark : 0
    const { denials, mark } = recent.after(from, MOST_DENIALS_TOLD)
    if (denials.length > 0) await known.tell(denials)
    told = { leader: known.name, mark }
  }

  const { stop } = openRounds(report, { ...deps, usualMs: REPORT_MS, problem: 'the leader was not told of denials' })
  return { report, stop }
}
