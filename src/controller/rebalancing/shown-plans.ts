/** Plans that are only shown: who would have to go, for whom, and how many that are. */
import type { Log } from '../../admission/endpoint.ts'
import type { Plan, Rule } from '../../rebalance/plan.ts'
import type { ReclaimableTier } from '../../rebalance/snapshot.ts'
import type { CarriedOut } from './cycle.ts'
import { type ShownNeed, shownNeeds } from './shown-needs.ts'

export interface ShownPlans {
  /** What is new since the plan before is told and counted. */
  planned(report: Pick<CarriedOut, 'tree' | 'plan' | 'snapshot'>): void
  /** No more plans are made for a tree. */
  over(tree: string): void
}

export interface ShownDeps {
  readonly observer: { wouldEvict(tree: string, tier: ReclaimableTier, rule: Rule, pods: number): void }
  readonly log: Log
}

/** Nobody reads more at once; what is left comes with the next plan, seconds later. */
const MOST_LINES = 20

export function shownPlans({ observer, log }: ShownDeps): ShownPlans {
  const linesOf = new Map<string, ReadonlyMap<string, string>>()
  const countedOf = new Map<string, ReadonlyMap<string, ReadonlySet<string>>>()

  /** A line for each need of which something else is to be said than last time. */
  function tell(tree: string, needs: readonly ShownNeed[]): void {
    const former = linesOf.get(tree)
    const fresh = needs.filter(({ id, line }) => former?.get(id) !== line)
    const left = new Set(fresh.slice(MOST_LINES))
    for (const { line, pods } of fresh.slice(0, MOST_LINES)) {
      log.event('a plan is only shown', { tree, count: pods.length, reason: line })
    }
    if (left.size > 0) log.event('more is only shown: it is told with the next plans', { tree, count: left.size })
    linesOf.set(tree, new Map(needs.filter(need => !left.has(need)).map(({ id, line }) => [id, line])))
  }

  /** Nobody goes, so each plan has the same pods again: each is counted once for as long as the need is there. */
  function count(tree: string, plan: Plan, needs: readonly ShownNeed[]): void {
    const former = countedOf.get(tree)
    const ids = [...plan.met, ...plan.unmet].map(({ need }) => need.id)
    const counted = new Map(ids.map(id => [id, new Set(former?.get(id))]))
    for (const { id, rule, pods } of needs) {
      const fresh = pods.filter(({ uid }) => counted.get(id)?.has(uid) !== true)
      for (const [tier, all] of Map.groupBy(fresh, pod => pod.tier)) observer.wouldEvict(tree, tier, rule, all.length)
      for (const { uid } of fresh) counted.get(id)?.add(uid)
    }
    countedOf.set(tree, counted)
  }

  return {
    planned({ tree, plan, snapshot }) {
      const needs = shownNeeds(plan, snapshot)
      tell(tree, needs)
      count(tree, plan, needs)
    },
    over(tree) {
      linesOf.delete(tree)
      countedOf.delete(tree)
    },
  }
}
