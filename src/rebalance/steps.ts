/** From who gives back for whom to what is done now: who has not been told is told, and whose time is up is evicted. */
import type { Claim } from '../quota/claim.ts'
import type { Node } from '../quota/tree.ts'
import type { Need } from './need.ts'
import type { Evict, Hold, Lapse, Notify, Rescind, Rule, Step } from './plan.ts'
import type { HeldPod, Snapshot } from './snapshot.ts'
import type { Survey } from './survey.ts'
import type { Success } from './tried.ts'
import { isHold, type Unit } from './units.ts'

/** What is done now to those who give back for a need. */
export function stepsFor(survey: Survey, { need, units }: Success): readonly Step[] {
  return units.map(unit => stepFor(survey, need, unit)).filter(step => step !== null)
}

/**
 * The claim of whoever others make room for. It comes before them: what is freed before it is held goes to whoever asks first. It lasts
 * for a while from the moment on when the last of them may be evicted.
 */
export function holdFor(survey: Survey, { need, units }: Success, claim: Omit<Claim, 'untilMs'>, leaf: Node): Hold {
  const { nowMs } = survey.snapshot
  const lastMs = Math.max(nowMs, ...units.filter(unit => !isHold(unit)).map(unit => deadlineOf(survey, unit)))
  return {
    kind: 'hold',
    rule: ruleFor(need),
    need: need.id,
    claim: { ...claim, untilMs: lastMs + survey.termsAt(leaf).claimMs },
  }
}

function stepFor(survey: Survey, need: Need, unit: Unit): Lapse | Notify | Evict | null {
  const { tenant, tier, amounts, gang } = unit
  const common = { rule: ruleFor(need), need: need.id, tenant, tier, amounts }
  if (isHold(unit)) return gang === null ? null : { kind: 'lapse', ...common, gang }
  const pods = unit.pods.map(({ uid }) => uid)
  const deadlineMs = deadlineOf(survey, unit)
  if (!unit.pods.every(isTold)) return { kind: 'notify', ...common, pods, deadlineMs }
  return deadlineMs <= survey.snapshot.nowMs ? { kind: 'evict', ...common, pods } : null
}

/** When it may be evicted: what it was told, or, where some of it was not told, from now on. */
function deadlineOf(survey: Survey, { pods, tier, leaf }: Unit): number {
  const told = pods.flatMap(({ notice }) => (notice === null ? [] : [notice.deadlineMs]))
  const anew = survey.snapshot.nowMs + survey.termsAt(leaf).noticeMs[tier]
  return Math.max(...told, ...(told.length === pods.length ? [] : [anew]))
}

function isTold({ notice }: HeldPod): boolean {
  return notice !== null
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

function ruleFor({ kind }: Need): Rule {
  switch (kind) {
    case 'entitled':
      return 'owner-came-back'
    case 'excess':
      return 'limit-was-cut'
    case 'claim':
    case 'refused':
      return 'above-fair-share'
  }
}
