import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import { amend } from './change.ts'
import { decide, type Outcome, type Request } from './decide.ts'
import { explain } from './explain.ts'
import { gangKey, missingFrom, type WholeGang } from './gang.ts'
import { type Charge, chargeOf, EMPTY_LEDGER, knownGang } from './ledger.ts'
import { find } from './persistent-map.ts'
import {
  amounts,
  bookOn,
  cohort,
  KEYS,
  present,
  request,
  STAMP,
  someDemand,
  someScenario,
  tenant,
  tenantNamed,
  viewOf,
} from './testing.ts'
import { available, used } from './usage.ts'

const HELD_UNTIL = STAMP.holdUntilMs

test('the first member charges the whole gang, and the others draw on it', () => {
  const pods = members('g', 4, { gpu: 2 })
  const { book, outcomes } = played(bookOf({ reserved: 8 }), pods)
  assert.deepEqual(outcomes, ['reserved', 'reserved', 'reserved', 'reserved'])
  const first = played(bookOf({ reserved: 8 }), pods.slice(0, 1)).book
  for (const one of [first, book]) assert.equal(usedBy(one, 'reserved'), 8n)
  assert.equal(tierOf(decide(first, request('x', 't', { gpu: 1 }, 'reserved'), STAMP).outcome), 'refused')
})

test('a gang that does not fit is refused whole, at its first member, and holds nothing', () => {
  const { book, outcomes } = played(bookOf({ reserved: 7 }), members('g', 4, { gpu: 2 }))
  assert.deepEqual(outcomes, ['refused', 'refused', 'refused', 'refused'])
  assert.equal(book.ledger, EMPTY_LEDGER)
})

test('a refusal explains what the whole gang needs, and how many pods that is', () => {
  const book = bookOf({ reserved: 7 })
  const [first] = members('g', 4, { gpu: 2 })
  const { tiers } = explain(book, tenantNamed(book.quota, 't'), present(first, 'member'))
  assert.deepEqual(
    tiers.map(({ tier, pods, classes }) => [tier, pods, classes[0]?.requested, classes[0]?.short]),
    [
      ['reserved', 4, 8n, 1n],
      ['shared', 4, 8n, 8n],
      ['burst', 4, 8n, 1n],
    ],
  )
})

test('two gangs that fit only one by one never get half each', () => {
  const [a, b] = [members('a', 3, { gpu: 2 }), members('b', 3, { gpu: 2 })]
  const interleaved = a.flatMap((pod, index) => [pod, present(b[index], 'member')])
  const { outcomes } = played(bookOf({ reserved: 8 }, ['reserved']), interleaved)
  assert.deepEqual(outcomes, ['reserved', 'refused', 'reserved', 'refused', 'reserved', 'refused'])
})

test('the gang stays in the tier in which its first member found room for all', () => {
  const before = played(bookOf({ reserved: 6, burst: 6 }), [request('x', 't', { gpu: 1 })]).book
  const { book, outcomes } = played(before, members('g', 3, { gpu: 2 }))
  assert.deepEqual(outcomes, ['burst', 'burst', 'burst'])
  // Reserved has room for one, but joining its gang comes first.
  assert.deepEqual([usedBy(book, 'reserved'), usedBy(book, 'burst')], [1n, 6n])
})

test('members of different sizes draw what they ask for, and what exceeds the hold is judged', () => {
  const gang = { id: 'g', size: 3, demand: amounts({ gpu: 6 }) }
  const of = (uid: string, gpu: number): Request => ({ ...request(uid, 't', { gpu }), gang })
  const { book, outcomes } = played(bookOf({ reserved: 7 }, ['reserved']), [of('1', 4), of('2', 1), of('3', 3)])
  // 4 + 1 leave 1 held; the third asks for 2 beyond it, and only 1 is free.
  assert.deepEqual(outcomes, ['reserved', 'reserved', 'refused'])
  assert.equal(usedBy(book, 'reserved'), 6n)
  assert.equal(tierOf(decide(book, of('3', 2), STAMP).outcome), 'reserved')
})

test('the room of members that never come is given back when the hold lapses', () => {
  const { book } = played(bookOf({ reserved: 8 }), members('g', 4, { gpu: 2 }).slice(0, 2))
  const live = ['g-0', 'g-1'].map(uid => chargeIn(book, uid))
  const early = amend(book, { kind: 'recount', view: viewOf({ live, asOfMs: HELD_UNTIL - 1 }) })
  assert.equal(usedBy(early, 'reserved'), 8n)
  const late = amend(book, { kind: 'recount', view: viewOf({ live, asOfMs: HELD_UNTIL }) })
  assert.equal(usedBy(late, 'reserved'), 4n)
})

test('after its hold has lapsed a gang must fit with all who are missing again', () => {
  const pods = members('g', 4, { gpu: 2 })
  const { book } = played(bookOf({ reserved: 8 }, ['reserved']), pods.slice(0, 2))
  const live = ['g-0', 'g-1'].map(uid => chargeIn(book, uid))
  const lapsed = amend(book, { kind: 'recount', view: viewOf({ live, asOfMs: HELD_UNTIL }) })
  const third = present(pods[2], 'third')
  const contended = played(lapsed, [request('x', 't', { gpu: 1 })]).book
  assert.equal(tierOf(decide(contended, third, STAMP).outcome), 'refused', 'the fourth would not fit')
  const again = decide(lapsed, third, STAMP)
  assert.equal(tierOf(again.outcome), 'reserved')
  assert.equal(usedBy(again.book, 'reserved'), 8n)
})

test('a member past the minimum, and one that replaces another, is judged by itself', () => {
  const { book } = played(bookOf({ reserved: 9 }, ['reserved']), members('g', 2, { gpu: 4 }))
  const live = ['g-0', 'g-1'].map(uid => chargeIn(book, uid))
  const more = { ...request('g-2', 't', { gpu: 1 }), gang: gangOf('g', 2, { gpu: 8 }) }
  assert.equal(tierOf(decide(book, more, STAMP).outcome), 'reserved')

  const complete = amend(book, { kind: 'recount', view: viewOf({ live, position: 1, asOfMs: HELD_UNTIL }) })
  const [kept] = live
  const onePodLess = viewOf({ live: kept === undefined ? [] : [kept], position: 2, asOfMs: HELD_UNTIL })
  const replaced = amend(complete, { kind: 'recount', view: onePodLess })
  assert.equal(usedBy(replaced, 'reserved'), 4n)
  const replacement = { ...request('g-3', 't', { gpu: 4 }), gang: gangOf('g', 2, { gpu: 8 }) }
  const decided = decide(replaced, replacement, STAMP)
  assert.equal(tierOf(decided.outcome), 'reserved')
  assert.equal(usedBy(decided.book, 'reserved'), 8n, 'and nothing is held for others')
})

test('a gang is forgotten when its last pod is gone, and begins anew', () => {
  const pods = members('g', 2, { gpu: 4 })
  const { book } = played(bookOf({ reserved: 8 }, ['reserved']), pods)
  const key = gangKey('t', 'g')
  const released = ['g-0', 'g-1'].reduce((left, uid) => amend(left, { kind: 'release', uid }), book)
  assert.equal(released.ledger.gangs.size, 0)

  const live = ['g-0', 'g-1'].map(uid => chargeIn(book, uid))
  const counted = amend(book, { kind: 'recount', view: viewOf({ live, position: 1 }) })
  assert.deepEqual(knownGang(counted.ledger, key), { tier: 'reserved', size: 2 }, 'its pods run')
  const over = amend(counted, { kind: 'recount', view: viewOf({ position: 2 }) })
  assert.equal(knownGang(over.ledger, key), undefined)
  assert.equal(usedBy(over, 'reserved'), 0n)
  const restarted = played(over, pods.slice(0, 1)).book
  assert.equal(usedBy(restarted, 'reserved'), 8n)
})

test('a member whose caller was not told gives its place back to the hold', () => {
  const { book } = played(bookOf({ reserved: 8 }), members('g', 2, { gpu: 4 }))
  const withdrawn = amend(book, { kind: 'withdraw', charge: chargeIn(book, 'g-1') })
  assert.equal(withdrawn.ledger.charges.size, 1)
  const gang = present(find(withdrawn.ledger.gangs, gangKey('t', 'g')), 'gang')
  assert.deepEqual([gang.arrived, gang.open, missingFrom(gang)], [1, 1, amounts({ gpu: 4 })])
  const none = amend(withdrawn, { kind: 'withdraw', charge: chargeIn(book, 'g-0') })
  assert.deepEqual([none.ledger.charges.size, none.ledger.gangs.size, usedBy(none, 'reserved')], [0, 0, 0n])
})

test('when the last of a gang to come is withdrawn, its room is held for as long as its charge would have lasted', () => {
  const { book } = played(bookOf({ reserved: 8 }, ['reserved']), members('g', 2, { gpu: 4 }))
  const withdrawn = amend(book, { kind: 'withdraw', charge: chargeIn(book, 'g-1') })
  assert.equal(usedBy(withdrawn, 'reserved'), 8n, 'or another pod could take it, and the gang would be half a gang')
  const live = [chargeIn(book, 'g-0')]
  const late = viewOf({ live, asOfMs: STAMP.expiresAtMs })
  assert.equal(usedBy(amend(withdrawn, { kind: 'recount', view: late }), 'reserved'), 4n)
})

test('a larger gang under the name of one that still has a pod must fit whole', () => {
  const { book } = played(bookOf({ reserved: 12 }, ['reserved']), members('g', 2, { gpu: 4 }))
  const live = ['g-0', 'g-1'].map(uid => chargeIn(book, uid))
  const counted = amend(book, { kind: 'recount', view: viewOf({ live, position: 1 }) })
  const ending = amend(counted, { kind: 'recount', view: viewOf({ live: live.slice(0, 1), position: 2 }) })
  const again = Array.from({ length: 5 }, (_, index): Request => {
    return { ...request(`h-${index}`, 't', { gpu: 4 }), gang: gangOf('g', 5, { gpu: 20 }) }
  })
  assert.deepEqual(played(ending, again).outcomes, Array(5).fill('refused'))
  const smaller = { ...request('i', 't', { gpu: 4 }), gang: gangOf('g', 2, { gpu: 8 }) }
  assert.equal(tierOf(decide(ending, smaller, STAMP).outcome), 'reserved', 'one that replaces a pod needs itself alone')
})

test('how many pods must fit at once is said for each tier: all of a gang, those missing, or the one that asks', () => {
  const pods = members('g', 3, { gpu: 2 })
  const [first, second, third] = pods
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const podsIn = (book: Book, ask: Request) =>
    explain(book, tenantNamed(book.quota, 't'), ask).tiers.map(({ tier, pods: count }) => `${tier} ${count}`)
  const empty = bookOf({ reserved: 6, burst: 6 })
  assert.deepEqual(podsIn(empty, first), ['reserved 3', 'shared 3', 'burst 3'])
  const { book } = played(empty, [first])
  assert.deepEqual(podsIn(book, second), ['reserved 1', 'shared 1', 'burst 1'])
  const lapsed = amend(book, { kind: 'recount', view: viewOf({ live: [chargeIn(book, 'g-0')], asOfMs: HELD_UNTIL }) })
  assert.deepEqual(podsIn(lapsed, second), ['reserved 2', 'shared 1', 'burst 1'])
  const { book: complete } = played(book, [second, third])
  assert.deepEqual(podsIn(complete, { ...first, uid: 'g-3' }), ['reserved 1', 'shared 1', 'burst 1'])
})

test('a member that names another tier stands by itself there', () => {
  const { book } = played(bookOf({ reserved: 8, burst: 4 }), members('g', 2, { gpu: 4 }).slice(0, 1))
  const other = { ...request('g-1', 't', { gpu: 4 }, 'burst'), gang: gangOf('g', 2, { gpu: 8 }) }
  const decided = decide(book, other, STAMP)
  assert.equal(tierOf(decided.outcome), 'burst')
  assert.equal(chargeIn(decided.book, 'g-1').gang, null)
  assert.equal(usedBy(decided.book, 'reserved'), 8n, 'its place in the gang is kept until the hold lapses')
})

test('a gang whose other members use a class that the tenant may not use can never come whole', () => {
  const book = bookOf({ reserved: 8 })
  const pod = { ...request('1', 't', { gpu: 1 }), gang: { id: 'g', size: 2, demand: amounts({ gpu: 1, tpu: 4 }) } }
  const { outcome } = decide(book, pod, STAMP)
  assert.deepEqual(outcome.kind === 'barred' ? outcome.bars : outcome.kind, [
    { kind: 'class-not-allowed', class: 'tpu', allowed: ['gpu'] },
  ])
})

test('gangs of different tenants are never one, whatever they call themselves', () => {
  assert.notEqual(gangKey('t', 'g'), gangKey('u', 'g'))
  assert.notEqual(gangKey('t', 'g'), gangKey('t', 'h'))
  const ids = Array.from({ length: 20_000 }, (_, index) => gangKey('t', `ns/Job/${index}`))
  assert.equal(new Set(ids).size, ids.length)
})

interface Asked {
  readonly pod: Request
  readonly after: 'stay' | 'release' | 'withdraw'
}

const someAsked = (tenants: number): fc.Arbitrary<Asked> =>
  fc
    .record({
      owner: fc.nat(tenants - 1),
      gang: fc.option(fc.constantFrom('g', 'h'), { freq: 4 }),
      size: fc.integer({ min: 2, max: 4 }),
      uid: fc.nat(30),
      tier: fc.constantFrom('auto', ...TIERS),
      demand: someDemand,
      after: fc.constantFrom('stay', 'stay', 'stay', 'release', 'withdraw'),
    })
    .map(({ owner, gang, size, uid, tier, demand, after }) => {
      const whole = new Map([...demand].map(([key, one]) => [key, (one * BigInt(size)) as typeof one]))
      const base = { uid: `${uid}`, tenant: `t${owner}`, namespace: 'n', tier, demand } as const
      return { after, pod: gang === null ? base : { ...base, gang: { id: gang, size, demand: whole } } }
    })

test('with gangs too no limit is passed, use never shrinks by a request, and nothing is left when all are gone', () => {
  fc.assert(
    fc.property(someScenario, fc.array(someAsked(4), { maxLength: 30 }), ({ cohorts, tenants }, asked) => {
      let book = bookOn(cohorts, tenants, 'c0')
      for (const { pod, after: next } of asked) {
        const { outcome, book: after } = decide(book, pod, STAMP)
        assert.ok(totals(after).every((now, index) => now >= present(totals(book)[index], 'total')))
        book = after
        checkLimits(book)
        if (outcome.kind !== 'charged' || next === 'stay') continue
        const change = next === 'release' ? { kind: next, uid: pod.uid } : { kind: next, charge: outcome.charge }
        book = amend(book, change)
        checkLimits(book)
      }
      assert.deepEqual(totals(openBook(book.quota, book.ledger)), totals(book))
      const end = viewOf({ position: 1, asOfMs: Number.MAX_SAFE_INTEGER })
      assert.deepEqual(amend(book, { kind: 'recount', view: end }).ledger.held.size, 0)
    }),
  )
})

function checkLimits(book: Book): void {
  for (const { leaves } of book.quota.tenants.values()) {
    for (const key of KEYS) {
      assert.ok(available(book.firm, leaves.reserved, key) >= 0n)
      assert.ok(available(book.firm, leaves.shared, key) >= 0n)
    }
  }
}

function totals(book: Book): readonly bigint[] {
  return book.quota.tree.nodes.flatMap(node =>
    KEYS.flatMap(key => [used(book.firm, node, key), used(book.total, node, key)]),
  )
}

function bookOf(numbers: { reserved: number; burst?: number }, tierOrder: readonly Tier[] = TIERS): Book {
  const cohorts = [cohort('c', { gpu: { burst: numbers.burst ?? 0 } })]
  const tenants = [tenant('t', 'c', { gpu: { reserved: numbers.reserved } }, { tierOrder })]
  return bookOn(cohorts, tenants, 'c')
}

function gangOf(id: string, size: number, demand: Readonly<Record<string, number>>): WholeGang {
  return { id, size, demand: amounts(demand) }
}

function members(id: string, size: number, each: Readonly<Record<string, number>>): readonly Request[] {
  const whole = Object.fromEntries(Object.entries(each).map(([key, value]) => [key, value * size]))
  return Array.from({ length: size }, (_, index) => ({
    ...request(`${id}-${index}`, 't', each),
    gang: gangOf(id, size, whole),
  }))
}

function played(book: Book, requests: readonly Request[]) {
  let running = book
  const outcomes = requests.map(one => {
    const decided = decide(running, one, STAMP)
    running = decided.book
    return tierOf(decided.outcome)
  })
  return { book: running, outcomes }
}

function tierOf(outcome: Outcome): string {
  return outcome.kind === 'charged' ? outcome.charge.tier : outcome.kind
}

function usedBy(book: Book, tier: 'reserved' | 'burst'): bigint {
  return used(book.total, tenantNamed(book.quota, 't').leaves[tier], 'gpu')
}

function chargeIn(book: Book, uid: string): Charge {
  return present(chargeOf(book.ledger, uid), `charge ${uid}`)
}
