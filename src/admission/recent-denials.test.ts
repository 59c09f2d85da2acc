import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admission, clusterOf, type TestOwner } from '../controller/testing.ts'
import { manualClock } from '../quota/testing.ts'
import { type PastDenial, recentDenials } from './recent-denials.ts'

const owner = (tenant: string): TestOwner => ({ tenant, name: 'web' })
const past = (tenant: string, message: string, atMs: number): PastDenial => ({
  tenant,
  code: 'SLU-Q201',
  message,
  atMs,
})
const messages = (denials: readonly PastDenial[]) => denials.map(({ message }) => message)

test('a denial is its code and first line, and the same reason is one however often it is given', async () => {
  const clock = manualClock()
  const recent = recentDenials(clock)
  const { attempt } = admission(clusterOf({ burst: 2, tenants: { a: {}, b: {} } }), { ...recent, admitted() {} }, clock)
  await attempt(undefined, { gpus: 2 })
  clock.advance(1_000)
  await attempt(owner('b'))
  await attempt(owner('b'), { gpus: 2 })
  clock.advance(1_000)
  await attempt(owner('b'))
  await attempt(owner('b'), { gpus: 2, dryRun: true })
  const line = (gpus: number) => `exceeded quota: b/burst, requested: h100=${gpus}, used: 2, limited: 2`
  assert.deepEqual(recent.denials('b'), [
    { tenant: 'b', code: 'SLU-Q201', message: line(1), atMs: 2_000 },
    { tenant: 'b', code: 'SLU-Q201', message: line(2), atMs: 1_000 },
  ])
  assert.deepEqual(recent.denials('a'), [])
})

test('sixteen are kept of a tenant, the newest first, whoever gave them', () => {
  const clock = manualClock()
  clock.advance(100)
  const recent = recentDenials(clock)
  recent.heard(Array.from({ length: 20 }, (_, index) => past('a', `m${index}`, index)))
  assert.deepEqual(
    messages(recent.denials('a')),
    Array.from({ length: 16 }, (_, index) => `m${19 - index}`),
  )
  // One that comes late, one that is known already, and one from a clock that is ahead.
  recent.heard([past('a', 'late', 0), past('a', 'm18', 5), past('a', 'ahead', 9_999)])
  assert.deepEqual(messages(recent.denials('a')).slice(0, 3), ['ahead', 'm19', 'm18'])
  assert.deepEqual([recent.denials('a').length, recent.denials('a')[0]?.atMs], [16, 100])
})

test('the tenants whose last denial is longest ago are forgotten when there are too many in all', () => {
  const recent = recentDenials({ now: () => 100 }, 4)
  recent.heard([past('a', 'x', 1), past('a', 'y', 2), past('b', 'x', 3), past('c', 'x', 4), past('a', 'x', 5)])
  assert.deepEqual(
    ['a', 'b', 'c'].map(tenant => recent.denials(tenant).length),
    [2, 1, 1],
  )
  recent.heard([past('d', 'x', 6)])
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map(tenant => recent.denials(tenant).length),
    [2, 0, 1, 1],
  )
})

test('what was given after a mark comes in that order, in parts, and only once', () => {
  const recent = recentDenials({ now: () => 100 })
  recent.heard([past('a', 'x', 1), past('b', 'y', 2), past('a', 'z', 3), past('a', 'x', 4)])
  const first = recent.after(0, 2)
  assert.deepEqual(messages(first.denials), ['y', 'z'])
  const second = recent.after(first.mark, 2)
  assert.deepEqual(second.denials, [past('a', 'x', 4)])
  assert.deepEqual(recent.after(second.mark, 2), { denials: [], mark: second.mark })
})
