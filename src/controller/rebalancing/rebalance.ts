/**
 * The loop of the leader: a cycle for each tree after each count of its pods. What came of it is told to whoever measures, to the log, and,
 * of a plan that was rejected, to the people of the cohort.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Log } from '../../admission/endpoint.ts'
import type { Book } from '../../quota/book.ts'
import { oversubscriptionsOf } from '../../quota/standing.ts'
import type { Timer } from '../../quota/waiter.ts'
import { openRounds } from '../rounds.ts'
import { type CycleDeps, type CycleReport, runCycle } from './cycle.ts'
import { setbacks } from './setbacks.ts'

export interface RebalancingDeps extends Omit<CycleDeps, 'isOver' | 'setbacks'> {
  readonly trees: () => Iterable<string>
  /** Whether all cohorts of a tree want no plans, and nothing of former ones is left. */
  readonly isOff: (tree: string) => boolean
  /** Whether anybody of a tree was refused within the last minutes. */
  readonly isAsked: (tree: string) => boolean
  /** Called before each round. Nobody waits for what it begins: what is owed must not depend on it. */
  readonly prepare: () => void
  /** The pods are to be counted sooner: somebody has a need. */
  readonly hasten: () => void
  readonly told: (report: CycleReport) => void
  /** No more plans are made for a tree: what was told of it last does not hold any more. */
  readonly over: (tree: string) => void
  readonly timer: Timer
  readonly log: Log
}

export interface Rebalancing {
  /** The pods of all trees have been counted. */
  counted(): void
  stop(): void
}

/** Every count is followed by a round; this is for when none comes. */
const USUAL_MS = 30_000
const LOOK_MS = 1_000

/** Plans for as long as this replica leads. */
export function startRebalancing(deps: RebalancingDeps): Rebalancing {
  const { clock, timer, log, told } = deps
  let isStopped = false
  const quiet = new Map<string, Book>()
  const cycle: CycleDeps = { ...deps, setbacks: setbacks(clock), isOver: () => isStopped }
  const problem = 'nothing could be rebalanced'
  const rounds = openRounds(round, { clock, timer, log, usualMs: USUAL_MS, hastyMs: 0, problem })
  const looks = needWatch(deps)
  const endings = endingsOf({
    ...deps,
    over(tree) {
      quiet.delete(tree)
      deps.over(tree)
    },
  })

  async function round(): Promise<void> {
    endings.look()
    deps.prepare()
    for (const tree of deps.trees()) {
      // Looking at a thousand trees takes a while too, also where each of them is still.
      await nextTurn()
      if (isStopped) return
      if (!deps.isOff(tree) && !isStill(tree)) await attempt(tree)
    }
  }

  /** Where nothing was to be done and nothing has happened since, nothing is to be done. */
  function isStill(tree: string): boolean {
    const book = deps.book(tree)
    return book !== undefined && quiet.get(tree) === book && !deps.isAsked(tree)
  }

  async function attempt(tree: string): Promise<void> {
    quiet.delete(tree)
    try {
      const report = await runCycle(tree, cycle)
      if (isQuiet(report)) quiet.set(tree, report.snapshot.book)
      endings.begun(tree)
      told(report)
    } catch (cause) {
      log.problem('a plan could not be made', cause, { tree })
    }
  }

  return {
    counted: () => rounds.hasten(),
    stop() {
      isStopped = true
      rounds.stop()
      looks.stop()
    },
  }
}

/** Nobody needs anything: time alone brings no need about. */
function isQuiet(report: CycleReport): report is Extract<CycleReport, { kind: 'carried-out' }> {
  if (report.kind !== 'carried-out') return false
  const { steps, met, unmet } = report.plan
  return [steps, met, unmet].every(({ length }) => length === 0)
}

/** What was told of a tree stands until something else is told of it. Of one that was switched off, or is gone, nothing will be: it is ended, once. */
function endingsOf({ trees, isOff, over }: RebalancingDeps) {
  const begun = new Set<string>()
  return {
    begun: (tree: string) => void begun.add(tree),
    look(): void {
      const there = new Set(trees())
      for (const tree of begun) {
        if (there.has(tree) && !isOff(tree)) continue
        begun.delete(tree)
        over(tree)
      }
    },
  }
}

/** Looks once a second for trees in which more is used than there is, and has the pods counted at once where that is new. */
function needWatch({ trees, book, hasten, clock, timer, log }: RebalancingDeps) {
  const looked = new Map<string, { readonly book: Book; readonly isOver: boolean }>()

  async function look(): Promise<void> {
    for (const tree of trees()) {
      const now = book(tree)
      const former = looked.get(tree)
      if (now === undefined || now === former?.book) continue
      const isOver = oversubscriptionsOf(now).some(({ reclaimable }) => reclaimable > 0n)
      looked.set(tree, { book: now, isOver })
      if (isOver && former?.isOver !== true) hasten()
    }
  }

  return openRounds(look, { clock, timer, log, usualMs: LOOK_MS, problem: 'needs could not be looked for' })
}
