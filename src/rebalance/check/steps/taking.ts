/** The steps by which something is taken back: each victim has the one that its notice asks for, and nobody else has any. */
import type { Issue } from '../../../schema/parsed.ts'
import type { Need } from '../../need.ts'
import type { Evict, Lapse, Notify } from '../../plan.ts'
import type { Snapshot } from '../../snapshot.ts'
import type { Rest } from '../begun.ts'
import type { Scene, Served } from '../course.ts'
import { termsOf } from '../givers/terms.ts'
import type { Unit } from '../units.ts'
import { isAbout } from './ending.ts'
import { type Placed, placed, RULE_OF, ruleIssues, wordingIssues } from './step-words.ts'

type Taking = Lapse | Notify | Evict

export function takingIssues(scene: Scene, rests: readonly Rest[]): readonly Issue[] {
  const takings = placed(scene.plan.steps).flatMap(({ step, at }) => {
    if (rests.some(rest => isAbout(rest, step))) return []
    return step.kind === 'lapse' || step.kind === 'notify' || step.kind === 'evict' ? [{ step, at }] : []
  })
  const wanted = scene.served.filter(({ met }) => met.isApplied)
  const needOf = new Map(wanted.flatMap(served => served.units.map(({ key }) => [key, served.met.need] as const)))
  const byVictim = Map.groupBy(takings, ({ step }) => scene.units.named(firstOf(step))?.key)
  return [
    ...takings.flatMap(taking => faultsOf(scene, needOf, taking).map(problem => ({ at: taking.at, problem }))),
    ...wanted.flatMap(served =>
      served.units.flatMap(unit => unsaid(scene, served, unit, byVictim.get(unit.key) ?? [])),
    ),
  ]
}

function firstOf(step: Taking): string {
  return step.kind === 'lapse' ? step.gang : (step.pods[0] ?? '')
}

function faultsOf(scene: Scene, needOf: ReadonlyMap<string, Need>, { step }: Placed<Taking>): readonly string[] {
  const unit = scene.units.named(firstOf(step))
  const need = needOf.get(unit?.key ?? '')
  if (unit === undefined || need?.id !== step.need) {
    return [`${firstOf(step) || 'nobody'} gives back for no need ${step.need} that is met and applied`]
  }
  return [
    ...others(step, unit),
    ...wordingIssues(step, unit),
    ...ruleIssues(step.rule, RULE_OF[need.kind]),
    ...untimely(scene.snapshot, step, unit),
  ]
}

/** Who is told, or evicted, is the whole unit: a gang of which some run on is of no use to anybody. */
function others(step: Taking, unit: Unit): readonly string[] {
  if (step.kind === 'lapse') return unit.kind === 'hold' ? [] : [`${step.gang} holds no room`]
  const uids = new Set(unit.pods.map(({ uid }) => uid))
  const isWhole = unit.kind === 'pods' && step.pods.length === uids.size && new Set(step.pods).isSubsetOf(uids)
  return isWhole && new Set(step.pods).size === uids.size ? [] : [`its pods are not all of ${unit.key}, and only those`]
}

function untimely(snapshot: Snapshot, step: Taking, unit: Unit): readonly string[] {
  switch (step.kind) {
    case 'lapse':
      return []
    case 'notify': {
      const due = deadlineOf(snapshot, unit)
      return step.deadlineMs === due
        ? []
        : [`its deadline is ${step.deadlineMs}, and by the terms of its cohort ${due}`]
    }
    case 'evict':
      return stageOf(snapshot, unit) === 'evict'
        ? []
        : ['the notice of some of its pods has not been given, or not passed']
  }
}

/** When a victim may be gone at the earliest. */
export function deadlineOf(snapshot: Snapshot, unit: Unit): number {
  switch (stageOf(snapshot, unit)) {
    case 'lapse':
    case 'evict':
      return snapshot.nowMs
    case 'notify': {
      const { noticeMs } = termsOf(snapshot, unit.tenant)
      return snapshot.nowMs + noticeMs[unit.tier === 'shared' ? 'shared' : 'burst']
    }
    case null:
      return Math.max(...unit.pods.map(({ notice }) => notice?.deadlineMs ?? snapshot.nowMs))
  }
}

/** What comes next for a victim: nothing where it waits for its deadline. */
function stageOf({ nowMs }: Snapshot, { kind, pods }: Unit): Taking['kind'] | null {
  if (kind === 'hold') return 'lapse'
  if (pods.some(({ notice }) => notice === null)) return 'notify'
  return pods.every(({ notice }) => notice !== null && notice.deadlineMs <= nowMs) ? 'evict' : null
}

function unsaid(scene: Scene, { met }: Served, unit: Unit, steps: readonly Placed<Taking>[]): readonly Issue[] {
  const at = `need ${met.need.id}, ${unit.key}`
  const stage = stageOf(scene.snapshot, unit)
  const surplus = steps.filter(({ step }, index) => step.kind !== stage || index > 0)
  return [
    ...(stage !== null && !steps.some(({ step }) => step.kind === stage)
      ? [{ at, problem: `it has no step: ${stage}` }]
      : []),
    ...surplus.map(step => ({ at: step.at, problem: `for ${unit.key} it is time to ${stage ?? 'wait'}, once` })),
  ]
}
