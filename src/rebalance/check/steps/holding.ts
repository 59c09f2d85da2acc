/** What is held for those who were refused: the whole of what they asked for, once, from now until some time after the last has left. */
import { claimKey } from '../../../quota/claim.ts'
import { gangKey } from '../../../quota/gang.ts'
import { find } from '../../../quota/persistent-map.ts'
import type { Issue } from '../../../schema/parsed.ts'
import type { RefusedNeed } from '../../need.ts'
import type { Hold } from '../../plan.ts'
import type { RefusedDemand, Snapshot } from '../../snapshot.ts'
import { beyond, type Sums, sumsText } from '../counting/sums.ts'
import { type Scene, type Served, wholeOf } from '../course.ts'
import { termsOf } from '../givers/terms.ts'
import type { Unit } from '../units.ts'
import { placed, RULE_OF, ruleIssues } from './step-words.ts'
import { deadlineOf } from './taking.ts'

export function holdIssues(scene: Scene): readonly Issue[] {
  const holds = placed(scene.plan.steps).flatMap(({ step, at }) => (step.kind === 'hold' ? [{ step, at }] : []))
  const refused = scene.served.flatMap(served => {
    const { need, isApplied } = served.met
    return need.kind === 'refused' && isApplied ? [{ served, need }] : []
  })
  const byNeed = new Map(refused.map(one => [one.need.id, one]))
  const held = new Set(holds.map(({ step }) => step.need))
  const latestMs = lastDeadline(
    scene.snapshot,
    scene.served.flatMap(({ units }) => units),
  )
  const keys = new Set<string>()
  return [
    ...holds.flatMap(({ step, at }) => {
      const one = byNeed.get(step.need)
      const key = claimKey(step.claim.tenant, step.claim.heldFor)
      const again = keys.size === keys.add(key).size ? [`${key} is held twice`] : []
      const problems =
        one === undefined
          ? [`no refused need ${step.need} is met and applied`]
          : [...faultsOf(scene, one.need, step), ...wrongEnd(scene, one.served, step, latestMs)]
      return [...problems, ...again].map(problem => ({ at, problem }))
    }),
    ...refused
      .filter(({ need }) => !held.has(need.id))
      .map(({ need }) => ({ at: `need ${need.id}`, problem: 'nothing is held for it' })),
  ]
}

function faultsOf(scene: Scene, { demand }: RefusedNeed, { claim, rule }: Hold): readonly string[] {
  const { ledger } = scene.snapshot.book
  const isTheirs =
    claim.tenant === demand.tenant && claim.heldFor.kind === 'owner' && claim.heldFor.owner === demand.owner
  const isKnown = find(ledger.claims, claimKey(claim.tenant, claim.heldFor)) !== undefined
  const tiers =
    demand.tier === 'auto'
      ? (scene.snapshot.book.quota.tenants.get(demand.tenant)?.spec.tierOrder ?? [])
      : [demand.tier]
  return [
    ...(isTheirs && demand.owner !== '' ? [] : [`it is not held for ${demand.name} of ${demand.tenant}`]),
    ...(isKnown ? ['the ledger holds something for them already'] : []),
    ...(tiers.includes(claim.tier) ? [] : [`${claim.tier} was not asked for`]),
    ...ruleIssues(rule, RULE_OF.refused),
    ...wrongAmounts(scene.snapshot, demand, claim.amounts),
  ]
}

function wrongAmounts({ book }: Snapshot, demand: RefusedDemand, amounts: Sums): readonly string[] {
  const whole = wholeOf(demand)
  // Of a gang of which some have come, less than all may be missing.
  const least = isBegun(book, demand) ? new Map<string, bigint>() : whole
  const isRight = amounts.size > 0 && beyond(amounts, whole).size === 0 && beyond(least, amounts).size === 0
  return isRight ? [] : [`it holds ${sumsText(amounts)} for a demand of ${sumsText(whole)}`]
}

function isBegun({ ledger }: Snapshot['book'], { tenant, gang }: RefusedDemand): boolean {
  if (gang === undefined) return false
  const key = gangKey(tenant, gang.id)
  return find(ledger.gangs, key) !== undefined || find(ledger.base.complete, key) !== undefined
}

/** Room may come of its own victims alone, or of those of other needs as well, which leave at other times. */
function wrongEnd({ snapshot }: Scene, { units }: Served, { claim }: Hold, latestMs: number): readonly string[] {
  const { claimMs } = termsOf(snapshot, claim.tenant)
  const least = lastDeadline(snapshot, units) + claimMs
  if (claim.untilMs >= least && claim.untilMs <= latestMs + claimMs) return []
  return [`it is held until ${claim.untilMs}, and should be until ${least}: ${claimMs} ms after its victims are gone`]
}

function lastDeadline(snapshot: Snapshot, units: readonly Unit[]): number {
  return units.reduce((last, unit) => Math.max(last, deadlineOf(snapshot, unit)), snapshot.nowMs)
}
