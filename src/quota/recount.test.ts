import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIERS } from '../schema/parts.ts'
import type { Claim } from './claim.ts'
import { gangKey, joined } from './gang.ts'
import { holdingOf } from './holding.ts'
import {
  type Charge,
  charge,
  chargeOf,
  charges,
  EMPTY_LEDGER,
  type Ledger,
  ledgerOf,
  withClaim,
  withGang,
} from './ledger.ts'
import { find } from './persistent-map.ts'
import { changesNothing, driftOf, recount } from './recount.ts'
import { podTally, type SeenPod } from './tally.ts'
import { amounts, booked, present, viewOf } from './testing.ts'

const KEY = gangKey('t', 'g')

test('a pod that was seen moves to the base, one that is gone leaves, and one not seen yet stays', () => {
  const ledger = ledgerOf(['live', 'gone', 'unseen'].map(uid => booked(uid)))
  const after = recount(ledger, viewOf({ live: [booked('live')], gone: ['gone'], asOfMs: 99 }))
  assert.deepEqual(uidsIn(after), ['unseen'])
  assert.equal(heldBy(after), 4n)
})

test('a charge whose pod never came lapses once everything created before its expiry was seen, and not before', () => {
  const ledger = ledgerOf([booked('early', { expiresAtMs: 50 }), booked('late')])
  for (const [asOfMs, want] of [
    [49, ['early', 'late']],
    [50, ['late']],
    [100, []],
  ] as const) {
    assert.deepEqual(uidsIn(recount(ledger, viewOf({ asOfMs }))), want)
  }
})

test('a view that has not reached what the base was counted by lowers nothing (kubernetes#123434)', () => {
  const ledger = recount(ledgerOf([booked('1')]), viewOf({ live: [booked('1')], position: 9 }))
  assert.equal(heldBy(ledger), 2n)
  assert.equal(recount(ledger, viewOf({ position: 8, asOfMs: 1000 })), ledger)
  assert.equal(heldBy(recount(ledger, viewOf({ position: 10 }))), 0n)
})

test('a review that arrives after its pod was counted books it a second time, until the next recount', () => {
  const tally = podTally()
  const [first, second] = ['1', '2'].map(uid => booked(uid, { gang: KEY }))
  assert.ok(first !== undefined && second !== undefined)
  const gang = { tenant: 't', tier: 'reserved', size: 3, whole: amounts({ a: 6 }), isCounted: false } as const
  const half = { ...gang, arrived: 1, came: amounts({ a: 2 }), open: 1, heldUntilMs: 1000 }
  tally.seen(first, 1n)
  const view = tally.view(0)
  const ledger = recount(ledgerOf([first], [[KEY, half]]), view)
  tally.stored(view)
  assert.equal(heldBy(ledger), 6n)

  const member = present(find(ledger.gangs, KEY), 'gang')
  const again = withGang(
    charge(ledger, first),
    KEY,
    joined(member, { id: '', size: 3, demand: gang.whole }, first, 1000),
  )
  const after = recount(again, tally.view(0))
  assert.deepEqual([after.charges.size, heldBy(after)], [0, 6n])
  assert.deepEqual(find(after.gangs, KEY)?.arrived, 1, 'one member has come, not two')
})

test('a leader that finds no pods counts none: a list says how far it reaches even when it is empty', () => {
  const ledger = recount(ledgerOf([booked('1')]), viewOf({ live: [booked('1')], position: 9 }))
  const next = podTally()
  assert.equal(heldBy(recount(ledger, next.view(0))), 2n, 'it has not listed yet')
  next.reached(12n)
  assert.equal(heldBy(recount(ledger, next.view(0))), 0n)
})

test('a recount that adds nothing is the same ledger: nothing has to be written', () => {
  const view = viewOf({ live: [booked('1')] })
  const ledger = recount(ledgerOf([booked('1'), booked('2')]), view)
  assert.equal(recount(ledger, view), ledger)
})

test('what a tally is told after a view does not show in it', () => {
  const tally = podTally()
  const before = tally.view(0)
  tally.seen(booked('1'), 1n)
  const ledger = ledgerOf([booked('1')])
  assert.deepEqual(uidsIn(recount(ledger, before)), ['1'], 'its base would lack the pod')
  assert.equal(heldBy(recount(ledger, before)), 2n)
})

test('drift is what pods hold that nobody charged, and what is counted otherwise than it was charged', () => {
  const tally = podTally()
  tally.seen(booked('1'), 1n)
  assert.equal(driftOf(EMPTY_LEDGER, tally.view(0)), null, 'it is not known what others counted before')
  const first = tally.view(0)
  const ledger = recount(ledgerOf([booked('1')]), first)
  tally.stored(first)
  assert.equal(driftOf(ledger, tally.view(0)), 0n)

  tally.seen(booked('stranger', { amounts: amounts({ a: 5 }) }), 2n)
  assert.equal(driftOf(ledger, tally.view(0)), 5n)
  const charged = ledgerOf([booked('stranger', { amounts: amounts({ a: 7 }) })], [], ledger.base)
  assert.equal(driftOf(charged, tally.view(0)), 2n)

  tally.gone('1', 3n)
  assert.equal(driftOf(charged, tally.view(0)), 2n, 'who left is accounted for')
})

const MOVE: Claim = {
  tenant: 't',
  tier: 'reserved',
  amounts: amounts({ a: 2 }),
  heldFor: { kind: 'pod', uid: '1' },
  untilMs: 100,
}
const OWNED: Claim = { ...MOVE, tier: 'burst', heldFor: { kind: 'owner', owner: 'o' } }

test('a claim lapses when everything up to its end has been seen', () => {
  const ledger = withClaim(withClaim(EMPTY_LEDGER, OWNED), MOVE)
  assert.equal(recount(ledger, viewOf({ position: 0, asOfMs: 99 })), ledger)
  const lapsed = recount(ledger, viewOf({ position: 0, asOfMs: 100 }))
  assert.deepEqual([lapsed.claims.size, lapsed.held.size], [0, 0])
  assert.equal(changesNothing(ledger, viewOf({ position: 0, asOfMs: 100 })), false)
})

test('the claim of a pod that moves ends in the value that counts the pod in its tier', () => {
  const before = booked('1', { tier: 'burst' })
  const counted = recount(ledgerOf([before]), viewOf({ live: [before] }))
  const claimed = withClaim(counted, MOVE)
  assert.equal(recount(claimed, viewOf({ live: [before] })), claimed, 'it has not moved yet')

  const moved = recount(claimed, viewOf({ live: [booked('1')], position: 2 }))
  const { reserved, burst } = holdingOf(moved.held, 't')
  assert.deepEqual([moved.claims.size, reserved, burst], [0, amounts({ a: 2 }), amounts({})])
})

test('the claim of a pod that is gone ends, and that of a pod nobody has seen waits for its end', () => {
  const claimed = withClaim(EMPTY_LEDGER, MOVE)
  assert.equal(recount(claimed, viewOf({ position: 2 })).claims.size, 1)
  assert.equal(recount(claimed, viewOf({ gone: ['1'], position: 2 })).claims.size, 0)
})

test('a pod that was moved as its claim announced is no drift, and one that moved by itself is', () => {
  const tally = podTally()
  const first = booked('1', { tier: 'burst' })
  tally.seen(first, 1n)
  const view = tally.view(0)
  const ledger = recount(ledgerOf([first]), view)
  tally.stored(view)
  tally.seen(booked('1'), 2n)
  assert.equal(driftOf(withClaim(ledger, MOVE), tally.view(0)), 0n)
  assert.equal(driftOf(ledger, tally.view(0)), 2n)
  const later = tally.view(0)
  tally.stored(later)
  assert.equal(driftOf(recount(withClaim(ledger, MOVE), later), tally.view(0)), 0n, 'once')
})

interface Step {
  readonly kind: 'book' | 'seen' | 'gone' | 'recount'
  readonly pod: number
  readonly isStored: boolean
}

test('whatever a leader sees and when, a ledger holds at least what live pods hold, and in the end exactly that', () => {
  const someStep: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('book', 'seen', 'seen', 'gone', 'recount', 'recount'),
    pod: fc.nat(5),
    isStored: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(someStep, { maxLength: 40 }), steps => {
      const pods = Array.from({ length: 6 }, (_, index) =>
        booked(`${index}`, { tier: present(TIERS[index % 3], 'tier'), amounts: amounts({ a: 1 + index }) }),
      )
      const world = {
        tally: podTally(),
        ledger: EMPTY_LEDGER,
        live: new Set<SeenPod>(),
        past: new Set<SeenPod>(),
        at: 0n,
      }
      for (const { kind, pod, isStored } of steps) play(world, kind, present(pods[pod], 'pod'), isStored)
      const end = world.tally.view(Number.MAX_SAFE_INTEGER)
      const last = recount(world.ledger, end)
      assert.equal(last.charges.size, 0)
      for (const tier of TIERS) assert.equal(heldIn(last, tier), heldByAll(world.live, tier))
      if (end.gone.since === world.ledger.base.position) assert.equal(driftOf(world.ledger, end), 0n)
    }),
  )
})

interface World {
  readonly tally: ReturnType<typeof podTally>
  ledger: Ledger
  readonly live: Set<SeenPod>
  readonly past: Set<SeenPod>
  at: bigint
}

/** A pod is booked, then seen, then gone, each at most once; a recount may be lost before it is stored. */
function play(world: World, kind: Step['kind'], pod: Charge, isStored: boolean): void {
  const isBooked = chargeOf(world.ledger, pod.uid) !== undefined
  if (kind === 'book' && !isBooked && !world.live.has(pod) && !world.past.has(pod)) {
    world.ledger = ledgerOf([...charges(world.ledger), pod], [], world.ledger.base)
  }
  if (kind === 'seen' && isBooked && !world.past.has(pod)) {
    world.live.add(pod)
    world.tally.seen(pod, ++world.at)
  }
  if (kind === 'gone' && world.live.delete(pod)) {
    world.past.add(pod)
    world.tally.gone(pod.uid, ++world.at)
  }
  if (kind === 'recount') {
    const view = world.tally.view(0)
    const next = recount(world.ledger, view)
    if (isStored) world.tally.stored(view)
    if (isStored) world.ledger = next
  }
  for (const tier of TIERS) assert.ok(heldIn(world.ledger, tier) >= heldByAll(world.live, tier))
}

function heldByAll(pods: Iterable<SeenPod>, tier: SeenPod['tier']): bigint {
  return [...pods].filter(pod => pod.tier === tier).reduce((sum, pod) => sum + (pod.amounts.get('a') ?? 0n), 0n)
}

function heldIn(ledger: Ledger, tier: SeenPod['tier']): bigint {
  return holdingOf(ledger.held, 't')[tier].get('a') ?? 0n
}

function heldBy(ledger: Ledger): bigint {
  return heldIn(ledger, 'reserved')
}

function uidsIn(ledger: Ledger): readonly string[] {
  return [...charges(ledger)].map(({ uid }) => uid).toSorted()
}
