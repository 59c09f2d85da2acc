/** Every way in which a sound plan is spoiled by one change, so that it has to be rejected. */
import { type Amount, amount } from '../../quantity/amount.ts'
import type { MetNeed, Plan, Step } from '../plan.ts'
import type { Snapshot } from '../snapshot.ts'
import { type Unit, unitsOf } from './units.ts'

export interface Mutation {
  readonly name: string
  readonly plan: Plan
}

export function mutationsOf(snapshot: Snapshot, plan: Plan): readonly Mutation[] {
  return [
    { name: 'made before', plan: { ...plan, asOfMs: plan.asOfMs - 1 } },
    ...plan.steps.flatMap((step, index) =>
      stepMutations(step).map(({ name, steps }) => {
        return { name, plan: { ...plan, steps: plan.steps.toSpliced(index, 1, ...steps) } }
      }),
    ),
    ...plan.met.flatMap((met, index) =>
      metMutations(snapshot, met).map(({ name, met: changed }) => {
        return { name, plan: { ...plan, met: plan.met.toSpliced(index, 1, changed) } }
      }),
    ),
    ...withoutVictims(snapshot, plan),
    ...withMoreVictims(snapshot, plan),
    ...disordered(plan),
  ]
}

interface OfStep {
  readonly name: string
  readonly steps: readonly Step[]
}

function stepMutations(step: Step): readonly OfStep[] {
  const twice = { name: `${step.kind} twice`, steps: [step, step] }
  const wrong = { name: `${step.kind} by another rule`, steps: [{ ...step, rule: otherRule(step) }] }
  switch (step.kind) {
    case 'promote':
      return [twice, wrong, ...saidOtherwise(step), { name: 'promote to burst', steps: [{ ...step, to: 'burst' }] }]
    case 'lapse':
      return [
        twice,
        wrong,
        ...saidOtherwise(step),
        dropped(step),
        { name: 'lapse of another', steps: [{ ...step, gang: 'x' }] },
      ]
    case 'hold':
      return [twice, wrong, dropped(step), ...holdMutations(step)]
    case 'notify': {
      const at = (byMs: number) => [{ ...step, deadlineMs: step.deadlineMs + byMs }]
      const { deadlineMs: _, ...rest } = step
      const evicted = { name: 'evict without notice', steps: [{ ...rest, kind: 'evict' as const }] }
      const shifted = [
        { name: 'notify too short', steps: at(-1) },
        { name: 'notify too long', steps: at(1) },
      ]
      return [twice, wrong, ...saidOtherwise(step), dropped(step), evicted, ...shifted]
    }
    case 'evict': {
      const told = { name: 'notify again', steps: [{ ...step, kind: 'notify' as const, deadlineMs: 0 }] }
      return [twice, wrong, ...saidOtherwise(step), dropped(step), told]
    }
    case 'rescind':
      return [twice, wrong, dropped(step), { name: 'rescind of another', steps: [{ ...step, pods: ['x'] }] }]
  }
}

function otherRule({ rule }: Step): Step['rule'] {
  return rule === 'over-its-limit' ? 'owner-came-back' : 'over-its-limit'
}

function dropped({ kind }: Step): OfStep {
  return { name: `${kind} missing`, steps: [] }
}

type Said = Extract<Step, { readonly amounts: unknown }>

function saidOtherwise(step: Said): readonly OfStep[] {
  return [
    { name: `${step.kind} of more`, steps: [{ ...step, amounts: moreOf(step.amounts) }] },
    { name: `${step.kind} of another tenant`, steps: [{ ...step, tenant: 'x' }] },
    {
      name: `${step.kind} for another need`,
      steps: step.kind === 'promote' ? [{ ...step, pods: ['x'] }] : [{ ...step, need: 'x' }],
    },
  ]
}

function holdMutations(step: Extract<Step, { kind: 'hold' }>): readonly OfStep[] {
  const { claim } = step
  const others = [
    { name: 'hold of more', claim: { ...claim, amounts: moreOf(claim.amounts) } },
    { name: 'hold of nothing', claim: { ...claim, amounts: new Map() } },
    { name: 'hold too short', claim: { ...claim, untilMs: claim.untilMs - 1 } },
    { name: 'hold for another', claim: { ...claim, heldFor: { kind: 'owner' as const, owner: 'x' } } },
    { name: 'hold of another tenant', claim: { ...claim, tenant: 'x' } },
  ]
  return others.map(({ name, claim: other }) => ({ name, steps: [{ ...step, claim: other }] }))
}

function moreOf(amounts: ReadonlyMap<string, Amount>): ReadonlyMap<string, Amount> {
  return new Map([...amounts, ['x', amount(1)]])
}

interface OfMet {
  readonly name: string
  readonly met: MetNeed
}

function metMutations(snapshot: Snapshot, met: MetNeed): readonly OfMet[] {
  const { need, victims } = met
  if (victims.length === 0) return []
  const units = unitsOf(snapshot)
  const inGang = victims.filter(victim => (units.named(victim)?.pods.length ?? 0) > 1)
  const twice = [...victims, ...victims.slice(0, 1)]
  return [
    { name: 'applied and shown', met: { ...met, isApplied: !met.isApplied } },
    { name: 'victim twice', met: { ...met, victims: twice } },
    { name: 'victim unknown', met: { ...met, victims: [...victims, 'x'] } },
    ...inGang.map(uid => ({ name: 'gang split', met: { ...met, victims: victims.filter(victim => victim !== uid) } })),
    ...(need.kind === 'excess'
      ? [{ name: 'brought down too far', met: { ...met, need: { ...need, atMost: amount(-1_000_000) } } }]
      : []),
    ...(need.kind === 'claim' ? [{ name: 'another claim', met: { ...met, need: { ...need, key: 'x' } } }] : []),
  ]
}

/** Whoever gives back is needed, so without any one of them, and its step, something is unmet. */
function withoutVictims(snapshot: Snapshot, plan: Plan): readonly Mutation[] {
  const victims = victimsOf(snapshot, plan)
  const gangs = new Set(victims.flatMap(({ kind, gang, tier }) => (kind === 'pods' ? [`${gang} ${tier}`] : [])))
  // The room of a gang that is to leave may go with it, or stay until nobody comes.
  const needed = victims.filter(({ kind, gang, tier }) => kind === 'pods' || !gangs.has(`${gang} ${tier}`))
  return needed.map(unit => {
    const names = new Set(namesOf(unit))
    const met = plan.met.map(one => ({ ...one, victims: one.victims.filter(victim => !names.has(victim)) }))
    return { name: 'victim missing', plan: { ...plan, met, steps: plan.steps.filter(step => !isAbout(step, names)) } }
  })
}

/** The needs are met already, so whoever is added is not needed, or must not be taken at all. */
function withMoreVictims(snapshot: Snapshot, plan: Plan): readonly Mutation[] {
  const named = new Set(plan.met.flatMap(({ victims }) => victims))
  const promoted = new Set(plan.steps.flatMap(step => (step.kind === 'promote' ? step.pods : [])))
  const units = unitsOf(snapshot)
  const others = snapshot.pods.flatMap(({ uid }) => units.named(uid) ?? [])
  const spare = [...new Set(others)].filter(unit =>
    namesOf(unit).every(name => !named.has(name) && !promoted.has(name)),
  )
  return spare.flatMap(unit =>
    plan.met.slice(0, 1).map(first => {
      const met = plan.met.with(0, { ...first, victims: [...first.victims, ...namesOf(unit)] })
      return {
        name: 'victim too many',
        plan: { ...plan, met, steps: [...plan.steps, ...noticeFor(snapshot, first, unit)] },
      }
    }),
  )
}

function noticeFor({ nowMs }: Snapshot, { need, isApplied }: MetNeed, unit: Unit): readonly Step[] {
  const { tenant, pods, tier } = unit
  if (!isApplied || tier === 'reserved') return []
  const amounts = new Map([...unit.amounts].map(([key, value]) => [key, amount(value)]))
  const rule =
    need.kind === 'entitled' ? 'owner-came-back' : need.kind === 'excess' ? 'over-its-limit' : 'above-fair-share'
  const deadlineMs = nowMs + (tier === 'burst' ? 60_000 : 300_000)
  return [{ kind: 'notify', rule, need: need.id, tenant, tier, pods: pods.map(({ uid }) => uid), deadlineMs, amounts }]
}

function victimsOf(snapshot: Snapshot, plan: Plan): readonly Unit[] {
  const units = unitsOf(snapshot)
  const holds = new Map<string, Unit>()
  for (const victim of plan.met.flatMap(({ victims }) => victims)) {
    const unit = units.named(victim)
    if (unit !== undefined) holds.set(unit.key, unit)
  }
  return [...holds.values()]
}

function namesOf({ kind, gang, pods }: Unit): readonly string[] {
  return kind === 'hold' && gang !== null ? [gang] : pods.map(({ uid }) => uid)
}

function isAbout(step: Step, names: ReadonlySet<string>): boolean {
  switch (step.kind) {
    case 'lapse':
      return names.has(step.gang)
    case 'notify':
    case 'evict':
      return step.pods.some(uid => names.has(uid))
    case 'promote':
    case 'hold':
    case 'rescind':
      return false
  }
}

/** Turned round, the first of two that stand in different turns comes too late. */
function disordered(plan: Plan): readonly Mutation[] {
  const turns = plan.steps
    .filter(({ kind }) => kind !== 'rescind')
    .map(({ kind }) => (kind === 'promote' ? 0 : kind === 'lapse' || kind === 'hold' ? 1 : 2))
  return new Set(turns).size < 2 ? [] : [{ name: 'out of order', plan: { ...plan, steps: plan.steps.toReversed() } }]
}
