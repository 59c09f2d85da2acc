/** What a cycle on a cluster sees of a tree, or why it must not plan: what it would plan from is out of date. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../admission/endpoint.ts'
import type { Book } from '../../quota/book.ts'
import type { Quotas } from '../../quota/tiers.ts'
import {
  DEFAULT_TERMS,
  type HeldPod,
  type NodeShape,
  type Notice,
  type ReclaimTerms,
  type RefusedDemand,
  type Snapshot,
} from '../../rebalance/snapshot.ts'
import type { PodFacts } from '../counting/pod-facts.ts'
import type { CountedTree } from '../counting/recount.ts'
import type { CountedPod } from '../counting/tree-count.ts'
import type { Sight } from './cycle.ts'
import { isLeaving } from './grace.ts'
import type { PastEvictions } from './past-evictions.ts'

export interface SightDeps {
  /** Why what is followed may be out of date. */
  readonly problem: () => string | undefined
  readonly counted: (tree: string) => CountedTree | undefined
  /** The newest version that a step has given to a pod. */
  readonly writtenUpTo: () => bigint
  /** The notice of a pod on which none can be written. */
  readonly spoken: (uid: string) => Notice | null
  readonly quotas: () => Quotas
  readonly terms: () => ReadonlyMap<string, ReclaimTerms>
  readonly nodes: () => readonly NodeShape[]
  readonly budgets: { allowed(): ReadonlyMap<string, number>; covering(pod: PodFacts): readonly string[] }
  readonly evicted: Pick<PastEvictions, 'isRead' | 'withinTheHour'>
  readonly refused: (tree: string) => readonly RefusedDemand[]
  /** Percent, where it is known. */
  readonly utilisation: (pod: Pick<HeldPod, 'namespace' | 'name' | 'startedAtMs'>) => number | null
  readonly clock: Clock
}

export function clusterSight(deps: SightDeps): (tree: string) => Promise<Sight> {
  return async tree => {
    const problem = deps.problem()
    if (problem !== undefined) return { kind: 'unclear', why: problem }
    const counted = deps.counted(tree)
    if (counted === undefined) return { kind: 'unclear', why: 'its pods are being counted' }
    if (counted.position < deps.writtenUpTo())
      return { kind: 'unclear', why: 'what was done last has not been told yet' }
    const snapshot = await snapshotOf(tree, counted, deps)
    // They may have been counted again while they were read, a few at a time.
    return deps.counted(tree)?.position === counted.position ? { kind: 'seen', snapshot } : RECOUNTED
  }
}

const RECOUNTED: Sight = { kind: 'unclear', why: 'its pods have been counted again' }
/** So many take some milliseconds, for which reviews wait. */
const AT_A_TIME = 5_000

async function snapshotOf(tree: string, { book, pods }: CountedTree, deps: SightDeps): Promise<Snapshot> {
  const nowMs = deps.clock.now()
  const terms = deps.terms()
  const believable = believedNotices(nowMs, book.quota, terms)
  const held: HeldPod[] = []
  for (const pod of pods) {
    if (pod.seen.amounts.size > 0) held.push(heldPod(pod, nowMs, deps, believable))
    if (held.length % AT_A_TIME === AT_A_TIME - 1) await nextTurn()
  }
  const snapshot = {
    nowMs,
    book,
    pods: held,
    refused: deps.refused(tree),
    disruptionsAllowed: deps.budgets.allowed(),
    terms,
    evictedLastHour: evictedLastHour(book.quota, terms, deps),
  }
  return { ...snapshot, nodes: knownNodes(deps.nodes(), snapshot) }
}

function heldPod(
  { seen, facts }: CountedPod,
  nowMs: number,
  { budgets, utilisation, spoken }: SightDeps,
  believed: (pod: CountedPod['seen'], notice: Notice | null, createdAtMs: number) => Notice | null,
): HeldPod {
  const { namespace, standing, createdAtMs } = facts
  const { name, startedAtMs, savedAtMs } = standing
  return {
    uid: seen.uid,
    namespace,
    name,
    tenant: seen.tenant,
    tier: seen.tier,
    amounts: seen.amounts,
    gang: seen.gang,
    priority: standing.priority,
    node: standing.node,
    createdAtMs,
    startedAtMs,
    // Nobody has saved more than there is by now.
    savedAtMs: savedAtMs === null ? null : Math.min(savedAtMs, nowMs),
    utilisation: utilisation({ namespace, name, startedAtMs }),
    budgets: budgets.covering(facts),
    notice: believed(seen, standing.notice, createdAtMs) ?? spoken(seen.uid),
    isTierNamed: standing.isTierNamed,
    isLeaving: isLeaving(standing.goneByMs, nowMs),
  }
}

/** Clocks of two leaders differ by less, and a notice of the former is one of ours. */
const CLOCKS_APART_MS = 30_000

/**
 * A pod may be created with whatever annotations. A deadline from before it was there was another pod's, from which it was copied; one
 * further away than any notice lasts would keep it from ever being evicted. Neither is a notice, and a new one is given.
 */
function believedNotices(nowMs: number, quota: Book['quota'], terms: ReadonlyMap<string, ReclaimTerms>) {
  const noticeMs = ({ tenant, tier }: CountedPod['seen']): number => {
    const { noticeMs: byTier } = termsOf(tenant, quota, terms)
    return tier === 'shared' ? byTier.shared : byTier.burst
  }
  return (pod: CountedPod['seen'], notice: Notice | null, createdAtMs: number): Notice | null => {
    if (notice === null || notice.deadlineMs < createdAtMs) return null
    return notice.deadlineMs > nowMs + noticeMs(pod) + CLOCKS_APART_MS ? null : notice
  }
}

/** While nobody knows what former leaders did, each tenant counts as having lost for fairness as many as it may. */
function evictedLastHour(
  quota: Book['quota'],
  terms: ReadonlyMap<string, ReclaimTerms>,
  { evicted, quotas }: SightDeps,
): ReadonlyMap<string, number> {
  const known = evicted.withinTheHour(namespace => quotas().tenantOfNamespace.get(namespace))
  if (evicted.isRead()) return known
  const spent = [...quota.tenants.keys()].flatMap(tenant => {
    const { evictionsPerHour } = termsOf(tenant, quota, terms)
    return evictionsPerHour === null ? [] : [[tenant, Math.max(evictionsPerHour, known.get(tenant) ?? 0)] as const]
  })
  return new Map([...known, ...spent])
}

function termsOf(
  tenant: string,
  { tenants, roles }: Book['quota'],
  terms: ReadonlyMap<string, ReclaimTerms>,
): ReclaimTerms {
  const node = tenants.get(tenant)?.cohort
  const role = node === undefined ? undefined : roles[node.index]
  return (role?.kind === 'cohort' ? terms.get(role.cohort) : undefined) ?? DEFAULT_TERMS
}

/**
 * Null where the nodes do not tell of a class that pods have: its devices are handed out by DRA, which no node's status has, and then
 * nothing is known of shapes.
 */
function knownNodes(nodes: readonly NodeShape[], { pods }: Pick<Snapshot, 'pods'>): readonly NodeShape[] | null {
  if (nodes.length === 0) return null
  const known = new Set(nodes.flatMap(({ amounts }) => [...amounts.keys()]))
  return pods.every(({ amounts }) => amounts.keys().every(key => known.has(key))) ? nodes : null
}
