/** A scenario under way: replicas, callers, leaders, pods and time, and what may happen next. */

import { claims, EMPTY_LEDGER } from '../../src/quota/ledger.ts'
import type { SeenPod } from '../../src/quota/tally.ts'
import { manualClock, present } from '../../src/quota/testing.ts'
import type { LedgerWriter } from '../../src/quota/writer.ts'
import { type Callers, callers } from './callers.ts'
import { type Cluster, cluster } from './cluster.ts'
import { type Event, footprint } from './event.ts'
import { type Leader, leader } from './leader.ts'
import type { Parts } from './parts.ts'
import { type Claiming, GANG_HOLD_MS, PENDING_MS, type Scenario, TREE } from './scenario.ts'
import { type Network, network } from './store.ts'

export interface World {
  readonly scenario: Scenario
  readonly now: () => number
  readonly advance: (ms: number) => void
  readonly network: Network
  readonly callers: Callers
  readonly cluster: Cluster
  readonly leaders: readonly Leader[]
  /** Pods that are there, and those that may still come because their callers were told so. */
  standing(): readonly SeenPod[]
  events(): readonly Event[]
  urgent(): Event | undefined
  /** A leader on a replica that has only just started, which has listed every pod. */
  newLeader(): Leader
  /** What happened, line by line. */
  readonly story: string[]
}

export function world(scenario: Scenario, parts: Parts): World {
  const { quotas, replicas, isWarm, reviews, fates, faults, kinds, maxCharges } = scenario
  const clock = manualClock()
  const story: string[] = []
  const moments = [0]
  const note = (line: string) => void story.push(`    ${line}`)
  // One more than the scenario has: the replica of the leader that brings everything to rest.
  const net = network({ replicas: replicas + 1, faults, kinds, flaw: parts.store, note })
  const isDead = (replica: number) => net.dead.has(replica)

  function open(replica: number): LedgerWriter {
    const terms = { pendingMs: PENDING_MS, gangHoldMs: GANG_HOLD_MS, maxCharges, retryAfterMs: 1 }
    const shared = { clock, timer: clock, quotas: () => quotas, ...terms }
    return parts.writer({ ...shared, id: `R${replica}`, store: net.storeOf(replica) })
  }

  const writers = Array.from({ length: replicas + 1 }, (_, replica) => open(replica))
  const writerOf = (replica: number) => present(writers[replica], `replica ${replica}`)
  const seenBy = (replica: number) => present(net.history.seenBy[replica], `replica ${replica}`)
  const desk = callers({ reviews, moments, now: clock.now, writerOf, seenBy, isDead, note })
  const expected = () => [...desk.told.values()].filter(({ uid }) => !pods.wasCreated(uid) && desk.isOpen(uid))
  const pods: Cluster = cluster({ now: clock.now, fateOf: uid => fates[uid] ?? 'stays', expected, moving })

  /** A pod is moved once its room is claimed in the tier it goes to. */
  function moving(): readonly SeenPod[] {
    const moves = [...claims(net.history.versions.at(-1) ?? EMPTY_LEDGER)]
    return pods.pods().flatMap(pod => {
      const claim = moves.find(({ heldFor }) => heldFor.kind === 'pod' && heldFor.uid === pod.uid)
      return claim === undefined || claim.tier === pod.tier ? [] : [{ ...pod, tier: claim.tier }]
    })
  }

  const viewed = parts.views()
  const lead = (plan: Leader['plan'], index: number) =>
    leader(plan, {
      name: `L${index}`,
      tree: TREE,
      writer: writerOf(plan.replica),
      cluster: pods,
      tally: parts.tally(),
      now: clock.now,
      isDead: () => isDead(plan.replica),
      flaw: viewed,
    })
  const leaders = scenario.leaders.map(lead)

  function timeEvents(): readonly Event[] {
    const taken = moments.length - 1
    const ms = scenario.times[taken]
    if (ms === undefined) return []
    const happen = () => {
      moments.push(clock.now() + ms)
      clock.advance(ms)
    }
    return [{ name: `${ms} ms pass (${taken + 1})`, touches: footprint(['clock']), happen }]
  }

  const claimed = new Set<Claiming>()

  function claimEvents(): readonly Event[] {
    return scenario.claimings
      .filter(one => !claimed.has(one) && !isDead(one.replica))
      .filter(({ claim: { heldFor } }) => heldFor.kind === 'owner' || pods.wasCreated(heldFor.uid))
      .map(one => ({
        name: `R${one.replica} claims for ${one.claim.tenant}`,
        touches: footprint([`R${one.replica}`], ['clock', 'pods']),
        happen: () => {
          claimed.add(one)
          // One that fails is decided anew by whoever leads then, from what is stored.
          void writerOf(one.replica)
            .amend(TREE, [{ kind: 'claim', claim: one.claim }])
            .catch(() => {})
        },
      }))
  }

  // An answer to a replica touches that replica and the time. When time stands still for good, and no review and no leader is going
  // to reach the replica, whatever else happens first commutes with it. Nor does it hide anything from the checks: all that
  // an answer adds is what somebody was told, which makes more pods to be accounted for and never fewer.
  function urgent(): Event | undefined {
    if (moments.length <= scenario.times.length) return undefined
    const isDone = (replica: number) =>
      reviews.every(one => one.replica !== replica || desk.hasArrived(one)) &&
      scenario.claimings.every(one => one.replica !== replica || claimed.has(one))
    const isLed = (replica: number) => leaders.some(one => one.plan.replica === replica && one.isActive())
    return net.quietAnswer(replica => isDone(replica) && !isLed(replica))
  }

  if (isWarm) for (const replica of Array(replicas).keys()) void writerOf(replica).refresh(TREE)
  return {
    scenario,
    now: clock.now,
    advance: clock.advance,
    network: net,
    callers: desk,
    cluster: pods,
    leaders,
    standing: () => [...pods.pods(), ...expected()],
    events: () => [
      ...desk.events(),
      ...net.events(),
      ...pods.events(),
      ...leaders.flatMap(one => one.events()),
      ...claimEvents(),
      ...timeEvents(),
    ],
    urgent,
    newLeader: () => lead({ replica: replicas, listLacks: 0, recounts: 0 }, scenario.leaders.length),
    story,
  }
}
