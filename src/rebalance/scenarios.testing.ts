/** Random snapshots: what was admitted under some quotas, held against the same or others, with all that may protect it. */
import fc from 'fast-check'
import { amount } from '../quantity/amount.ts'
import { type Claim, claimKey } from '../quota/claim.ts'
import { decide } from '../quota/decide.ts'
import { charges } from '../quota/ledger.ts'
import type { TenantSpec } from '../quota/spec.ts'
import { amounts, bookOn, KEYS, type Scenario, STAMP, someScenario } from '../quota/testing.ts'
import { TIERS } from '../schema/parts.ts'
import { gangOf, NOW_MS, node, ON, pod, refusal, type Scene } from './plans.testing.ts'
import type { HeldPod, ReclaimTerms } from './snapshot.ts'

const someAsk = fc
  .dictionary(fc.constantFrom(...KEYS), fc.integer({ min: 1, max: 4 }), {
    noNullPrototype: true,
    minKeys: 1,
    maxKeys: 1,
  })
  .map(asks => asks)

const BUDGETS = ['ns/p', 'ns/q'] as const

const somePod = fc.record({
  tenant: fc.nat(9),
  tier: fc.constantFrom(...TIERS),
  asks: someAsk,
  gang: fc.option(fc.nat(2), { freq: 3, nil: null }),
  node: fc.option(fc.nat(3), { freq: 4, nil: null }),
  priority: fc.nat(2),
  ageMs: fc.integer({ min: 0, max: 3_600_000 }),
  budgets: fc.subarray([...BUDGETS], { maxLength: 1 }),
  isLeaving: fc.nat(9).map(n => n === 0),
  isTierNamed: fc.boolean(),
  utilisation: fc.option(fc.integer({ min: 0, max: 100 })),
})

const someRefusal = fc.record({
  tenant: fc.nat(9),
  tier: fc.constantFrom('auto' as const, 'burst' as const, 'shared' as const),
  asks: someAsk,
  owner: fc.nat(9),
  sinceMs: fc.integer({ min: NOW_MS - 500_000, max: NOW_MS }),
})

const someClaim = fc.record({
  tenant: fc.nat(9),
  tier: fc.constantFrom('burst' as const, 'shared' as const),
  asks: someAsk,
  owner: fc.nat(9),
})

const someTerms: fc.Arbitrary<Partial<ReclaimTerms>> = fc.record({
  mode: fc.constantFrom('On' as const, 'On' as const, 'On' as const, 'DryRun' as const, 'Off' as const),
  minimumRunMs: fc.constantFrom(0, 600_000),
  evictionsPerHour: fc.constantFrom(null, null, 2),
  marginPerMille: fc.constantFrom(0, 100, 500),
  idleBelow: fc.constantFrom(null, 20),
})

const someNodes = fc.option(
  fc.array(fc.record({ a: fc.integer({ min: 0, max: 12 }), b: fc.integer({ min: 0, max: 12 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  { nil: null },
)

/** The quotas in force may be others than those under which the pods were admitted, and tenants may be gone. */
export const someScene: fc.Arbitrary<Scene> = fc
  .record({
    former: someScenario,
    changed: fc.option(someScenario, { freq: 3 }),
    held: fc.array(somePod, { maxLength: 14 }),
    refused: fc.uniqueArray(someRefusal, { maxLength: 4, selector: ({ owner }) => owner }),
    claims: fc.array(someClaim, { maxLength: 2 }),
    nodes: someNodes,
    terms: fc.array(someTerms, { minLength: 3, maxLength: 3 }),
    caps: fc.array(fc.option(fc.integer({ min: 0, max: 12 }), { freq: 2 }), { minLength: 4, maxLength: 4 }),
    weights: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
    missing: fc.array(fc.option(fc.integer({ min: 1, max: 2 }), { freq: 1 }), { minLength: 9, maxLength: 9 }),
    allowed: fc.record({ 'ns/p': fc.nat(3), 'ns/q': fc.nat(3) }),
  })
  .map(({ former, changed, held, refused, claims, nodes, terms, caps, weights, missing, allowed }) => {
    const { cohorts, tenants: plain } = changed ?? former
    const tenants = plain.map((spec, at) => withLimits(spec, caps[at] ?? null, weights[at] ?? 1))
    const nameAt = (at: number) => tenants[at % tenants.length]?.name ?? 't0'
    const pods = admitted(former, held)
    return {
      cohorts,
      tenants,
      pods,
      gangs: gangsOf(pods, missing),
      refused: refused.map(({ tenant, owner, ...rest }) => refusal(`o${owner}`, nameAt(tenant), rest)),
      claims: claimsOf(tenants, claims),
      nodes: nodes === null ? null : nodes.map((has, at) => node(`n${at}`, has)),
      more: {
        disruptionsAllowed: new Map(Object.entries(allowed)),
        terms: new Map(cohorts.slice(0, terms.length).map(({ name }, at) => [name, { ...ON, ...terms[at] }])),
      },
    }
  })

type Draw<T> = T extends fc.Arbitrary<infer V> ? V : never

function admitted(scenario: Scenario, held: readonly Draw<typeof somePod>[]): readonly HeldPod[] {
  const empty = bookOn(scenario.cohorts, scenario.tenants, 'c0')
  const book = held.reduce((at, { tenant, tier, asks }, index) => {
    const { name } = scenario.tenants[tenant % scenario.tenants.length] ?? { name: 't0' }
    return decide(at, { uid: `p${index}`, tenant: name, tier, demand: amounts(asks), namespace: name }, STAMP).book
  }, empty)
  return [...charges(book.ledger)].map(({ uid, tenant, tier, amounts: has }) => {
    const {
      gang,
      node: on,
      ageMs,
      tenant: _tenant,
      tier: _tier,
      asks: _asks,
      ...rest
    } = held[Number(uid.slice(1))] ?? held[0] ?? fail()
    const startedAtMs = on === null ? null : NOW_MS - ageMs
    const placed = { node: on === null ? null : `n${on}`, createdAtMs: NOW_MS - ageMs, startedAtMs }
    return {
      ...pod(uid, tenant, { tier, ...rest, ...placed, gang: gang === null ? null : `${tenant}/${tier}-${gang}` }),
      amounts: has,
    }
  })
}

function fail(): never {
  throw new Error('a charge has no pod')
}

function claimsOf(tenants: readonly TenantSpec[], drawn: readonly Draw<typeof someClaim>[]): readonly Claim[] {
  const known = drawn.flatMap(({ tenant, tier, asks, owner }) => {
    const spec = tenants[tenant % tenants.length]
    const isListed = spec !== undefined && Object.keys(asks).every(key => spec.classes.has(key))
    if (!isListed) return []
    const heldFor = { kind: 'owner', owner: `o${owner}` } as const
    return [{ tenant: spec.name, tier, amounts: amounts(asks), heldFor, untilMs: NOW_MS + 60_000 }]
  })
  return [...new Map(known.map(claim => [claimKey(claim.tenant, claim.heldFor), claim])).values()]
}

function withLimits(spec: TenantSpec, cap: number | null, weight: number): TenantSpec {
  return { ...spec, cap: cap === null ? null : amount(cap), weight: { nanos: BigInt(weight) * 1_000_000_000n } }
}

/** Of some of the gangs whose pods are there, others have not come, and room is held for them. */
function gangsOf(pods: readonly HeldPod[], missing: readonly (number | null)[]): NonNullable<Scene['gangs']> {
  const members = Map.groupBy(
    pods.filter(({ gang }) => gang !== null),
    ({ gang }) => gang ?? '',
  )
  return [...members].flatMap(([key, [first, ...others]], at) => {
    const late = missing[at % missing.length] ?? null
    if (first === undefined || late === null) return []
    const each = Object.fromEntries([...first.amounts].map(([name, each]) => [name, Number(each)]))
    return [
      [
        key,
        gangOf(first.tenant, { size: others.length + 1 + late, each, arrived: others.length + 1, tier: first.tier }),
      ],
    ]
  })
}
