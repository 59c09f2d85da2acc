/** What protects pods: a minimum run, PodDisruptionBudgets, and how many evictions for fairness a tenant bears within an hour. */
import type { Issue } from '../../../schema/parsed.ts'
import type { HeldPod, Snapshot } from '../../snapshot.ts'
import type { Scene, Served } from '../course.ts'
import { isFairness } from './claimant.ts'
import { termsOf } from './terms.ts'

/** Over all of these needs together: what each of them may use up, all of them may only use up once. */
export function unprotectedIssues({ snapshot }: Scene, course: readonly Served[]): readonly Issue[] {
  const pods = course.flatMap(podsOf)
  const forFairness = course.filter(isFairness).flatMap(podsOf)
  return [
    ...course.flatMap(served => tooYoung(snapshot, served)),
    ...disrupted(snapshot, pods),
    ...tooOften(snapshot, forFairness),
  ]
}

function podsOf({ units }: Served): readonly HeldPod[] {
  return units.flatMap(({ pods }) => pods)
}

function tooYoung(snapshot: Snapshot, { met, units }: Served): readonly Issue[] {
  return units.flatMap(unit => {
    const { minimumRunMs } = termsOf(snapshot, unit.tenant)
    const young = unit.pods.filter(
      ({ startedAtMs }) => startedAtMs !== null && snapshot.nowMs - startedAtMs < minimumRunMs,
    )
    return young.map(({ uid }) => ({
      at: `need ${met.need.id}, ${unit.key}`,
      problem: `${uid} has run for less than the minimum of ${minimumRunMs} ms`,
    }))
  })
}

function disrupted({ disruptionsAllowed }: Snapshot, pods: readonly HeldPod[]): readonly Issue[] {
  const selected = pods.flatMap(({ budgets }) => [...new Set(budgets)])
  return [...Map.groupBy(selected, budget => budget)].flatMap(([budget, { length }]) => {
    // Of a budget that nobody knows the state of it is not known that it allows anything.
    const allowed = disruptionsAllowed.get(budget) ?? 0
    const problem = `${length} of its pods are to go, and it allows ${allowed} disruptions`
    return length > allowed ? [{ at: `PodDisruptionBudget ${budget}`, problem }] : []
  })
}

function tooOften(snapshot: Snapshot, pods: readonly HeldPod[]): readonly Issue[] {
  return [...Map.groupBy(pods, ({ tenant }) => tenant)].flatMap(([tenant, { length }]) => {
    const { evictionsPerHour } = termsOf(snapshot, tenant)
    const inAll = length + (snapshot.evictedLastHour.get(tenant) ?? 0)
    const problem = `${inAll} of its pods would be evicted for fairness within an hour, of ${evictionsPerHour}`
    return evictionsPerHour !== null && inAll > evictionsPerHour ? [{ at: `tenant ${tenant}`, problem }] : []
  })
}
