/**
 * Each replica knows what it refused itself; the leader, which writes denials down and frees capacity for demand, is told of the others'
 * every few seconds. A new leader is told of all, so that nothing is lost with the old one but what only that one knew.
 */
import { MOST_DENIALS_TOLD } from '../../admission/denials-json.ts'
import type { Clock, Log } from '../../admission/endpoint.ts'
import type { PastDenial, RecentDenials } from '../../admission/recent-denials.ts'
import type { DemandNews, RefusedDemands } from '../../admission/refused-demand.ts'
import { MOST_NEWS_TOLD } from '../../admission/refused-demand-json.ts'
import type { Timer } from '../../quota/waiter.ts'
import { openRounds } from '../rounds.ts'

interface ToldDenials {
  readonly denials: readonly PastDenial[]
  readonly news: readonly DemandNews[]
}

/** The leader, from afar. */
interface DenialListener {
  /** Rejects where it could not be told. */
  tell(told: ToldDenials): Promise<void>
}

export interface ReportDeps {
  readonly recent: RecentDenials
  readonly demand: Pick<RefusedDemands, 'after'>
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

export function denialReports({ recent, demand, leader, ...deps }: ReportDeps): DenialReports {
  let told = { leader: '', denials: 0, news: 0 }

  async function report(): Promise<void> {
    const known = leader()
    if (known === undefined) return
    const from = known.name === told.leader ? told : { denials: 0, news: 0 }
    const { denials, mark: denialMark } = recent.after(from.denials, MOST_DENIALS_TOLD)
    const { news, mark: newsMark } = demand.after(from.news, MOST_NEWS_TOLD)
    if (denials.length > 0 || news.length > 0) await known.tell({ denials, news })
    told = { leader: known.name, denials: denialMark, news: newsMark }
  }

  const { stop } = openRounds(report, { ...deps, usualMs: REPORT_MS, problem: 'the leader was not told of denials' })
  return { report, stop }
}
