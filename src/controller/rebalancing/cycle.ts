/**
 * One cycle of the rebalancer for one cohort tree: what there is → a plan → the plan is checked → its steps, one after the other.
 *
 * Nothing is remembered from one cycle to the next but where steps failed, for their order. What has been begun stands where the next one
 * reads it: claims in the ledger, notices on pods. So whoever is killed between two steps has done those before, and the cycle of the next
 * leader goes on from there.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../admission/endpoint.ts'
import type { Book } from '../../quota/book.ts'
import type { Plan, Step } from '../../rebalance/plan.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'
import type { Issue } from '../../schema/parsed.ts'
import type { Hands, Outcome } from './hands.ts'
import { hasMoved } from './moved.ts'
import type { Setbacks } from './setbacks.ts'

export interface CycleDeps {
  readonly see: (tree: string) => Promise<Sight>
  readonly planOf: (snapshot: Snapshot) => Plan
  /** By the checker, which shares nothing with the planner. */
  readonly planIssues: (snapshot: Snapshot, plan: Plan) => readonly Issue[]
  readonly hands: Hands
  readonly setbacks: Setbacks
  /** The newest version of the tree's book that is known without asking. */
  readonly book: (tree: string) => Book | undefined
  readonly clock: Clock
  /** Somebody else may lead by now. */
  readonly isOver: () => boolean
}

/** What there is of a tree at this moment, or why nobody can say: a plan made from what is out of date would take too much. */
export type Sight =
  | { readonly kind: 'seen'; readonly snapshot: Snapshot }
  | { readonly kind: 'unclear'; readonly why: string }

/** What came of a cycle. */
export type CycleReport =
  | { readonly kind: 'unclear'; readonly tree: string; readonly why: string }
  /** The checker found the plan to be wrong: a bug of the planner or of the checker. Nothing was carried out. */
  | {
      readonly kind: 'rejected'
      readonly tree: string
      readonly snapshot: Snapshot
      readonly plan: Plan
      readonly issues: readonly Issue[]
    }
  | CarriedOut

export interface CarriedOut {
  readonly kind: 'carried-out'
  readonly tree: string
  readonly snapshot: Snapshot
  readonly plan: Plan
  /** The steps that were taken, in the order in which they were. */
  readonly taken: readonly Taken[]
  /** Why those after them were not; null: all were taken. */
  readonly abandoned: Abandonment | null
}

export interface Taken {
  readonly step: Step
  readonly outcome: Outcome
}

/**
 * - `over`: this replica does not lead any more.
 * - `moved`: what is held is less than what the plan was made from, or limits are others, so less may have to be taken.
 * - `late`: the steps took longer than what a plan is good for.
 */
type Abandonment = 'over' | 'moved' | 'late'

/** Pods come and go in the meantime; the next plan goes on with what this one leaves. */
const GOOD_FOR_MS = 30_000

/** Rejects with what the snapshot, the planner or the checker throws. */
export async function runCycle(tree: string, deps: CycleDeps): Promise<CycleReport> {
  const sight = await deps.see(tree)
  if (sight.kind === 'unclear') return { ...sight, tree }

  // Each takes tenths of a second for a hundred thousand pods, and reviews wait meanwhile: for one of them, not for all together.
  const { snapshot } = sight
  await nextTurn()
  const plan = deps.planOf(snapshot)
  await nextTurn()
  const issues = deps.planIssues(snapshot, plan)
  if (issues.length > 0) return { kind: 'rejected', tree, snapshot, plan, issues }

  return { kind: 'carried-out', tree, snapshot, plan, ...(await carryOut(plan, tree, snapshot, deps)) }
}

async function carryOut(
  { steps, met }: Plan,
  tree: string,
  snapshot: Snapshot,
  deps: CycleDeps,
): Promise<Pick<CarriedOut, 'taken' | 'abandoned'>> {
  const taken: Taken[] = []
  const needs = new Map(met.map(({ need }) => [need.id, need]))
  const startedMs = deps.clock.now()
  let reference = snapshot.book
  const setbacks = deps.setbacks.among(steps, snapshot)
  let left = [...setbacks.inOrder(steps)]
  for (let step = left.shift(); step !== undefined; step = left.shift()) {
    const abandoned = abandonment(step, startedMs, reference, deps.book(tree) ?? reference, deps)
    if (abandoned !== null) return { taken, abandoned }
    const need = step.kind === 'promote' ? undefined : needs.get(step.need)
    const outcome = await deps.hands.carryOut(step, need)
    taken.push({ step, outcome })
    if (outcome.kind === 'failed' && setbacks.note(step)) left = [...setbacks.inOrder(left)]
    // What a step itself changes in the ledger is no reason to give up those after it.
    if (isOfTheLedger(step)) reference = deps.book(tree) ?? reference
  }
  return { taken, abandoned: null }
}

function abandonment(
  step: Step,
  startedMs: number,
  reference: Book,
  now: Book,
  { clock, isOver }: CycleDeps,
): Abandonment | null {
  if (isOver()) return 'over'
  if (clock.now() - startedMs >= GOOD_FOR_MS) return 'late'
  // A notice can be taken back and the ledger compares for itself; only an eviction is for good.
  return step.kind === 'evict' && hasMoved(reference, now) ? 'moved' : null
}

function isOfTheLedger({ kind }: Step): boolean {
  return kind === 'promote' || kind === 'lapse' || kind === 'hold'
}
