/** Random snapshots: quotas that changed under a ledger, pods of every kind, gangs, claims, refusals, nodes and terms. */
import fc from 'fast-check'
import { amount } from '../../quantity/amount.ts'
import { type Book, openBook } from '../../quota/book.ts'
import { decide } from '../../quota/decide.ts'
import { type Charge, charges, EMPTY_LEDGER, withClaim } from '../../quota/ledger.ts'
import { amounts, bookOn, present, type Scenario, STAMP } from '../../quota/testing.ts'
import type { Amounts } from '../../quota/usage.ts'
import type { TIERS } from '../../schema/parts.ts'
import type { HeldPod, ReclaimTerms, RefusedDemand, Snapshot } from '../snapshot.ts'
import { someQuotas } from './quotas.testing.ts'
import { HOUR, NOW, TERMS } from './scenes.testing.ts'

const someDemand = fc
  .record({ a: fc.integer({ min: 1, max: 4 }), b: fc.constantFrom(0, 0, 0, 2) })
  .map(sizes => amounts(sizes.b === 0 ? { a: sizes.a } : sizes))

const BUDGETS = ['n/web', 'n/train'] as const

/** A controller, and the pods it asks for: alike, and a gang or each for itself. */
interface Owner {
  readonly tenant: number
  readonly tier: (typeof TIERS)[number]
  readonly demand: Amounts
  readonly size: number
  readonly isGang: boolean
  readonly came: number
  /** Of a gang, a member that names a tier of its own. */
  readonly stray: (typeof TIERS)[number] | null
}

interface Look {
  readonly node: number | null
  readonly startedMsAgo: number | null
  readonly savedMsAgo: number | null
  readonly priority: number
  readonly budgets: readonly string[]
  readonly noticeMs: number | null
  readonly utilisation: number | null
  readonly isTierNamed: boolean
  readonly isLeaving: boolean
}

const rarely = <T>(value: fc.Arbitrary<T>) => {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value })
}

const someOwner: fc.Arbitrary<Owner> = fc.record({
  tenant: fc.nat(9),
  tier: fc.constantFrom('reserved', 'shared', 'burst', 'burst', 'burst'),
  demand: someDemand,
  size: fc.integer({ min: 1, max: 3 }),
  isGang: fc.boolean(),
  came: fc.integer({ min: 1, max: 3 }),
  stray: fc.option(fc.constantFrom('reserved', 'shared', 'burst'), { freq: 2 }),
})

const someLook: fc.Arbitrary<Look> = fc.record({
  node: fc.option(fc.nat(3), { freq: 4 }),
  startedMsAgo: fc.option(fc.constantFrom(1000, HOUR, 2 * HOUR), { freq: 6 }),
  savedMsAgo: rarely(fc.constantFrom(500, HOUR / 2)),
  priority: fc.integer({ min: 0, max: 2 }),
  budgets: fc.subarray([...BUDGETS], { maxLength: 1 }).chain(one => fc.boolean().map(has => (has ? one : []))),
  noticeMs: rarely(fc.constantFrom(-1, 0, 1000)),
  utilisation: rarely(fc.integer({ min: 0, max: 100 })),
  isLeaving: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
  isTierNamed: fc.boolean(),
})

const someTerms: fc.Arbitrary<ReclaimTerms> = fc.record({
  mode: fc.constantFrom('On', 'On', 'On', 'On', 'DryRun', 'Off'),
  noticeMs: fc.constant(TERMS.noticeMs),
  minimumRunMs: fc.constantFrom(0, TERMS.minimumRunMs),
  claimMs: fc.constant(TERMS.claimMs),
  evictionsPerHour: fc.constantFrom(null, null, 1, 3),
  marginPerMille: fc.constantFrom(0, 100, 300),
  idleBelow: fc.constantFrom(null, 20),
})

const someNodes = fc.option(
  fc.array(fc.record({ a: fc.integer({ min: 0, max: 12 }), b: fc.integer({ min: 0, max: 12 }) }), {
    minLength: 4,
    maxLength: 4,
  }),
)

/** What a snapshot is made from, in few words: a snapshot itself says too much to be read in a failure. */
export const someDraft = fc.record({
  former: someQuotas,
  // A cut: other quotas under the same ledger.
  later: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: someQuotas }),
  owners: fc.array(someOwner, { maxLength: 14 }),
  looks: fc.array(someLook, { minLength: 1, maxLength: 12 }),
  terms: fc.array(fc.option(someTerms, { freq: 4 }), { minLength: 1, maxLength: 3 }),
  nodes: someNodes,
  allowed: fc.array(fc.nat(2), { minLength: 2, maxLength: 2 }),
  asking: fc.array(someOwner, { maxLength: 4 }),
  claiming: fc.array(someOwner, { maxLength: 2 }),
  evicted: fc.nat(2),
  // The need for which the eviction of all gangs was begun, and cut short after the first of each.
  cutShortFor: fc.constantFrom(null, null, null, 'former', 'excess/former', 'entitled/former'),
})

type Draft = typeof someDraft extends fc.Arbitrary<infer T> ? T : never

export function snapshotFrom(draft: Draft): Snapshot {
  const { former, later, owners, looks, terms, nodes, allowed, asking, claiming, evicted, cutShortFor } = draft
  const admitted = admittedTo(former, owners)
  const { cohorts, tenants } = later ?? former
  const opened = bookOn(cohorts, tenants, 'c0', admitted.ledger)
  const said = cohorts.map(({ name }, index) => [name, terms[index % terms.length] ?? null] as const)
  const all = [...charges(admitted.ledger)].toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
  const gangs = new Map(all.flatMap(({ uid, gang }) => (gang === null ? [] : [[uid.split('-')[0], gang] as const])))
  return {
    nowMs: NOW,
    book: claiming.reduce((at, owner, index) => claimedIn(at, tenants, owner, index), opened),
    // A member that was charged by itself shows its gang all the same.
    pods: all
      .map((charge, index) => ({
        ...heldPod(charge, present(looks[index % looks.length], 'look')),
        gang: gangs.get(charge.uid.split('-')[0]) ?? null,
      }))
      .map(pod => (cutShortFor === null ? pod : cutShort(pod, cutShortFor))),
    refused: asking.flatMap((owner, index) => refusedBy(opened, tenants, owner, index)),
    nodes: nodes?.map((sizes, index) => ({ name: `n${index}`, amounts: amounts(sizes) })) ?? null,
    disruptionsAllowed: new Map(BUDGETS.map((budget, index) => [budget, allowed[index] ?? 0])),
    terms: new Map(said.flatMap(([name, own]) => (own === null ? [] : [[name, own]]))),
    evictedLastHour: new Map(tenants.map(({ name }) => [name, evicted])),
  }
}

/** Burst asks first, so that what is reserved comes back to what is lent. */
function admittedTo({ cohorts, tenants }: Scenario, owners: readonly Owner[]): Book {
  const inTurn = [...owners.filter(({ tier }) => tier === 'burst'), ...owners.filter(({ tier }) => tier !== 'burst')]
  const requests = inTurn.flatMap((owner, index) => {
    const { name } = present(tenants[owner.tenant % tenants.length], 'tenant')
    const ask = { tenant: name, tier: owner.tier, demand: owner.demand, namespace: 'n', ...gangOf(owner, `${index}`) }
    const count = owner.isGang ? Math.min(owner.came, owner.size) : owner.size
    const members = Array.from({ length: count }, (_, member) => ({ ...ask, uid: `p${index}-${member}` }))
    const isLed = ask.gang !== undefined && owner.stray !== null
    return isLed ? [...members, { ...ask, uid: `p${index}-stray`, tier: owner.stray }] : members
  })
  const stamp = { ...STAMP, holdUntilMs: NOW + HOUR }
  return requests.reduce((book, request) => decide(book, request, stamp).book, bookOn(cohorts, tenants, 'c0'))
}

function gangOf({ isGang, size, demand }: Owner, id: string) {
  if (!isGang || size === 1) return {}
  return { gang: { id, size, demand: new Map([...demand].map(([key, one]) => [key, amount(one * BigInt(size))])) } }
}

function heldPod({ uid, tenant, tier, amounts, gang }: Charge, look: Look): HeldPod {
  const startedAtMs = look.node === null || look.startedMsAgo === null ? null : NOW - look.startedMsAgo
  return {
    uid,
    namespace: 'n',
    name: uid,
    tenant,
    tier,
    amounts,
    gang,
    priority: look.priority,
    node: look.node === null ? null : `n${look.node}`,
    createdAtMs: NOW - 2 * HOUR,
    startedAtMs,
    savedAtMs: look.savedMsAgo === null ? null : NOW - look.savedMsAgo,
    utilisation: look.utilisation,
    budgets: look.budgets,
    notice: look.noticeMs === null ? null : { deadlineMs: NOW + look.noticeMs, need: 'former' },
    isTierNamed: look.isTierNamed,
    isLeaving: look.isLeaving,
  }
}

function cutShort(pod: HeldPod, need: string): HeldPod {
  if (pod.gang === null || pod.tier === 'reserved') return pod
  return { ...pod, notice: { deadlineMs: NOW - 1, need }, isLeaving: pod.isLeaving || pod.uid.endsWith('-0') }
}

/** Somebody whom nothing but the use of others keeps out. */
function refusedBy(book: Book, tenants: Scenario['tenants'], owner: Owner, index: number): readonly RefusedDemand[] {
  const { name } = present(tenants[owner.tenant % tenants.length], 'tenant')
  const { gang } = { gang: undefined, ...gangOf(owner, `asks ${index}`) }
  const ask = { tenant: name, tier: owner.tier, demand: owner.demand, gang }
  const isAdmitted = (at: Book) => {
    return decide(at, { ...ask, uid: 'asks', namespace: 'n' }, STAMP).outcome.kind === 'charged'
  }
  if (isAdmitted(book) || !isAdmitted(openBook(book.quota, EMPTY_LEDGER))) return []
  const times = { sinceMs: NOW - 1000 * index, lastMs: NOW - 100 }
  return [{ ...ask, owner: `asks${index}`, name: `Job ${index}`, ...times }]
}

/** A claim such as a plan enters: on capacity that others use, and that could be its tenant's. */
function claimedIn(book: Book, tenants: Scenario['tenants'], owner: Owner, index: number): Book {
  const { name, classes } = present(tenants[owner.tenant % tenants.length], 'tenant')
  const amounts = new Map([...owner.demand].filter(([key, size]) => size > 0n && classes.has(key)))
  const ask = { tenant: name, tier: owner.tier, demand: amounts, uid: 'claims', namespace: 'n' }
  const isPossible = decide(openBook(book.quota, EMPTY_LEDGER), ask, STAMP).outcome.kind === 'charged'
  if (amounts.size === 0 || owner.tier === 'reserved' || !isPossible) return book
  const heldFor = { kind: 'owner', owner: `claims${index}` } as const
  const claim = { tenant: name, tier: owner.tier, amounts, heldFor, untilMs: NOW + HOUR }
  return openBook(book.quota, withClaim(book.ledger, claim))
}
