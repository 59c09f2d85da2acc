/** Tells what came of cycles: numbers to whoever measures, a line for each step, and a rejected plan with all that it was made from. */
import type { Clock, Log } from '../../admission/endpoint.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Obstacle, Rule, Step } from '../../rebalance/plan.ts'
import type { ReclaimableTier } from '../../rebalance/snapshot.ts'
import { formatIssue } from '../../schema/parsed.ts'
import { actedOn } from './acted-on.ts'
import type { CarriedOut, CycleReport, Taken } from './cycle.ts'
import type { Tell } from './events.ts'
import type { Outcome } from './hands.ts'
import { needAges } from './need-ages.ts'
import { replayLines } from './replay.ts'
import { shownPlans } from './shown-plans.ts'

/** Who measures the rebalancer. */
export interface RebalancingObserver {
  planned(tree: string, result: 'carried-out' | 'shown' | 'abandoned' | 'rejected' | 'unclear'): void
  /** The needs of a tree by kind, those that nothing can be done for by why not, and how long the oldest of each kind has been open. */
  needs(tree: string, open: Open): void
  taken(kind: Step['kind'], outcome: Outcome['kind']): void
  evicted(tier: ReclaimableTier, rule: Rule, pods: number): void
  /** Pods that would have to go by plans that are only shown, each once for each need. */
  wouldEvict(tree: string, tier: ReclaimableTier, rule: Rule, pods: number): void
  met(kind: Need['kind'], afterMs: number): void
  claims(tree: string, held: number): void
  /** Nothing is found of a tree any more: what was last found ends. */
  over(tree: string): void
}

export interface Open {
  readonly byKind: ReadonlyMap<Need['kind'], number>
  readonly unmet: ReadonlyMap<Obstacle, number>
  readonly oldestMs: ReadonlyMap<Need['kind'], number>
}

export interface TellingDeps {
  readonly observer: RebalancingObserver
  readonly log: Log
  readonly tell: Tell
  /** The UID of a cohort's document. */
  readonly uidOf: (cohort: string) => string | undefined
  readonly clock: Clock
}

/** A plan is made every few seconds, and a wrong one may be wrong each time in other words. */
const AGAIN_MS = 600_000

type Rejected = Extract<CycleReport, { readonly kind: 'rejected' }>

export interface ReportTeller {
  told(report: CycleReport): void
  /** No more plans are made for a tree: it was switched off, or is gone. */
  over(tree: string): void
}

export function reportTeller(deps: TellingDeps): ReportTeller {
  const { observer, log } = deps
  const ages = needAges(deps.clock)
  const shown = shownPlans(deps)
  const rejectedAtMs = new Map<string, number>()
  const unclear = onceInARow()

  function carriedOut(report: CarriedOut): void {
    const { tree, plan, snapshot, taken, abandoned } = report
    observer.planned(tree, resultOf(report))
    observer.claims(tree, snapshot.book.ledger.claims.size)
    for (const { kind, afterMs } of ages.planned(tree, plan, actedOn(snapshot))) observer.met(kind, afterMs)
    observer.needs(tree, { ...openIn(report), oldestMs: ages.oldestMs(tree) })
    for (const one of taken) tellStep(tree, one, deps)
    if (abandoned !== null) log.event('a plan was given up', { tree, reason: abandoned })
    shown.planned(report)
  }

  function told(report: CycleReport): void {
    switch (report.kind) {
      case 'unclear':
        observer.planned(report.tree, 'unclear')
        unclear(report.tree, report.why, reason => log.event('no plan is made', { tree: report.tree, reason }))
        return
      case 'rejected':
        observer.planned(report.tree, 'rejected')
        if (deps.clock.now() - (rejectedAtMs.get(report.tree) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return
        rejectedAtMs.set(report.tree, deps.clock.now())
        tellRejected(report, deps)
        return
      case 'carried-out':
        carriedOut(report)
        unclear(report.tree, '', () => {})
    }
  }

  return {
    told,
    over(tree) {
      observer.over(tree)
      ages.over(tree)
      shown.over(tree)
      unclear(tree, '', () => {})
    },
  }
}

/** What is said again cycle after cycle is told once, until something else is said. Nothing is an empty text. */
function onceInARow(): (tree: string, text: string, tell: (text: string) => void) => void {
  const last = new Map<string, string>()
  return (tree, text, tell) => {
    if (text !== '' && last.get(tree) !== text) tell(text)
    last.set(tree, text)
  }
}

function resultOf({ plan, abandoned }: CarriedOut): 'carried-out' | 'shown' | 'abandoned' {
  if (abandoned !== null) return 'abandoned'
  return plan.steps.length === 0 && plan.met.some(({ isApplied }) => !isApplied) ? 'shown' : 'carried-out'
}

function openIn({ plan }: CarriedOut): Omit<Open, 'oldestMs'> {
  const needs = [...plan.met, ...plan.unmet].map(({ need }) => need.kind)
  return { byKind: counted(needs), unmet: counted(plan.unmet.map(({ because }) => because)) }
}

function counted<T>(values: readonly T[]): ReadonlyMap<T, number> {
  return new Map([...Map.groupBy(values, value => value)].map(([value, all]) => [value, all.length]))
}

function tellStep(tree: string, { step, outcome }: Taken, { observer, log }: TellingDeps): void {
  observer.taken(step.kind, outcome.kind)
  if (step.kind === 'evict' && outcome.kind === 'done') observer.evicted(step.tier, step.rule, step.pods.length)
  const context = { tree, tenant: step.kind === 'hold' ? step.claim.tenant : step.tenant }
  const count = 'pods' in step ? { count: step.pods.length } : {}
  const why = 'why' in outcome ? `, ${outcome.why}` : ''
  const told = `rebalancing: ${step.kind} ${outcome.kind}`
  if (outcome.kind === 'failed') log.problem(told, outcome.cause, { ...context, ...count, reason: step.rule })
  else log.event(told, { ...context, ...count, reason: `${step.rule}${why}` })
}

function tellRejected(report: Rejected, deps: TellingDeps): void {
  const { tree, snapshot, issues } = report
  const reason = issues.map(formatIssue).join('; ')
  const object = planName(report)
  deps.log.problem('a plan was rejected: nothing of it was carried out', undefined, { tree, reason, object })
  void tellInput(report, deps)
  const uid = deps.uidOf(tree)
  if (uid === undefined) return
  void deps.tell({
    regarding: { apiVersion: 'sluice.dev/v1alpha1', kind: 'Cohort', namespace: '', name: tree, uid },
    type: 'Warning',
    reason: 'PlanRejected',
    action: 'Check',
    occasion: `${snapshot.nowMs}`,
    note: `Nothing is reclaimed: the plan is wrong (${reason}). The log of the leader has what it was made from; please report it.`,
  })
}

/** Lines that name the plan they are of, and which of how many they are: others come between them. */
async function tellInput(report: Rejected, { log }: TellingDeps): Promise<void> {
  const { tree, snapshot, plan, issues } = report
  const context = { tree, object: planName(report) }
  try {
    const lines = await replayLines(snapshot, plan, issues)
    for (const [index, input] of lines.entries()) {
      const part = `${index + 1}/${lines.length}`
      log.problem('what a rejected plan was made from', undefined, { ...context, part, input })
    }
  } catch (cause) {
    log.problem('what a rejected plan was made from cannot be told', cause, context)
  }
}

function planName({ tree, snapshot }: Rejected): string {
  return `Plan ${tree} ${new Date(snapshot.nowMs).toISOString()}`
}
