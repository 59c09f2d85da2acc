/** Whatever happens in whatever order: a ledger has at least what was promised, and in the end what runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { holdingOf } from '../../quota/holding.ts'
import { present } from '../../quota/testing.ts'
import { TIERS, type Tier } from '../../schema/parts.ts'
import { CREATE_MS } from './horizon.ts'
import { countingWorld, INTERVAL_MS, PENDING_MS, pod, TREE } from './testing.ts'

const KINDS = [
  'charge and create',
  'charge alone',
  'create uncharged',
  'end',
  'delete',
  'bookmark',
  'watch is late',
  'watch catches up',
  'lists anew',
  'another leader',
  'both lead',
  'time passes',
  'time passes',
] as const

interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly which: number
  readonly tier: Tier
}

const someStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  which: fc.nat(9),
  tier: fc.constantFrom(...TIERS),
})

const SKEWS_MS = [0, -600_000, 600_000]
const LATEST_MS = PENDING_MS + 2 * CREATE_MS + 1_200_000

test('no promise is ever missing from the ledger, and what has gone leaves it', async () => {
  const happened = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(someStep, { minLength: 5, maxLength: 40, size: 'max' }),
      fc.nat(2),
      fc.nat(2),
      async (steps, ofReplica, ofLeader) => {
        const skews = { replicaMs: SKEWS_MS[ofReplica] ?? 0, leaderMs: SKEWS_MS[ofLeader] ?? 0 }
        const story = await play(steps, skews)
        for (const [what, times] of story) happened.set(what, (happened.get(what) ?? 0) + times)
      },
    ),
    { numRuns: 100 },
  )
  for (const what of ['charged', 'refused', 'never came', 'stranger', 'gone']) {
    assert.ok((happened.get(what) ?? 0) > 10, `${what}: ${happened.get(what)}`)
  }
})

async function play(steps: readonly Step[], skews: { readonly replicaMs: number; readonly leaderMs: number }) {
  const story = new Map<string, number>()
  const note = (what: string) => void story.set(what, (story.get(what) ?? 0) + 1)
  const world = countingWorld()
  const replica = world.replica('r', skews.replicaMs)
  const promised = new Map<string, { readonly tier: Tier; readonly milliGpus: bigint; isCreated: boolean }>()
  const strangers = new Map<string, { readonly tier: Tier; readonly milliGpus: bigint }>()
  const running = () => [...[...promised].filter(([, { isCreated }]) => isCreated), ...strangers].map(([name]) => name)
  let leaders = [world.lead('0', { aheadMs: skews.leaderMs })]
  let named = 0

  async function happen({ kind, which, tier }: Step): Promise<void> {
    const name = `p${named++}`
    const gpus = (which % 5) + 1
    const object = pod(name, { tier, gpus })
    switch (kind) {
      case 'charge and create':
      case 'charge alone': {
        const { kind: verdict } = await world.charge(replica, object)
        note(verdict)
        if (verdict !== 'charged') return
        const isCreated = kind === 'charge and create'
        promised.set(name, { tier, milliGpus: BigInt(gpus) * 1000n, isCreated })
        if (isCreated) world.server.put(object)
        else forgetLater(name)
        return
      }
      case 'create uncharged':
        note('stranger')
        strangers.set(name, { tier, milliGpus: BigInt(gpus) * 1000n })
        return world.server.put(object)
      case 'end':
      case 'delete': {
        const all = running()
        const gone = all[which % all.length]
        if (gone === undefined) return
        note('gone')
        promised.delete(gone)
        strangers.delete(gone)
        return kind === 'end' ? world.server.put(pod(gone, { phase: 'Succeeded' })) : world.server.remove(gone)
      }
      case 'bookmark':
        return world.server.bookmark()
      case 'watch is late':
        return world.server
          .watches()
          .at(-1 - (which % 2))
          ?.late()
      case 'watch catches up':
        return world.server.watches().forEach(watch => void watch.catchUp())
      case 'lists anew':
        for (const watch of world.server.watches()) watch.catchUp()
        return world.server.relist()
      case 'another leader':
        for (const leader of leaders) leader.stop()
        leaders = [world.lead(name, { aheadMs: skews.leaderMs })]
        return
      case 'both lead':
        leaders = [...leaders, world.lead(name, { aheadMs: skews.leaderMs })]
        return
      case 'time passes':
        return world.tick(1 + 3 * which)
    }
  }

  /** Its create is given up by the API server at some time before this. */
  function forgetLater(name: string): void {
    world.clock.at(world.clock.now() + CREATE_MS - INTERVAL_MS, () => {
      promised.delete(name)
      note('never came')
    })
  }

  async function expectEnough(): Promise<void> {
    const { held } = await world.ledger(TREE)
    for (const tier of TIERS) {
      const [is, least] = [holdingOf(held, 'a')[tier].get('h100') ?? 0n, sumOf(promised, tier)]
      assert.ok(is >= least, `${tier}: ${is} are held, ${least} were promised`)
    }
  }

  for (const step of steps) {
    await happen(step)
    await expectEnough()
  }
  for (const watch of world.server.watches()) watch.catchUp()
  await world.tick()
  // What was never created lapses, at the latest when the wrong clocks say so as well.
  for (let ms = 0; ms < LATEST_MS && (await world.ledger()).charges.size > 0; ms += INTERVAL_MS) {
    world.server.bookmark()
    await world.tick()
    await expectEnough()
  }
  const { held } = await world.ledger(TREE)
  for (const tier of TIERS) {
    const want = sumOf(promised, tier) + sumOf(strangers, tier)
    assert.equal(holdingOf(held, 'a')[tier].get('h100') ?? 0n, want, `${tier} in the end`)
  }
  present(leaders.at(-1), 'leader').stop()
  return story
}

function sumOf(pods: ReadonlyMap<string, { readonly tier: Tier; readonly milliGpus: bigint }>, tier: Tier): bigint {
  return [...pods.values()].filter(one => one.tier === tier).reduce((sum, { milliGpus }) => sum + milliGpus, 0n)
}
