/**
 * The leader as it has to be: it starts from a list, follows the pods late, tells a tally, and recounts every few seconds. A new one
 * may start from a list that is older than what its predecessor has counted, and the predecessor may not notice for a while.
 */

import type { PodView } from '../../src/quota/recount.ts'
import { podTally } from '../../src/quota/tally.ts'
import type { Pods } from './pods.ts'
import { TREE } from './quotas.ts'
import type { Replica } from './replicas.ts'
import type { Sky } from './shared-text.ts'

export interface LeaderDeps extends Sky {
  readonly pods: Pods
  readonly replica: Replica
  /** How many events its first list misses. */
  readonly staleBy: number
  /** What it says it has seen; a leader that works says what it has. */
  readonly view: (view: PodView) => PodView
  readonly recounted: (view: PodView) => void
}

export interface Leader {
  depose(): void
  /** One more recount, of everything that has happened by now. Rejects when the store fails. */
  recountAll(): Promise<void>
}

export function startLeader(deps: LeaderDeps): Leader {
  const { time, chance, pods, replica, recounted } = deps
  const tally = podTally()
  let upTo = Math.max(0, pods.events.length - deps.staleBy)
  let asOfMs = pods.events[upTo]?.atMs ?? time.now()
  let isDeposed = false

  const listed = pods.events[upTo - 1]?.position ?? 0n
  for (const pod of pods.listAfter(upTo)) tally.seen(pod, listed)
  tally.reached(listed)

  function follow(untilMs: number): void {
    for (; ; upTo += 1) {
      const event = pods.events[upTo]
      if (event === undefined || event.atMs >= untilMs) break
      // Some are delivered twice.
      for (let times = chance.oneIn(20) ? 2 : 1; times > 0; times -= 1) {
        if (event.kind === 'created') tally.seen(event.pod, event.position)
        else tally.gone(event.pod.uid, event.position)
      }
    }
    asOfMs = Math.max(asOfMs, untilMs)
  }

  async function recount(): Promise<void> {
    const view = tally.view(asOfMs)
    await replica.writer.amend(TREE, [{ kind: 'recount', view: deps.view(view) }])
    tally.stored(view)
    recounted(view)
  }

  async function watch(): Promise<void> {
    while (!isDeposed && !replica.isDead()) {
      await time.sleep(chance.between(20, 300))
      // The watch is late, sometimes by seconds, and never goes back.
      follow(time.now() - (chance.oneIn(10) ? chance.between(500, 3_000) : chance.between(5, 50)))
    }
  }

  async function recountNowAndThen(): Promise<void> {
    // Some count before they have followed the pods from where their list ends.
    let waitMs = chance.oneIn(2) ? 0 : chance.between(1_000, 3_000)
    while (!isDeposed && !replica.isDead()) {
      await time.sleep(waitMs)
      waitMs = chance.between(1_000, 3_000)
      // It counts again in a moment: nothing is lost but the time until then.
      await Promise.race([recount().catch(() => {}), replica.died])
    }
  }

  void watch()
  void recountNowAndThen()
  return {
    depose() {
      isDeposed = true
    },
    recountAll() {
      follow(Number.POSITIVE_INFINITY)
      asOfMs = time.now()
      return recount()
    },
  }
}
