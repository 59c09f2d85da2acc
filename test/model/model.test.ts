/**
 * The ledger under every order of events, scenario by scenario. What a scenario has to say is printed with it: how many orders there
 * are, and by how many executions they were found.
 *
 * SLUICE_MODEL_RUNS=1000000 node --test test/model/model.test.ts   also runs the deep scenarios, each with at most so many
 * executions, which takes minutes to hours.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textOf } from './callers.ts'
import { begin, type ModelRun } from './model.ts'
import { REAL } from './parts.ts'
import type { Scenario } from './scenario.ts'
import { DEEP_SCENARIOS, SCENARIOS } from './scenarios.ts'
import { type Explored, explore, type Run, shortened } from './search.ts'
import { tell } from './story.ts'

const DEEP_RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 0)
// No scenario has as many; one that is made larger must not slow everybody down unnoticed.
const BOUNDS = { depth: 60, runs: 10_000 }
const SHORTENING_RUNS = 3_000

for (const scenario of SCENARIOS) {
  test(scenario.name, async t => {
    const explored = await explore(() => begin(scenario), BOUNDS)
    t.diagnostic(figures(explored))
    await assertRight(scenario, explored)
    assert.ok(explored.isComplete, 'it has more orders than are run: make it smaller, or move it to the deep ones')
  })
}

for (const scenario of DEEP_RUNS > 0 ? DEEP_SCENARIOS : []) {
  test(scenario.name, async t => {
    const explored = await explore(() => begin(scenario), { depth: BOUNDS.depth, runs: DEEP_RUNS })
    t.diagnostic(figures(explored))
    await assertRight(scenario, explored)
  })
}

test('what is left out differs from what is run in the order of events only', async t => {
  const [found] = SCENARIOS.filter(({ name }) => name === 'a write fails without saying whether it happened')
  assert.ok(found !== undefined)
  const scenario = { ...found, isWarm: true, faults: 1 }
  const [some, all] = [new Set<string>(), new Set<string>()]
  const reduced = await explore(async () => noting(await begin(scenario), some), BOUNDS)
  const full = await explore(async () => inEveryOrder(noting(await begin(scenario), all)), BOUNDS)
  t.diagnostic(`${reduced.orders} orders stand for ${full.orders}, with ${all.size} outcomes`)
  assert.ok(full.isComplete && full.orders > 10 * reduced.orders && all.size > 2)
  assert.deepEqual(some, all)
})

/** The run, noting how it ends: what was answered, and which pods are there. */
function noting(run: ModelRun, outcomes: Set<string>): Run {
  const { callers, cluster } = run.world
  return {
    ...run,
    wrongAtRest: () => {
      const answers = callers.asked.map(({ review, answer }) => `${review.name}: ${answer && textOf(answer.verdict)}`)
      outcomes.add([...answers.toSorted(), ...cluster.pods().map(({ uid, tier }) => `${uid} as ${tier}`)].join(', '))
      return run.wrongAtRest()
    },
  }
}

/** The run with no two events that commute. */
function inEveryOrder(run: Run): Run {
  const touches = { reads: [], writes: ['everything'] }
  return { ...run, urgent: () => undefined, enabled: () => run.enabled().map(event => ({ ...event, touches })) }
}

function figures({ orders, runs, deepest, isComplete }: Explored): string {
  return `${isComplete ? 'all' : 'the first'} ${orders} orders of up to ${deepest} events, in ${runs} executions`
}

async function assertRight(scenario: Scenario, { violation }: Explored): Promise<void> {
  if (violation === undefined) return
  const shortest = await shortened(() => begin(scenario), violation, SHORTENING_RUNS)
  assert.fail(await tell(scenario, REAL, shortest))
}
