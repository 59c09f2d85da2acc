/** Random contests: some borrow all that others own and do not use; then owners come back, and others would like a part as well. */
import fc from 'fast-check'
import { decide } from '../quota/decide.ts'
import { charges } from '../quota/ledger.ts'
import { amounts, bookOn, cohort, KEYS, type Scenario, STAMP, tenant } from '../quota/testing.ts'
import type { Tier } from '../schema/parts.ts'
import { NOW_MS, node, ON, pod, refusal, type Scene } from './plans.testing.ts'
import type { HeldPod, NodeShape } from './snapshot.ts'

const someLimit = fc.option(fc.integer({ min: 2, max: 8 }), { freq: 2 })

const someCohort = fc.record({
  parent: fc.nat(9),
  shared: fc.integer({ min: 0, max: 4 }),
  burst: fc.integer({ min: 0, max: 4 }),
  borrowingLimit: someLimit,
  lendingLimit: someLimit,
})

const someTenant = fc.record({
  home: fc.nat(9),
  reserved: fc.constantFrom(0, 0, 1, 3, 5),
  weight: fc.constantFrom(0, 1, 1, 1, 2, 5),
})

const someAsk = fc.record({
  tenant: fc.nat(9),
  key: fc.constantFrom(...KEYS),
  size: fc.integer({ min: 1, max: 3 }),
  gang: fc.option(fc.nat(2), { freq: 4, nil: null }),
  priority: fc.nat(2),
  ageMs: fc.integer({ min: 0, max: 3_600_000 }),
  budgets: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant(['ns/p']) }),
})

type Ask = typeof someAsk extends fc.Arbitrary<infer V> ? V : never

const someTerms = fc.record({
  mode: fc.constantFrom('On' as const, 'On' as const, 'On' as const, 'DryRun' as const, 'Off' as const),
  minimumRunMs: fc.constantFrom(0, 0, 600_000),
  evictionsPerHour: fc.constantFrom(null, null, 2),
  marginPerMille: fc.constantFrom(0, 100, 300),
})

/** One to four cohorts, and two to six tenants that borrow without limit and of which some own something. */
export const someRivals: fc.Arbitrary<Scenario> = fc
  .record({
    cohorts: fc.array(someCohort, { minLength: 1, maxLength: 4 }),
    tenants: fc.array(someTenant, { minLength: 2, maxLength: 6 }),
  })
  .map(({ cohorts, tenants }) => ({
    cohorts: cohorts.map(({ parent, ...numbers }, at) => {
      return cohort(`c${at}`, { a: numbers, b: { burst: numbers.shared } }, at === 0 ? null : `c${parent % at}`)
    }),
    tenants: tenants.map(({ home, reserved, weight }, at) => {
      const limits = { a: { reserved }, b: { reserved: Math.ceil(reserved / 2) } }
      return tenant(`t${at}`, `c${home % cohorts.length}`, limits, {
        weight: { nanos: BigInt(weight) * 1_000_000_000n },
      })
    }),
  }))

export const someContest: fc.Arbitrary<Scene> = fc
  .record({
    scenario: someRivals,
    borrowed: fc.array(someAsk, { minLength: 5, maxLength: 20 }),
    owed: fc.array(fc.tuple(someAsk, fc.constantFrom('reserved' as const, 'shared' as const)), { maxLength: 5 }),
    refused: fc.array(fc.tuple(someAsk, fc.constantFrom('burst' as const, 'shared' as const, 'auto' as const)), {
      maxLength: 5,
    }),
    nodeSize: fc.constantFrom(null, null, 2, 3, 4),
    terms: fc.array(someTerms, { minLength: 4, maxLength: 4 }),
    allowed: fc.nat(3),
  })
  .map(({ borrowed, owed, refused, nodeSize, terms, allowed, scenario }) => {
    const asks = [...borrowed.map(ask => [ask, 'burst'] as const), ...owed]
    const placed = onNodes(admitted(scenario, asks, borrowed.length), nodeSize)
    const nameAt = (at: number) => scenario.tenants[at % scenario.tenants.length]?.name ?? ''
    return {
      ...scenario,
      ...placed,
      refused: refused.map(([{ tenant: at, key, size }, tier], index) => {
        return refusal(`o${index}`, nameAt(at), { tier, asks: { [key]: size } })
      }),
      more: {
        disruptionsAllowed: new Map([['ns/p', allowed]]),
        terms: new Map(scenario.cohorts.map(({ name }, at) => [name, { ...ON, ...terms[at] }])),
      },
    }
  })

/** Who came first has a node; those who are owed wait. */
function admitted(
  { cohorts, tenants }: Scenario,
  asks: readonly (readonly [Ask, Tier])[],
  running: number,
): readonly HeldPod[] {
  const book = asks.reduce(
    (at, [{ tenant: index, key, size }, tier], uid) => {
      const { name = '' } = tenants[index % tenants.length] ?? {}
      return decide(
        at,
        { uid: `p${uid}`, tenant: name, tier, demand: amounts({ [key]: size }), namespace: name },
        STAMP,
      ).book
    },
    bookOn(cohorts, tenants, 'c0'),
  )
  const held = new Map([...charges(book.ledger)].map(charge => [charge.uid, charge]))
  return asks.flatMap(([{ gang, priority, ageMs, budgets }, tier], at) => {
    const charge = held.get(`p${at}`)
    if (charge === undefined) return []
    const [createdAtMs, isRunning] = [NOW_MS - ageMs, at < running]
    const where = isRunning ? { node: 'n', startedAtMs: createdAtMs } : { node: null, startedAtMs: null }
    const key = gang === null ? null : `${charge.tenant}/${tier}-${gang}`
    return [
      {
        ...pod(charge.uid, charge.tenant, { tier, priority, createdAtMs, budgets, gang: key, ...where }),
        amounts: charge.amounts,
      },
    ]
  })
}

/** As many nodes of one size as all that is running takes; first come, first served. A larger pod has a node of its own. */
function onNodes(pods: readonly HeldPod[], size: number | null): Pick<Scene, 'pods' | 'nodes'> {
  if (size === null) return { pods, nodes: null }
  const nodes: { readonly shape: NodeShape; readonly left: Map<string, bigint> }[] = []
  const fresh = ({ amounts: asked }: HeldPod) => {
    const has = Object.fromEntries(KEYS.map(key => [key, Math.max(size, Number(asked.get(key) ?? 0n))]))
    const shape = node(`n${nodes.length}`, has)
    const made = { shape, left: new Map<string, bigint>(shape.amounts) }
    nodes.push(made)
    return made
  }
  const placed = pods.map(one => {
    if (one.node === null) return one
    const isRoomy = (left: ReadonlyMap<string, bigint>) =>
      one.amounts.entries().every(([key, asked]) => (left.get(key) ?? 0n) >= asked)
    const { shape, left } = nodes.find(known => isRoomy(known.left)) ?? fresh(one)
    for (const [key, asked] of one.amounts) left.set(key, (left.get(key) ?? 0n) - asked)
    return { ...one, node: shape.name }
  })
  return { pods: placed, nodes: nodes.map(({ shape }) => shape) }
}
