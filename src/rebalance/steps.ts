/** From who gives back for whom to what is done now: who has not been told is told, and whose time is up is evicted. */
import type { Met } from './course.ts'
import type { Need } from './need.ts'
import type { Evict, Hold, Lapse, Notify, Rescind, Rule, Step } from './plan.ts'
import type { Snapshot } from './snapshot.ts'
import type { Survey } from './survey.ts'
import { isHold, type Unit } from './units.ts'

/**
 * What is done for all needs that are met, and not only shown. What gangs hold and what is claimed comes before anybody is told: what is
 * freed before it is held goes to whoever asks first. Then what was begun before is ended.
 */
export function stepsFor(survey: Survey, met: readonly Met[], begun: readonly Evict[]): readonly Step[] {
  const steps = met
    .filter(({ isApplied }) => isApplied)
    .flatMap(one => [...holdsFor(survey, one), ...takings(survey, one)])
  const isFirst = ({ kind }: Step) => kind === 'lapse' || kind === 'hold'
  return [...steps.filter(isFirst), ...begun, ...steps.filter(step => !isFirst(step))]
}

function takings(survey: Survey, { task, units }: Met): readonly Step[] {
  return units.map(unit => stepFor(survey, task.need, unit)).filter(step => step !== null)
}

/** A claim lasts for a while from the moment on when the last of those who make room for it may be evicted. */
function holdsFor(survey: Survey, { task: { need, claimant }, units, claim }: Met): readonly Hold[] {
  if (claim === null || claimant === null) return []
  const { nowMs } = survey.snapshot
  const lastMs = Math.max(nowMs, ...units.filter(unit => !isHold(unit)).map(unit => deadlineOf(survey, unit)))
  const untilMs = lastMs + survey.termsAt(claimant.leaf).claimMs
  return [{ kind: 'hold', rule: ruleFor(need), need: need.id, claim: { ...claim, untilMs } }]
}

function stepFor(survey: Survey, need: Need, unit: Unit): Lapse | Notify | Evict | null {
  const { tenant, tier, amounts, gang } = unit
  const common = { rule: ruleFor(need), need: need.id, tenant, tier, amounts }
  if (isHold(unit)) return gang === null ? null : { kind: 'lapse', ...common, gang }
  const pods = unit.pods.map(({ uid }) => uid)
  const deadlineMs = deadlineOf(survey, unit)
  if (unit.pods.some(({ notice }) => notice === null)) return { kind: 'notify', ...common, pods, deadlineMs }
  return deadlineMs <= survey.snapshot.nowMs ? { kind: 'evict', ...common, pods } : null
}

/** When it may be evicted: when all of it was told, or, where some of it was not, a notice from now on. */
function deadlineOf(survey: Survey, { pods, tier, leaf }: Unit): number {
  const told = pods.flatMap(({ notice }) => (notice === null ? [] : [notice.deadlineMs]))
  return told.length === pods.length ? Math.max(...told) : survey.snapshot.nowMs + survey.termsAt(leaf).noticeMs[tier]
}

/** Notices that are taken back: of pods that are in nobody's way any more. */
export function rescinds({ pods }: Snapshot, victims: ReadonlySet<string>): readonly Rescind[] {
  const spared = pods.filter(({ uid, notice, isLeaving }) => notice !== null && !isLeaving && !victims.has(uid))
  const groups = Map.groupBy(spared, ({ gang, uid, notice }) => `${gang ?? uid} ${notice?.need}`)
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group
      if (first?.notice == null) return []
      const uids = group.map(({ uid }) => uid).toSorted()
      return [{ kind: 'rescind', rule: 'no-longer-needed', need: first.notice.need, tenant: first.tenant, pods: uids }]
    })
}

/** Why somebody has to give back for a need. */
export function ruleFor({ kind }: Need): Rule {
  switch (kind) {
    case 'entitled':
      return 'owner-came-back'
    case 'excess':
      return 'over-its-limit'
    case 'claim':
    case 'refused':
      return 'above-fair-share'
  }
}

/** How victims are named: pods by their UIDs, and what gangs hold by the keys of the gangs. */
export function namesOf(unit: Unit): readonly string[] {
  if (isHold(unit)) return unit.gang === null ? [] : [unit.gang]
  return unit.pods.map(({ uid }) => uid)
}
