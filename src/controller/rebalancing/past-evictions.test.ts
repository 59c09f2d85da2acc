import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiAnswer, ApiCall } from '../api-server.ts'
import { turn } from '../counting/testing.ts'
import { pastEvictions } from './past-evictions.ts'

const NOW_MS = Date.UTC(2026, 0, 1, 12)

/** A leader that has begun to read, from an API server that answers so. */
async function reading(answer: (call: ApiCall) => ApiAnswer | Promise<ApiAnswer>) {
  const clock = manualClock()
  clock.advance(NOW_MS)
  const calls: ApiCall[] = []
  const problems: string[] = []
  const log = { decision() {}, event() {}, problem: (message: string) => void problems.push(message) }
  const api = {
    async call(call: ApiCall) {
      calls.push(call)
      return answer(call)
    },
  }
  const past = pastEvictions({ api, clock, log })
  const begin = async () => {
    past.begin()
    for (let turns = 0; turns < 50; turns += 1) await turn()
  }
  await begin()
  return { clock, calls, problems, past, begin, counts: () => [...past.withinTheHour(namespace => namespace)] }
}

const DIGEST = '0123456789abcdef'

function event(uid: string, more: { readonly name?: string; readonly at?: string; readonly in?: string } = {}) {
  const { name = `p.${DIGEST}`, at = '2026-01-01T11:30:00.000000Z', in: namespace = 'a' } = more
  return { metadata: { name, namespace }, regarding: { uid, namespace: 'a', name: 'p' }, eventTime: at }
}

const page = (items: readonly JsonObject[], next = ''): ApiAnswer => ({
  status: 200,
  body: { items, metadata: { continue: next } },
})

test('what former leaders did is read page by page, once', async () => {
  const { past, begin, counts, calls } = await reading(({ query }) =>
    query?.continue === undefined ? page([event('1')], 'more') : page([event('2'), event('1')]),
  )
  assert.ok(past.isRead())
  await begin()
  assert.deepEqual(counts(), [['a', 2]])
  assert.deepEqual(
    calls.map(({ query, timeoutMs }) => [query?.limit, query?.continue, timeoutMs]),
    [
      ['500', undefined, 60_000],
      ['500', 'more', 60_000],
    ],
  )
})

test('an event that no leader would have written counts for nobody', async () => {
  const forged = [
    event('of the year 9999', { at: '9999-01-01T00:00:00.000000Z' }),
    event('of no time', { at: 'now' }),
    event('of long ago', { at: '2026-01-01T10:59:00.000000Z' }),
    event('by another name', { name: 'p.forged' }),
    event('by the name of another pod', { name: `q.${DIGEST}` }),
    event('in another namespace', { in: 'b' }),
    { metadata: { name: `p.${DIGEST}`, namespace: 'a' } },
  ]
  const { past, counts } = await reading(() => page(forged))
  assert.ok(past.isRead())
  assert.deepEqual(counts(), [])
})

test('clocks of two leaders are not quite the same', async () => {
  const { counts, clock } = await reading(() => page([event('1', { at: '2026-01-01T12:00:20.000000Z' })]))
  assert.deepEqual(counts(), [['a', 1]])
  clock.advance(3_620_000)
  assert.deepEqual(counts(), [])
})

test('however many events there are, reading them ends', async () => {
  const { past, calls, counts } = await reading(() => page([event('1')], 'more'))
  assert.equal(calls.length, 20)
  assert.ok(past.isRead())
  assert.deepEqual(counts(), [['a', 1]])
})

test('what could not be read is told and read again half a minute later, and what was done meanwhile counts', async () => {
  let isAway = true
  const { past, begin, clock, calls, counts, problems } = await reading(() =>
    isAway ? { status: 500, body: { message: 'no' } } : page([event('1')]),
  )
  past.add('2', 'a')
  clock.advance(29_999)
  await begin()
  assert.deepEqual([past.isRead(), calls.length, problems.length, counts()], [false, 1, 1, [['a', 1]]])
  isAway = false
  clock.advance(1)
  await begin()
  assert.deepEqual([past.isRead(), calls.length, counts()], [true, 2, [['a', 2]]])
})

test('while an answer is waited for nothing is asked again', async () => {
  const { past, begin, clock, calls } = await reading(() => new Promise(() => {}))
  clock.advance(600_000)
  await begin()
  assert.deepEqual([past.isRead(), calls.length], [false, 1])
})
