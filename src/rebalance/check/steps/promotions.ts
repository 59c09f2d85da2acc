/** A promotion moves pods of one tenant to a better tier of its own, where there is room for them at once. */
import type { Issue } from '../../../schema/parsed.ts'
import { TIERS } from '../../../schema/parts.ts'
import type { Promote } from '../../plan.ts'
import { shortfalls } from '../counting/room.ts'
import { areSame, classesOf, sumsText } from '../counting/sums.ts'
import { promoteIn, type Scene } from '../course.ts'
import { termsOf } from '../givers/terms.ts'
import type { Unit } from '../units.ts'

export function promotionIssues(scene: Scene): readonly Issue[] {
  const promotions = scene.plan.steps.flatMap((step, index) => (step.kind === 'promote' ? [{ step, index }] : []))
  if (promotions.length === 0) return []
  // The ledger enters such a claim as long as others still hold what the plan takes from them.
  const after = scene.held.copy()
  promoteIn(after, scene.snapshot, scene.plan, scene.units)
  const victims = new Set(scene.plan.met.flatMap(met => met.victims))
  const seen = new Set<string>()
  return promotions.flatMap(({ step, index }) => {
    const tenant = scene.snapshot.book.quota.tenants.get(step.tenant)
    const room = tenant === undefined ? [] : shortfalls(after, tenant, step.to, classesOf(step.amounts))
    const again = step.pods.filter(uid => seen.size === seen.add(uid).size).map(uid => `${uid} is promoted twice`)
    const problems = [...faultsOf(scene, victims, step), ...again, ...room]
    return problems.map(problem => ({ at: `step ${index + 1} (promote)`, problem }))
  })
}

function faultsOf(scene: Scene, victims: ReadonlySet<string>, step: Promote): readonly string[] {
  const unit = scene.units.named(step.pods[0] ?? '')
  if (unit === undefined || unit.kind === 'hold') return [`${step.pods[0] ?? 'nobody'} is no pod that stays`]
  return [
    ...whom(step, unit),
    ...(TIERS.indexOf(step.to) < TIERS.indexOf(step.from) ? [] : [`${step.to} is not better than ${step.from}`]),
    ...(areSame(step.amounts, unit.amounts)
      ? []
      : [`it says ${sumsText(step.amounts)}, and they hold ${sumsText(unit.amounts)}`]),
    ...(step.rule === 'own-reserved-is-free' ? [] : [`its rule is ${step.rule}`]),
    ...(termsOf(scene.snapshot, unit.tenant).mode === 'On' ? [] : [`reclaim is not On for ${unit.tenant}`]),
    ...(scene.units.named(unit.gang ?? '')?.kind === 'hold' ? ['its gang still holds room where it stands'] : []),
    ...unit.pods.filter(({ isTierNamed }) => isTierNamed).map(({ uid }) => `the creator of ${uid} named its tier`),
    ...step.pods.filter(uid => victims.has(uid)).map(uid => `${uid} is to give back in the same plan`),
  ]
}

function whom({ pods, tenant, from }: Promote, unit: Unit): readonly string[] {
  const uids = new Set(unit.pods.map(({ uid }) => uid))
  const isWhole = pods.length === uids.size && pods.every(uid => uids.has(uid))
  return [
    ...(isWhole ? [] : [`${pods.join(', ')} are not one pod, and not all of a gang`]),
    ...(unit.tenant === tenant ? [] : [`they are of ${unit.tenant}, not of ${tenant}`]),
    ...(unit.tier === from ? [] : [`they are ${unit.tier}, not ${from}`]),
  ]
}
