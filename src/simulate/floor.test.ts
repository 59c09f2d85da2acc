import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { floorOf, type Seat } from './floor.ts'

const NODES = [
  { name: 'a', model: 'm', gpus: 2 },
  { name: 'b', model: 'm', gpus: 4 },
]

const floor = () => floorOf(NODES, model => model)
const part = (milliOfEach: number) => ({ gpus: 1, milliOfEach })
const whole = (gpus: number) => ({ gpus, milliOfEach: 1000 })

test('whole GPUs go where the fewest are free, and fractions where the least is left', () => {
  const { sit } = floor()
  assert.equal(sit('m', whole(1))?.node, 'a')
  assert.deepEqual(sit('m', part(400))?.gpus, [1])
  assert.deepEqual(sit('m', part(500)), { node: 'a', class: 'm', gpus: [1], milliOfEach: 500 })
  assert.equal(sit('m', part(200))?.node, 'b')
  assert.equal(sit('m', whole(4)), undefined)
  assert.equal(sit('m', whole(3))?.node, 'b')
})

test('what is free in pieces is no room for a whole', () => {
  const { sit, idle } = floor()
  for (let gpu = 0; gpu < 6; gpu += 1) sit('m', part(510))
  assert.equal(idle('m'), 6 * 490)
  assert.equal(sit('m', whole(1)), undefined)
  assert.equal(sit('m', part(500)), undefined)
  assert.equal(sit('m', part(490))?.milliOfEach, 490)
})

test('a size that no empty node has room for is known to be one', () => {
  const { canEverHost } = floor()
  assert.deepEqual(
    [canEverHost('m', whole(4)), canEverHost('m', whole(5)), canEverHost('x', whole(1))],
    [true, false, false],
  )
})

test('no GPU is ever given more than it has, and what is left is what was there', () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 4 }).map(whole), fc.integer({ min: 1, max: 999 }).map(part))
  const acts = fc.array(fc.record({ size: sizes, leaves: fc.nat(30) }), { maxLength: 80 })
  fc.assert(
    fc.property(acts, all => {
      const { sit, leave, idle } = floor()
      const seats: Seat[] = []
      for (const { size, leaves } of all) {
        const gone = leaves % 3 === 0 ? seats.splice(leaves % Math.max(1, seats.length), 1) : []
        for (const seat of gone) leave(seat)
        const seat = sit('m', size)
        if (seat !== undefined) seats.push(seat)
        assertWithin(seats)
        const taken = seats.reduce((sum, { gpus, milliOfEach }) => sum + gpus.length * milliOfEach, 0)
        assert.equal(idle('m'), 6000 - taken)
      }
    }),
  )
})

function assertWithin(seats: readonly Seat[]): void {
  const used = new Map<string, number>()
  for (const { node, gpus, milliOfEach } of seats) {
    for (const gpu of gpus) used.set(`${node}/${gpu}`, (used.get(`${node}/${gpu}`) ?? 0) + milliOfEach)
  }
  for (const [gpu, milli] of used) assert.ok(milli <= 1000, `${gpu} has ${milli}`)
}
