import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clusterWith } from '../../admission/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { TIERS } from '../../schema/parts.ts'
import { written } from '../../schema/testing.ts'
import { standaloneWorld } from './testing.ts'

const NOTICE_SECONDS = 60
const TENANTS = ['a', 'b', 'c'] as const

function clusterOf(): ReturnType<typeof clusterWith> {
  const classes = (h100: JsonObject) => [{ class: 'h100', ...h100 }]
  const tenant = (name: string, cohort: string) =>
    written('TenantQuota', name, {
      cohort,
      namespaces: [`team-${name}`],
      classes: classes({ reserved: 4, shared: {}, burst: {} }),
    })
  const amounts = { instanceTypes: ['ml.p5.48xlarge'], shared: 2, burst: 2 }
  return clusterWith(
    written('Cohort', 'research', {
      classes: classes({ ...amounts, capacity: { gpus: 12 } }),
      reclaim: { mode: 'On', noticeSeconds: NOTICE_SECONDS, sharedNoticeSeconds: NOTICE_SECONDS, minimumRunSeconds: 0 },
    }),
    written('Cohort', 'trials', { parent: 'research', classes: classes({ ...amounts, capacity: { gpus: 8 } }) }),
    tenant('a', 'research'),
    tenant('b', 'research'),
    tenant('c', 'trials'),
  )
}

const CLUSTER = clusterOf()

/** A pod that some Job wants, and never gives up. */
const wish = fc.record({
  kind: fc.constant('wish'),
  tenant: fc.constantFrom(...TENANTS),
  tier: fc.option(fc.constantFrom(...TIERS), { nil: undefined }),
  gpus: fc.integer({ min: 1, max: 4 }),
  job: fc.constantFrom('x', 'y'),
})
const end = fc.record({ kind: fc.constant('end'), which: fc.nat(20) })
const wait = fc.record({ kind: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 2 * NOTICE_SECONDS }) })
const someHistory = fc.array(
  fc.oneof({ weight: 6, arbitrary: wish }, { weight: 2, arbitrary: end }, { weight: 2, arbitrary: wait }),
  { maxLength: 40 },
)

type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never
type World = Awaited<ReturnType<typeof standaloneWorld>>

/** Jobs in little: whichever of their pods is not there is created anew, with another UID each time. */
function jobsOn({ create, clock, pods }: World) {
  const wishes: (Wish & { uid: string })[] = []
  let made = 0

  async function attempt(wished: (typeof wishes)[number]): Promise<boolean> {
    const { tenant, tier, gpus, job } = wished
    const named = tier === undefined ? {} : { tier }
    made += 1
    wished.uid = `p${made}`
    clock.advance(1_000)
    const told = await create(wished.uid, { namespace: `team-${tenant}`, gpus, job: `${tenant}-${job}`, ...named })
    return told === 'admitted'
  }

  return {
    async want(one: Wish): Promise<void> {
      const wished = { ...one, uid: '' }
      wishes.push(wished)
      await attempt(wished)
    },
    end(which: number): void {
      const [done] = wishes.splice(which, 1)
      if (done !== undefined) pods.remove(done.uid)
    },
    /** How many of those that were not there were admitted. */
    async tryAgain(): Promise<number> {
      let admitted = 0
      for (const wished of wishes.filter(({ uid }) => pods.find(uid) === undefined))
        admitted += (await attempt(wished)) ? 1 : 0
      return admitted
    },
  }
}

test('whatever came before, and however often Jobs try again, it comes to rest, and nobody waits then for what is owed', async () => {
  await fc.assert(
    fc.asyncProperty(someHistory, async history => {
      const world = await standaloneWorld(CLUSTER)
      const jobs = jobsOn(world)
      for (const event of history) {
        switch (event.kind) {
          case 'wish':
            await jobs.want(event)
            break
          case 'end':
            jobs.end(event.which)
            break
          case 'wait':
            world.clock.advance(event.seconds * 1_000)
            await world.round()
        }
      }
      await settle(world, jobs)
      assert.deepEqual(world.problems, [])
      assert.deepEqual(waitingIn(world), [])
    }),
    { numRuns: 60 },
  )
})

// Forty pods, each of which is told, evicted and admitted elsewhere once, would take as many.
const MOST_ROUNDS = 120

/** Rounds, a notice apart, until nobody is done anything to and nobody is admitted any more. */
async function settle({ round, clock }: World, jobs: ReturnType<typeof jobsOn>): Promise<void> {
  let quietRounds = 0
  for (let rounds = 0; rounds < MOST_ROUNDS && quietRounds < 2; rounds += 1) {
    const reports = await round()
    const steps = reports.reduce((sum, report) => sum + (report.kind === 'carried-out' ? report.taken.length : 0), 0)
    const admitted = await jobs.tryAgain()
    quietRounds = steps + admitted === 0 ? quietRounds + 1 : 0
    clock.advance(NOTICE_SECONDS * 1_000)
  }
  assert.equal(quietRounds, 2, 'it does not come to rest')
}

function waitingIn({ pods }: World): readonly string[] {
  return pods
    .of('research')
    .filter(({ standing }) => standing.startedAtMs === null)
    .map(({ uid, charged }) => `${uid} ${charged.tier}`)
}
