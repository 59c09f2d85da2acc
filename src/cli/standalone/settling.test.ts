import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clusterWith } from '../../admission/testing.ts'
import { present } from '../../quota/testing.ts'
import { used } from '../../quota/usage.ts'
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

const creation = fc.record({
  kind: fc.constant('create'),
  tenant: fc.constantFrom(...TENANTS),
  tier: fc.option(fc.constantFrom(...TIERS), { nil: undefined }),
  gpus: fc.integer({ min: 1, max: 4 }),
  job: fc.constantFrom('x', 'y'),
})
const deletion = fc.record({ kind: fc.constant('delete'), which: fc.nat(20) })
const waiting = fc.record({ kind: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 2 * NOTICE_SECONDS }) })
const someHistory = fc.array(
  fc.oneof({ weight: 6, arbitrary: creation }, { weight: 2, arbitrary: deletion }, { weight: 2, arbitrary: waiting }),
  { maxLength: 40 },
)

// Notice, eviction, and what becomes possible then; each pod can be told once, so nothing goes on for longer than this.
const MOST_ROUNDS = 60

test('whatever came before, nobody waits in the end for what is owed, and no plan is rejected', async () => {
  await fc.assert(
    fc.asyncProperty(someHistory, async history => {
      const world = await standaloneWorld(CLUSTER)
      let made = 0
      for (const event of history) {
        world.clock.advance(1_000)
        switch (event.kind) {
          case 'create': {
            const { tenant, tier, gpus, job } = event
            const named = tier === undefined ? {} : { tier }
            made += 1
            await world.create(`p${made}`, { namespace: `team-${tenant}`, gpus, job: `${tenant}-${job}`, ...named })
            break
          }
          case 'delete':
            world.pods.remove(`p${event.which}`)
            break
          case 'wait':
            world.clock.advance(event.seconds * 1_000)
            await world.round()
        }
      }
      await settle(world)
      assert.deepEqual(world.problems, [])
      assert.deepEqual(waitingIn(world), [])
    }),
    { numRuns: 60 },
  )
})

type World = Awaited<ReturnType<typeof standaloneWorld>>

/** Rounds, a notice apart, until one of them does nothing although all notices have run out. */
async function settle({ round, clock }: World): Promise<void> {
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds += 1) {
    const reports = await round()
    const taken = reports.flatMap(report => (report.kind === 'carried-out' ? report.taken : []))
    if (taken.length === 0) return
    clock.advance(NOTICE_SECONDS * 1_000)
  }
  assert.fail('the rebalancer does not come to rest')
}

function waitingIn({ pods, ledger }: World): readonly string[] {
  const { total, quota } = present(ledger.book('research'), 'book')
  const free = `${used(total, quota.tree.root, 'h100')} in use`
  return pods
    .of('research')
    .filter(({ standing }) => standing.startedAtMs === null)
    .map(({ uid, charged }) => `${uid} ${charged.tier}, ${free}`)
}
