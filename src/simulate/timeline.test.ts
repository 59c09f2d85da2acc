import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { timeline } from './timeline.ts'

test('events come by their time, then their rank, then as they were entered', () => {
  const entries = fc.array(fc.record({ atMs: fc.nat(5), rank: fc.nat(2) }), { maxLength: 60 })
  fc.assert(
    fc.property(entries, all => {
      const line = timeline<number>()
      for (const [index, { atMs, rank }] of all.entries()) line.enter(atMs, rank, index)
      const taken = Array.from(all, () => line.next()?.event)
      const want = [...all.entries()]
        .toSorted(([, a], [, b]) => a.atMs - b.atMs || a.rank - b.rank)
        .map(([index]) => index)
      assert.deepEqual(taken, want)
      assert.equal(line.next(), undefined)
    }),
  )
})

test('what is entered between two moments takes its place', () => {
  const line = timeline<string>()
  line.enter(1, 0, 'first')
  line.enter(3, 0, 'third')
  assert.deepEqual(line.next(), { atMs: 1, rank: 0, sequence: 0, event: 'first' })
  line.enter(2, 0, 'second')
  assert.deepEqual([line.next()?.event, line.next()?.event, line.next()], ['second', 'third', undefined])
})
