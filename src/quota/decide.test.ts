import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import { amend } from './change.ts'
import { decide, type Outcome, type Request } from './decide.ts'
import { chargeOf } from './ledger.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { bookOn, cohort, present, request, STAMP, tenant, viewOf } from './testing.ts'
import { used } from './usage.ts'
import { viewFor } from './view.ts'

test('a pod without a tier gets the first that fits, in the order of its tenant', () => {
  const cases: readonly {
    readonly name: string
    readonly order?: readonly Tier[]
    readonly want: readonly string[]
  }[] = [
    { name: 'by default', want: ['reserved', 'reserved', 'shared', 'burst', 'refused'] },
    { name: 'own order', order: ['burst', 'reserved'], want: ['burst', 'reserved', 'reserved', 'refused', 'refused'] },
    { name: 'one tier only', order: ['shared'], want: ['shared', 'refused', 'refused', 'refused', 'refused'] },
  ]
  for (const { name, order, want } of cases) {
    const book = bookOf(
      [cohort('c', { gpu: { shared: 4, burst: 4 } })],
      [tenant('t', 'c', { gpu: { reserved: 8, burstLimit: 4 } }, order === undefined ? {} : { tierOrder: order })],
    )
    const pods = ['1', '2', '3', '4', '5'].map(uid => request(uid, 't', { gpu: 4 }))
    assert.deepEqual(decideAll(book, pods).map(tierOf), want, name)
  }
})

test('a pod that names its tier is judged there alone', () => {
  const book = bookOf([cohort('c', { gpu: { burst: 8 } })], [tenant('t', 'c', { gpu: { reserved: 8 } })])
  const named = ['1', '2', '3', '4'].map((uid, index) =>
    request(uid, 't', { gpu: 8 }, (['shared', 'burst', 'burst', 'reserved'] as const)[index] ?? 'auto'),
  )
  // The second burst takes what the reservation has idle; the reservation is admitted all the same.
  assert.deepEqual(decideAll(book, named).map(tierOf), ['refused', 'burst', 'burst', 'reserved'])
})

test('all classes of a pod must fit in one tier', () => {
  const book = bookOf(
    [cohort('c', { a: { shared: 2 }, b: { shared: 2 } })],
    [tenant('t', 'c', { a: { reserved: 2 }, b: { reserved: 0 } }, { tierOrder: ['reserved', 'shared'] })],
  )
  const pods = [request('1', 't', { a: 1, b: 1 }), request('2', 't', { a: 2, b: 1 }), request('3', 't', { a: 2, b: 0 })]
  assert.deepEqual(decideAll(book, pods).map(tierOf), ['shared', 'refused', 'reserved'])
})

test('a request that is wrong whatever is used is barred, with every reason', () => {
  const book = bookOf(
    [cohort('c', { a: { burst: 99 }, b: { burst: 99 } })],
    [tenant('t', 'c', { b: { perPodMin: 2, perPodMax: 4 }, a: {} })],
  )
  const cases: readonly { readonly name: string; readonly pod: Request; readonly want: readonly string[] }[] = [
    { name: 'no such tenant', pod: request('1', 'nobody', { a: 1 }), want: ['unknown-tenant'] },
    { name: 'a class that is not listed', pod: request('1', 't', { c: 1 }), want: ['class-not-allowed'] },
    { name: 'none of a class that is not listed', pod: request('1', 't', { a: 1, c: 0 }), want: [] },
    { name: 'too small', pod: request('1', 't', { b: 1 }), want: ['below-minimum'] },
    { name: 'too large', pod: request('1', 't', { b: 5 }), want: ['above-maximum'] },
    { name: 'the smallest', pod: request('1', 't', { b: 2 }), want: [] },
    { name: 'the largest', pod: request('1', 't', { b: 4 }), want: [] },
    { name: 'less than nothing', pod: request('1', 't', { a: -1 }), want: ['below-minimum'] },
    { name: 'two faults', pod: request('1', 't', { b: 5, __proto: 1 }), want: ['above-maximum', 'class-not-allowed'] },
  ]
  for (const { name, pod, want } of cases) {
    const { outcome, book: after } = decide(book, pod, STAMP)
    assert.deepEqual(outcome.kind === 'barred' ? outcome.bars.map(({ kind }) => kind) : [], want, name)
    if (want.length > 0) assert.equal(after, book, name)
  }
})

test('a pod asked about again has the tier it had, and no second charge', () => {
  const book = bookOf([cohort('c', { gpu: { burst: 8 } })], [tenant('t', 'c', { gpu: { reserved: 4 } })])
  const first = decide(book, request('1', 't', { gpu: 4 }), STAMP)
  // Asked by another replica at the same moment, or later: somebody still means to create the pod.
  for (const { stamp, want } of [
    { stamp: STAMP, want: { bookedBy: 'writer', expiresAtMs: 1001 } },
    { stamp: { ...STAMP, bookedBy: 'other', expiresAtMs: 1500 }, want: { bookedBy: 'other', expiresAtMs: 1500 } },
  ]) {
    const again = decide(first.book, request('1', 't', { gpu: 4 }), stamp)
    assert.equal(tierOf(again.outcome), 'reserved')
    const { bookedBy, expiresAtMs } = present(chargeOf(again.book.ledger, '1'), 'charge')
    assert.deepEqual({ bookedBy, expiresAtMs }, want)
    assert.equal(usedIn(again.book, 'total', 'reserved:t'), 4n)
  }

  const withNone = decide(first.book, request('1', 't', { gpu: 4, other: 0 }), STAMP)
  assert.equal(tierOf(withNone.outcome), 'reserved', 'none of a class is no other demand')
})

test('a UID cannot be charged for something else', () => {
  const book = bookOf(
    [cohort('c', { gpu: { burst: 8 } })],
    [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: {} })],
  )
  const first = decide(book, request('1', 't', { gpu: 4 }), STAMP)
  for (const other of [request('1', 't', { gpu: 3 }), request('1', 'u', { gpu: 4 }), request('1', 't', {})]) {
    const { outcome, book: after } = decide(first.book, other, STAMP)
    assert.deepEqual(outcome.kind === 'barred' ? outcome.bars.map(({ kind }) => kind) : outcome.kind, ['uid-taken'])
    assert.equal(after, first.book)
  }
})

test('changes to a book are idempotent and keep both views in step with the ledger', () => {
  const book = bookOf([cohort('c', { gpu: { shared: 4, burst: 4 } })], [tenant('t', 'c', { gpu: { reserved: 4 } })])
  const full = ['1', '2', '3'].reduce((all, uid) => decide(all, request(uid, 't', { gpu: 4 }), STAMP).book, book)
  const uses = (of: Book) => [usedIn(of, 'firm', 'cohort:c'), usedIn(of, 'total', 'cohort:c')]
  assert.deepEqual(uses(full), [8n, 12n])

  const released = amend(full, { kind: 'release', uid: '2' })
  assert.deepEqual(uses(released), [4n, 8n])
  assert.equal(amend(released, { kind: 'release', uid: '2' }), released)

  // The first was seen, the third never: past its expiry it lapses.
  const live = [present(chargeOf(released.ledger, '1'), 'charge')]
  const recount = { kind: 'recount', view: viewOf({ live, asOfMs: STAMP.expiresAtMs }) } as const
  const recounted = amend(released, recount)
  assert.deepEqual(uses(recounted), [4n, 4n])
  assert.deepEqual(uses(openBook(recounted.quota, recounted.ledger)), [4n, 4n])
  assert.equal(amend(recounted, recount), recounted)
})

test('a charge is withdrawn unless it was renewed or its pod seen since', () => {
  const book = bookOf([cohort('c', { gpu: { burst: 8 } })], [tenant('t', 'c', { gpu: {} })])
  const booked = decide(book, request('1', 't', { gpu: 4 }), STAMP)
  assert.ok(booked.outcome.kind === 'charged')
  const withdraw = { kind: 'withdraw', charge: booked.outcome.charge } as const

  assert.equal(amend(booked.book, withdraw).ledger.charges.size, 0)
  assert.equal(amend(book, withdraw), book)
  for (const bookedBy of ['writer', 'other']) {
    const renewed = decide(booked.book, request('1', 't', { gpu: 4 }), { ...STAMP, bookedBy }).book
    assert.equal(amend(renewed, withdraw), renewed)
  }
  const others = decide(book, request('1', 't', { gpu: 4 }), { ...STAMP, bookedBy: 'other' }).book
  assert.equal(amend(others, withdraw), others, 'a charge of another writer for the same pod at the same moment')
  const seen = amend(booked.book, { kind: 'recount', view: viewOf({ live: [booked.outcome.charge] }) })
  assert.equal(amend(seen, withdraw), seen)
  assert.equal(usedIn(seen, 'total', 'burst:t'), 4n)
})

test('pods of a tenant that is gone take idle capacity, but nobody an entitlement', () => {
  const cohorts = [cohort('c', { gpu: { capacity: 8 } })]
  const before = bookOf(cohorts, [tenant('gone', 'c', { gpu: { reserved: 8 } }, { namespaces: [] })])
  const { ledger } = decide(before, request('1', 'gone', { gpu: 6 }), STAMP).book

  const after = bookOn(cohorts, [tenant('t', 'c', { gpu: { reserved: 8 } })], 'c', ledger)
  assert.deepEqual(
    decideAll(after, [request('2', 't', { gpu: 3 }, 'burst'), request('3', 't', { gpu: 2 }, 'burst')]).map(tierOf),
    ['refused', 'burst'],
  )
  assert.equal(tierOf(decide(after, request('4', 't', { gpu: 8 }), STAMP).outcome), 'reserved')
  assert.equal(usedIn(amend(after, { kind: 'release', uid: '1' }), 'total', 'cohort:c'), 0n)
})

function bookOf(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): Book {
  return bookOn(cohorts, tenants, 'c')
}

function decideAll(book: Book, requests: readonly Request[]): readonly Outcome[] {
  let running = book
  return requests.map(one => {
    const { outcome, book: after } = decide(running, one, STAMP)
    running = after
    return outcome
  })
}

function tierOf(outcome: Outcome): string {
  return outcome.kind === 'charged' ? outcome.charge.tier : outcome.kind
}

function usedIn(book: Book, view: 'firm' | 'total', name: string): bigint {
  const node = book.quota.tree.nodes.find(one => one.name === name)
  assert.ok(node !== undefined)
  assert.equal(view === 'firm' ? viewFor(book, 'reserved') : viewFor(book, 'burst'), book[view])
  return used(book[view], node, 'gpu')
}
