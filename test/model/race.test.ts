/**
 * Scenarios too large to try every order of: more replicas, pods, gangs, leaders and faults, in orders that chance chooses.
 * The same seed makes the same runs; SLUICE_MODEL_SEED sets another, and SLUICE_MODEL_WALKS how many.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Claim } from '../../src/quota/claim.ts'
import type { Request } from '../../src/quota/decide.ts'
import { charges } from '../../src/quota/ledger.ts'
import { amounts, request } from '../../src/quota/testing.ts'
import { TIERS, type Tier } from '../../src/schema/parts.ts'
import type { Fate } from './cluster.ts'
import { begin, type ModelRun } from './model.ts'
import { REAL } from './parts.ts'
import { CLASS, type Review, review, type Scenario, scenario } from './scenario.ts'
import { FAULTS } from './store.ts'
import { throughText } from './stored-text.ts'
import { tell } from './story.ts'

const SEED = Number(process.env.SLUICE_MODEL_SEED ?? 20_240_229)
const WALKS = Number(process.env.SLUICE_MODEL_WALKS ?? 1_000)
const MOST_EVENTS = 150

test('in larger scenarios and orders of chance the same laws hold', async t => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(someScenario(), fc.boolean(), fc.infiniteStream(fc.nat(1_000)), async (large, isText, choices) => {
      const parts = isText ? { ...REAL, store: throughText } : REAL
      const run = await begin(large, parts)
      const path = await wander(run, choices)
      const what = run.wrong() ?? (await run.wrongAtRest())
      assert.ok(what === undefined, what === undefined ? '' : await tell(large, parts, { what, path }))
      for (const sight of sights(run)) seen.set(sight, (seen.get(sight) ?? 0) + 1)
    }),
    { seed: SEED, numRuns: WALKS },
  )
  t.diagnostic([...seen].map(([sight, times]) => `${sight}: ${times}`).join(', '))
  // The property says nothing unless all of this happened.
  for (const sight of SIGHTS) assert.ok((seen.get(sight) ?? 0) > 0, `never seen: ${sight}`)
})

async function wander(run: ModelRun, choices: Iterable<number>): Promise<readonly string[]> {
  const path: string[] = []
  for (const choice of Iterator.from(choices).take(MOST_EVENTS)) {
    const enabled = run.enabled()
    const event = enabled[choice % Math.max(enabled.length, 1)]
    if (event === undefined || run.wrong() !== undefined) break
    path.push(event.name)
    await run.take(event, false)
  }
  return path
}

const SIGHTS = [
  'charged',
  'refused',
  'busy',
  'conflict',
  'a death',
  'a lapse',
  'two leaders',
  'a whole gang',
  'a base',
  'a draw',
]

function* sights({ world }: ModelRun): Generator<string> {
  const { callers, cluster, network, story, leaders } = world
  for (const { answer } of callers.asked) if (answer !== null) yield answer.verdict.kind
  if (story.includes('    conflict')) yield 'conflict'
  if (network.dead.size > 0) yield 'a death'
  if ([...callers.told.keys()].some(uid => !cluster.wasCreated(uid))) yield 'a lapse'
  if (leaders.every(leader => leader.isElected())) yield 'two leaders'
  if (GANG.every(uid => cluster.wasCreated(uid))) yield 'a whole gang'
  if (network.history.versions.some(ledger => charges(ledger).some(({ drew }) => drew !== undefined))) yield 'a draw'
  if (network.history.versions.some(({ base }) => base.held.size > 0)) yield 'a base'
}

const REPLICAS = 3
const GANG = ['t0', 't1', 't2']

/** A UID stands for one pod, so all that is asked follows from it. Those of `GANG` are a gang, and the others are alone. */
function podOf(uid: string): Request {
  const [tenant, number] = [uid.charAt(0), Number(uid.slice(1))]
  if (GANG.includes(uid)) {
    const gang = { id: 'g', size: GANG.length, demand: amounts({ [CLASS]: GANG.length }) }
    return { ...request(uid, tenant, { [CLASS]: 1 }), gang }
  }
  const tier: Tier | 'auto' = ['auto' as const, ...TIERS][number % 4] ?? 'auto'
  const alone = request(uid, tenant, { [CLASS]: 1 + (number % 3) }, tier)
  return CLAIMERS.includes(uid) ? { ...alone, owner: 'job' } : alone
}

/** Both ask for burst, one for one GPU and one for two. */
const CLAIMERS = ['u3', 'u7']

function claimOf(gpus: number, untilMs: number): Claim {
  const heldFor = { kind: 'owner', owner: 'job' } as const
  return { tenant: 'u', tier: 'burst', amounts: amounts({ [CLASS]: gpus }), heldFor, untilMs }
}

function someScenario(): fc.Arbitrary<Scenario> {
  const replica = fc.nat(REPLICAS - 1)
  const loner = fc
    .tuple(fc.constantFrom('t', 'u'), fc.integer({ min: 3, max: 8 }))
    .map(([tenant, n]) => `${tenant}${n}`)
  const uid = fc.oneof({ weight: 2, arbitrary: loner }, { weight: 1, arbitrary: fc.constantFrom(...GANG) })
  const oneIn = (times: number) => fc.nat(times - 1).map(number => number === 0)
  const someReview = fc.record({ uid, replica, isDry: oneIn(8), sentAfter: fc.constantFrom(0, 0, 0, 1, 2) })
  const fates = fc.array(fc.tuple(uid, fc.constantFrom<Fate>('ends', 'never comes')), { maxLength: 8 })
  const lead = (listLacks: fc.Arbitrary<number | null>) =>
    fc.record({ replica, listLacks, recounts: fc.integer({ min: 1, max: 4 }) })
  return fc
    .record({
      drafts: fc.array(someReview, { minLength: 3, maxLength: 16 }),
      fates,
      leaders: fc.tuple(lead(fc.constant(null)), lead(fc.nat(2))),
      times: fc.constantFrom([], [10], [10, 10], [20, 20], [10, 30, 10]),
      faults: fc.constantFrom(0, 0, 1, 2, 4),
      maxCharges: fc.constantFrom(100, 100, 3),
      isWarm: fc.boolean(),
      claims: fc.array(fc.record({ replica, gpus: fc.constantFrom(1, 2), untilMs: fc.constantFrom(20, 60) }), {
        maxLength: 2,
      }),
    })
    .map(({ drafts, fates, claims, ...more }) => ({
      // The story tells what matters of it.
      [fc.toStringMethod]: () => JSON.stringify({ drafts, fates, claims, ...more }),
      ...scenario({
        name: 'a large one',
        limits: { reserved: { t: 4, u: 3 }, shared: 2, burst: 2 },
        replicas: REPLICAS,
        kinds: FAULTS,
        reviews: drafts.map(({ uid, replica, isDry, sentAfter }, index): Review => {
          const pod = podOf(uid)
          const meant = isDry ? { ...pod, uid: `dry-${uid}` } : pod
          return review(`${index}: ${meant.uid}`, replica, meant, { isDry, sentAfter })
        }),
        fates: Object.fromEntries(fates),
        claimings: claims.map(({ replica, gpus, untilMs }) => ({ replica, claim: claimOf(gpus, untilMs) })),
        ...more,
      }),
    }))
}
