import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../../admission/endpoint.ts'
import { manualClock } from '../../quota/testing.ts'
import { type UtilisationSample, watchUtilisation } from './utilisation.ts'

const MINUTE_MS = 60_000
const START_MS = 1_000 * MINUTE_MS

/** A source that says what it is set to, or fails. */
function watching() {
  const clock = manualClock()
  clock.advance(START_MS)
  const told: (number | null)[] = []
  const problems: string[] = []
  const log: Log = { decision() {}, event() {}, problem: message => void problems.push(message) }
  const state: { samples: readonly UtilisationSample[] | Error } = { samples: [] }
  const source = {
    async read() {
      if (state.samples instanceof Error) throw state.samples
      return state.samples
    },
  }
  const observer = { utilisationRead: (pods: number | null) => void told.push(pods) }
  const utilisation = watchUtilisation({ source, observer, clock, timer: clock, log })
  return {
    state,
    told,
    problems,
    utilisation,
    clock,
    /** Lets so much time pass, with the rounds that are due in it. */
    async pass(ms: number) {
      const steps = Math.max(1, Math.ceil(ms / MINUTE_MS))
      for (let step = 0; step < steps; step += 1) {
        clock.advance(ms / steps)
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}

const sample = (percent: number, atMs = START_MS, pod = 'train-0'): UtilisationSample => ({
  namespace: 'team-a',
  pod,
  percent,
  atMs,
})
const OLD = { namespace: 'team-a', name: 'train-0', startedAtMs: START_MS - 60 * MINUTE_MS }

test('the first reading comes at once, and then one every minute', async () => {
  const { state, utilisation, pass, told } = watching()
  state.samples = [sample(3)]
  assert.equal(utilisation.of(OLD), null)
  await pass(0)
  assert.equal(utilisation.of(OLD), 3)
  state.samples = [sample(4), sample(5, START_MS, 'other')]
  await pass(MINUTE_MS - 1)
  assert.equal(utilisation.of(OLD), 3)
  await pass(1)
  assert.deepEqual([utilisation.of(OLD), told], [4, [1, 2]])
})

test('of several GPUs, or parts of one, the busiest counts', async () => {
  const { state, utilisation, pass } = watching()
  state.samples = [sample(3), sample(80), sample(0)]
  await pass(0)
  assert.equal(utilisation.of(OLD), 80)
})

test('nothing is known of a pod that is not measured, has not run for as long as the average, or is another of its name', async () => {
  const { state, utilisation, pass } = watching()
  state.samples = [sample(3)]
  await pass(0)
  const started = (ago: number) => utilisation.of({ ...OLD, startedAtMs: START_MS - ago })
  assert.deepEqual([started(10 * MINUTE_MS), started(10 * MINUTE_MS - 1)], [3, null])
  assert.equal(utilisation.of({ ...OLD, startedAtMs: null }), null)
  assert.equal(utilisation.of({ ...OLD, name: 'train-1' }), null)
  assert.equal(utilisation.of({ ...OLD, namespace: 'team-b' }), null)
})

test('a pod that is no longer measured is no longer known', async () => {
  const { state, utilisation, pass } = watching()
  state.samples = [sample(3)]
  await pass(0)
  state.samples = []
  await pass(MINUTE_MS)
  assert.equal(utilisation.of(OLD), null)
})

test('while nobody answers, the last answer holds for five minutes; that is told once, and counted each time', async () => {
  const { state, utilisation, pass, problems, told } = watching()
  state.samples = [sample(3)]
  await pass(0)
  state.samples = new Error('refused')
  await pass(5 * MINUTE_MS)
  assert.equal(utilisation.of(OLD), 3)
  await pass(1)
  assert.equal(utilisation.of(OLD), null)
  assert.deepEqual([problems.length, told], [1, [1, null, null, null, null, null]])
})

test('an answer from long ago, or from far ahead, is no answer', async () => {
  const cases = [
    { offsetMs: -5 * MINUTE_MS, want: 3 },
    { offsetMs: -5 * MINUTE_MS - 1, want: null },
    { offsetMs: 5 * MINUTE_MS, want: 3 },
    { offsetMs: 5 * MINUTE_MS + 1, want: null },
  ]
  for (const { offsetMs, want } of cases) {
    const { state, utilisation, pass } = watching()
    state.samples = [sample(3, START_MS + offsetMs)]
    await pass(0)
    assert.equal(utilisation.of(OLD), want, `${offsetMs}`)
  }
})

test('once it is stopped nothing is read', async () => {
  const { pass, told, utilisation } = watching()
  await pass(0)
  utilisation.stop()
  await pass(10 * MINUTE_MS)
  assert.deepEqual(told, [0])
})
