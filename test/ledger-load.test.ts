/**
 * The ledger under load: 64 creators, three replicas, one store, and everything that can go wrong. `SLUICE_LOAD_ADMISSIONS=100000`
 * plays as many seeds as that takes; by default there are a few.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentile } from './bench/statistics.ts'
import { type LoadOptions, type LoadResult, ledgerLoad } from './load/ledger-load.ts'
import { FAIR, STORM } from './load/weather.ts'

const PER_SEED = 2_500
const ADMISSIONS = Number(process.env.SLUICE_LOAD_ADMISSIONS ?? 3 * PER_SEED)
const THREE_IN_A_STORM = { admissions: PER_SEED, replicas: 3, weather: STORM }

/** What must have happened, and how often in ten thousand admissions: a load in which nothing goes wrong proves nothing. */
const PLENTY = {
  'charged in reserved': 1_000,
  'charged in shared': 200,
  'charged in burst': 500,
  refused: 1_000,
  'dry run': 200,
  'asked twice': 200,
  gang: 50,
  'gang that lacks members': 20,
  'gang admitted': 20,
  'gang refused': 20,
  'gang hold lapsed': 20,
  'never created': 50,
  'charge lapsed': 50,
  'charge withdrawn': 10,
  'busy: deadline': 50,
  'busy: store': 50,
  conflict: 500,
  'invented conflict': 100,
  'lost call': 10,
  'lost answer': 10,
  'late call': 5,
  crash: 3,
  leader: 8,
  recount: 20,
  'recount that came too late': 1,
} as const

test('no limit is passed, nothing leaks and everybody is answered in time, whatever goes wrong', async t => {
  const total = new Map<string, number>()
  const answerMs: number[] = []
  const seeds = Math.ceil(ADMISSIONS / PER_SEED)
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { figures, problems } = await ledgerLoad({ ...THREE_IN_A_STORM, seed })
    assert.deepEqual(problems, [], `seed ${seed}`)
    for (const [what, times] of figures.counts) total.set(what, sumOrMost(what, total.get(what) ?? 0, times))
    answerMs.push(...figures.answerMs())
  }
  const asked = total.get('asked') ?? 0
  t.diagnostic(`${seeds} seeds: ${[...total].map(([what, times]) => `${what} ${times}`).join(', ')}`)
  t.diagnostic(`${perAsk(total, 'write')} writes per admission; answered in ${percentiles(answerMs)} of virtual time`)
  assert.ok(asked >= ADMISSIONS)
  assert.ok((total.get('oversubscribed') ?? 0) > 0, 'no owner ever came back for what burst had borrowed')
  for (const [what, least] of Object.entries(PLENTY)) {
    const times = total.get(what) ?? 0
    assert.ok(times >= Math.min(1, least) && times >= (least * asked) / 20_000, `${what}: only ${times}`)
  }
})

test('in fair weather one write serves many, with one replica and with several', async t => {
  for (const replicas of [1, 2, 3]) {
    const { figures, problems } = await ledgerLoad({ seed: 1, admissions: 600, replicas, weather: FAIR })
    assert.deepEqual(problems, [], `${replicas} replicas`)
    const busy = [...figures.counts.keys()].filter(what => what.startsWith('busy'))
    assert.deepEqual(busy, [], `${replicas} replicas`)
    const writes = perAsk(figures.counts, 'write')
    assert.ok(Number(writes) < 0.5, `${writes} writes per admission`)
    t.diagnostic(`${replicas} replicas: ${writes} writes per admission; answered in ${percentiles(figures.answerMs())}`)
  }
})

test('the same seed plays the same load', async () => {
  const [one, other] = [await storm({ seed: 5, admissions: 200 }), await storm({ seed: 5, admissions: 200 })]
  assert.deepEqual(one.figures.counts, other.figures.counts)
  assert.deepEqual(one.figures.answerMs(), other.figures.answerMs())
  assert.notDeepEqual((await storm({ seed: 6, admissions: 200 })).figures.counts, one.figures.counts)
})

test('a store that overwrites what it should refuse is caught', async () => {
  const { problems } = await storm({ seed: 1, ignoresVersions: true })
  assert.match(problems.join('\n'), /the ledger holds \d+ of \w+ for [\w-]+\/\w+, and its pods \d+/)
})

test('a recount that does not mind how old its view is is caught', async () => {
  const newest = 10n ** 18n
  const { problems } = await storm({ seed: 1, view: view => ({ ...view, position: newest }) })
  assert.match(problems.join('\n'), /the ledger holds \d+ of \w+ for [\w-]+\/\w+, and its pods \d+/)
})

test('a recount that believes its clock instead of its watch is caught', async () => {
  const { problems } = await storm({ seed: 1, view: view => ({ ...view, asOfMs: Number.MAX_SAFE_INTEGER }) })
  assert.match(problems.join('\n'), /the ledger holds \d+ of \w+ for [\w-]+\/\w+, and its pods \d+/)
})

function storm(options: Partial<LoadOptions>): Promise<LoadResult> {
  return ledgerLoad({ seed: 1, ...THREE_IN_A_STORM, ...options })
}

function sumOrMost(what: string, one: number, other: number): number {
  return what === 'oversubscribed' || what === 'burst' ? Math.max(one, other) : one + other
}

function perAsk(counts: ReadonlyMap<string, number>, what: string): string {
  return ((counts.get(what) ?? 0) / (counts.get('asked') ?? 0)).toFixed(3)
}

function percentiles(answerMs: readonly number[]): string {
  const sorted = answerMs.toSorted((a, b) => a - b)
  return `p50 ${percentile(sorted, 0.5)}, p99 ${percentile(sorted, 0.99)} ms`
}
