import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { difference, NO_AMOUNTS } from '../../quota/holding.ts'
import { amounts } from '../../quota/testing.ts'
import type { Amounts } from '../../quota/usage.ts'
import { sizeOf } from '../units.ts'
import { type Gains, hasRoom, housedIn, type Room } from './rooms.ts'

const someAmounts = fc.record({ a: fc.nat(4), b: fc.nat(2) }).map(numbers => amounts(numbers))

const someNodes = fc.array(someAmounts, { maxLength: 5 }).map(all => all.map((each, at) => [`n${at}`, each] as const))

const somePods = fc.array(
  fc.record({ a: fc.nat(2), b: fc.nat(2) }).filter(({ a, b }) => a + b > 0),
  { maxLength: 6 },
)

test('pods that are alike are housed as if each looked at every node', () => {
  let homeless = 0
  fc.assert(
    fc.property(someNodes, fc.array(fc.tuple(fc.nat(4), someAmounts)), somePods, (nodes, left, pods) => {
      const room: Room = { onNodes: new Map(nodes), open: new Map(nodes.filter(([, has]) => sizeOf(has) > 0n)) }
      const gains: Gains = new Map(left.map(([at, more]) => [`n${at}`, more]))
      const asked = pods.flatMap(each => [amounts(each), amounts(each)])
      const housed = housedIn(room, gains, asked)
      assert.deepEqual([housed.gains, housed.homeless], plainly(room, gains, asked))
      if (housed.homeless !== null) homeless += 1
    }),
  )
  assert.ok(homeless > 10, 'some find no node')
})

function plainly(room: Room, gains: Gains, pods: readonly Amounts[]): readonly [Gains, Amounts | null] {
  const left = new Map(gains)
  for (const asked of pods.toSorted((a, b) => Number(sizeOf(b) - sizeOf(a)))) {
    const name = [...left.keys(), ...room.open.keys()].find(node => hasRoom(room, left, node, asked))
    if (name === undefined) return [left, asked]
    left.set(name, difference(left.get(name) ?? NO_AMOUNTS, asked))
  }
  return [left, null]
}
