/**
 * Everything a plan is made from, as of one moment: one tree's book, its pods, who was refused, what nodes there are, and what the
 * platform team allows. Plain values; amounts are milli-GPUs, times milliseconds since the epoch.
 */
import type { Book } from '../quota/book.ts'
import type { WholeGang } from '../quota/gang.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'

export interface Snapshot {
  readonly nowMs: number
  readonly book: Book
  /** Every counted pod of the tree that holds something, in any order. */
  readonly pods: readonly HeldPod[]
  readonly refused: readonly RefusedDemand[]
  /** What nodes have in all, whoever uses it; null where nobody knows the nodes, and then no shape is judged. */
  readonly nodes: readonly NodeShape[] | null
  /** Disruptions that each PodDisruptionBudget still allows, by its key (`namespace/name`). */
  readonly disruptionsAllowed: ReadonlyMap<string, number>
  /** By cohort, what applies to the pods of its tenants; a cohort that says nothing has what its parent has. */
  readonly terms: ReadonlyMap<string, ReclaimTerms>
  /** By tenant, how many of its pods were evicted for fairness within the last hour. */
  readonly evictedLastHour: ReadonlyMap<string, number>
}

export interface HeldPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
  /** The key of its gang in the ledger. */
  readonly gang: string | null
  /** As the scheduler has it: the lowest goes first. */
  readonly priority: number
  /** null while no node has been found for it: an entitled pod without one waits for its capacity. */
  readonly node: string | null
  readonly createdAtMs: number
  /** null while its containers have not started. */
  readonly startedAtMs: number | null
  /** When it last saved its work, as its own annotation says; null where it does not say. */
  readonly savedAtMs: number | null
  /** Percent of its GPUs' time in use, where it is known and recent; else null. */
  readonly utilisation: number | null
  /** The PodDisruptionBudgets that select it. */
  readonly budgets: readonly string[]
  /** What it was told by the rebalancer and has not been taken back. */
  readonly notice: Notice | null
  /** Whoever created it named its tier: it stays there. Who says burst keeps what is reserved free for others of its tenant. */
  readonly isTierNamed: boolean
  /** It is being deleted, and will soon hold nothing: not where its tenant lets it take as long as it likes. */
  readonly isLeaving: boolean
}

export interface Notice {
  /** It is not evicted before. */
  readonly deadlineMs: number
  /** `Need.id` of the need it was given for. */
  readonly need: string
}

/** A pod, or a whole gang, that was refused within the last minutes and whose owner tries again. */
export interface RefusedDemand {
  readonly tenant: string
  readonly tier: Tier | 'auto'
  /** Of one pod. */
  readonly demand: Amounts
  readonly gang: WholeGang | undefined
  /** The bits of its owner (`ownerBits`), by which it draws on a claim. */
  readonly owner: string
  /** What people know it by, such as `Job team-a/train`. */
  readonly name: string
  /** When it was first refused, and last. */
  readonly sinceMs: number
  readonly lastMs: number
}

export interface NodeShape {
  readonly name: string
  readonly amounts: Amounts
}

export interface ReclaimTerms {
  readonly mode: 'Off' | 'DryRun' | 'On'
  /** Between notice and eviction, by the tier of the victim. */
  readonly noticeMs: Readonly<Record<'burst' | 'shared', number>>
  /** A pod that has run for less is left alone. */
  readonly minimumRunMs: number
  /** How long freed capacity is held for whoever it was freed for, from the last deadline of its victims on. */
  readonly claimMs: number
  /**
   * How many pods one tenant may lose for fairness within an hour; null: any number. What is owed to a reservation is not fairness, and
   * is not bounded by it.
   */
  readonly evictionsPerHour: number | null
  /**
   * How much greater a victim's share must be than that of whom it is evicted for, when both have what the plan gives them, in
   * thousandths of the victim's. Without such a margin two tenants of nearly equal shares would take turns.
   */
  readonly marginPerMille: number
  /** Below this utilisation in percent a pod counts as idle; null: utilisation says nothing. */
  readonly idleBelow: number | null
}

/**
 * How long a pod that ends may take. A tenant writes any grace into its pods, and deletes them with any other: a pod of a year's grace that
 * ignores SIGTERM runs on for that year, and would be no victim and its GPUs nobody's need, if all that is being deleted counted as gone.
 *
 * Ten minutes: enough to write the checkpoint of a large model, after a notice in which to do the same; and short enough for an owner to
 * wait for. Longer than most pods ask for, so that hardly any eviction cuts a grace short.
 */
export const MOST_ENDING_SECONDS = 600

/** What a cohort has whose documents, and those of the cohorts above it, say nothing of reclaim. */
export const DEFAULT_TERMS: ReclaimTerms = {
  mode: 'DryRun',
  noticeMs: { burst: 60_000, shared: 300_000 },
  minimumRunMs: 300_000,
  // What ends last frees its room ten minutes after it was evicted; its owner is to have some time as well.
  claimMs: 900_000,
  evictionsPerHour: null,
  marginPerMille: 100,
  idleBelow: null,
}

/** Whether the reclaim of this tier is anybody's business: what is reserved is never taken back. */
export type ReclaimableTier = Exclude<Tier, 'reserved'>
