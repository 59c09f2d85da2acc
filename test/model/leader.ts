/** A leader: a tally fed by a watch, event by event, and recounts that take their turn with the charges of its replica. */
import type { PodView } from '../../src/quota/recount.ts'
import type { PodTally } from '../../src/quota/tally.ts'
import type { LedgerWriter } from '../../src/quota/writer.ts'
import type { Cluster } from './cluster.ts'
import { type Event, footprint } from './event.ts'

export interface LeaderPlan {
  readonly replica: number
  /** How many of the newest pod events the list lacks that it starts from; null: it leads from the beginning. */
  readonly listLacks: number | null
  readonly recounts: number
}

export interface Leader {
  readonly plan: LeaderPlan
  events(): readonly Event[]
  isElected(): boolean
  /** Whether its replica will hear of it again. */
  isActive(): boolean
  /** Recounts by everything that has happened. */
  finish(): void
}

export interface LeaderOptions {
  readonly name: string
  readonly tree: string
  readonly writer: LedgerWriter
  readonly cluster: Cluster
  readonly tally: PodTally
  readonly now: () => number
  readonly isDead: () => boolean
  /** What is wrong with its views, if anything. */
  readonly flaw: (view: PodView, nowMs: number) => PodView
}

export function leader(plan: LeaderPlan, options: LeaderOptions): Leader {
  const { name, tree, writer, cluster, tally, now, isDead, flaw } = options
  const replica = `R${plan.replica}`
  // Until it is elected it is not there.
  let seen: number | null = null
  let recountsLeft = plan.recounts
  let isCounting = false
  if (plan.listLacks === null) seen = 0

  function start(lacks: number): void {
    seen = Math.max(0, cluster.log.length - lacks)
    for (const pod of cluster.pods(seen)) tally.seen(pod, BigInt(seen))
    tally.reached(BigInt(seen))
  }

  function see(upTo: number): void {
    const { kind, pod } = at(cluster, upTo)
    if (kind === 'gone') tally.gone(pod.uid, BigInt(upTo))
    else tally.seen(pod, BigInt(upTo))
    seen = upTo
  }

  function recount(): void {
    isCounting = true
    // What it has not seen yet may have been created at that moment, and nothing before.
    const view = flaw(tally.view(cluster.log[seen ?? 0]?.atMs ?? now()), now())
    const done = () => {
      isCounting = false
    }
    const counted = () => {
      tally.stored(view)
      done()
    }
    void writer.amend(tree, [{ kind: 'recount', view }]).then(counted, done)
  }

  function events(): readonly Event[] {
    if (seen === null) {
      if (isDead()) return []
      const lacks = plan.listLacks ?? 0
      const title = lacks === 0 ? 'a list' : `a list that lacks the last ${lacks} events`
      const touches = footprint([name, replica], ['pods'])
      return [{ name: `${name} begins to lead from ${title}`, touches, happen: () => start(lacks) }]
    }
    const next = seen + 1
    // While a recount is under way, what the leader sees must not show in it. The model cannot take that for granted.
    const touches = footprint(isCounting ? [name, replica] : [name])
    const sees: Event = { name: `${name} sees event ${next}`, touches, happen: () => see(next) }
    const counts: Event = {
      name: `${name} recounts, ${recountsLeft} left`,
      touches: footprint([name, replica], ['pods', 'clock']),
      happen: () => {
        recountsLeft -= 1
        recount()
      },
    }
    // A dead leader may go on seeing, which nobody notices: if dying ended that, the two would not commute.
    const canCount = recountsLeft > 0 && !isCounting && !isDead()
    return [...(next <= cluster.log.length ? [sees] : []), ...(canCount ? [counts] : [])]
  }

  return {
    plan,
    events,
    isElected: () => seen !== null,
    isActive: () => seen === null || recountsLeft > 0,
    finish: () => {
      if (seen === null) start(0)
      while (seen !== null && seen < cluster.log.length) see(seen + 1)
      recount()
    },
  }
}

function at({ log }: Cluster, position: number) {
  const event = log[position - 1]
  if (event === undefined) throw new Error(`there is no pod event ${position}`)
  return event
}
