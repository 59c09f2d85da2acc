import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { amount, UNLIMITED } from '../quantity/amount.ts'
import { TIERS } from '../schema/parts.ts'
import { openBook } from './book.ts'
import { amend } from './change.ts'
import { type Claim, ownerBits } from './claim.ts'
import { decide, type Request } from './decide.ts'
import { type Charge, chargeOf, charges, EMPTY_LEDGER, holdings, type Ledger, ledgerOf } from './ledger.ts'
import { ledgerReader, ledgerText } from './ledger-text.ts'
import { entries } from './persistent-map.ts'
import { recount } from './recount.ts'
import { amounts, booked, cohort, compiled, present, request, STAMP, tenant, treeNamed, viewOf } from './testing.ts'

const QUOTA = treeNamed(
  compiled(
    [cohort('c', { a: { burst: 40 }, b: { shared: 9 } })],
    ['t', 'u'].map(name => tenant(name, 'c', { a: { reserved: 9 }, b: {} })),
  ),
  'c',
)

const someRequest: fc.Arbitrary<Request> = fc
  .record({
    uid: fc.oneof(fc.uuid(), fc.string(), fc.constant('=AAAAAAAAAAAAAAAAAAAAAA'), fc.constant("'x")),
    owner: fc.constantFrom('t', 'u'),
    tier: fc.constantFrom('auto', ...TIERS),
    gang: fc.option(fc.record({ id: fc.string(), size: fc.integer({ min: 2, max: 4 }) })),
    a: fc.nat(4),
    b: fc.nat(4),
    claimer: fc.constantFrom('', 'x', 'y z'),
  })
  .map(({ uid, owner, tier, gang, a, b, claimer }) => {
    const asked = { ...request(uid, owner, { a, b }, tier), owner: claimer }
    const demand = new Map([...asked.demand].map(([key, one]) => [key, amount(one * BigInt(gang?.size ?? 1))]))
    return gang === null ? asked : { ...asked, gang: { ...gang, demand } }
  })

const someClaim: fc.Arbitrary<Claim> = fc.record(
  {
    tenant: fc.constantFrom('t', 'u'),
    tier: fc.constantFrom(...TIERS),
    amounts: fc.nat(4).map(a => amounts({ a: a + 1 })),
    heldFor: fc.oneof(
      fc.constantFrom('x', 'y z').map(owner => ({ kind: 'owner', owner }) as const),
      fc.oneof(fc.uuid(), fc.string()).map(uid => ({ kind: 'pod', uid }) as const),
    ),
    untilMs: fc.nat(4000),
  },
  { noNullPrototype: true },
)

/** Ledgers with a base, charges, gangs and claims. */
const someLedger: fc.Arbitrary<Ledger> = fc
  .record({
    claims: fc.array(someClaim),
    before: fc.array(someRequest),
    after: fc.array(someRequest),
    asOfMs: fc.nat(2000),
  })
  .map(({ claims, before, after, asOfMs }) => {
    const play = (ledger: Ledger, requests: readonly Request[]) =>
      requests.reduce((book, one) => decide(book, one, STAMP).book, openBook(QUOTA, ledger))
    const claimed = claims.reduce((book, claim) => amend(book, { kind: 'claim', claim }), openBook(QUOTA, EMPTY_LEDGER))
    const book = play(claimed.ledger, before)
    const live = [...charges(book.ledger)].filter((_, index) => index % 2 === 0)
    return play(amend(book, { kind: 'recount', view: viewOf({ live, asOfMs }) }).ledger, after).ledger
  })

test('a ledger is read as it was written', () => {
  fc.assert(
    fc.property(someLedger, ledger => {
      const read = ledgerReader().read(ledgerText(ledger))
      assert.deepEqual(read.ok ? contentOf(read.value) : read.issues, contentOf(ledger))
    }),
  )
})

test('a text of the format that had no claims is read as one that has none', () => {
  const former = '1 7 1;t a 2||\n0 1\n=PxwrSnwdTo-aCxwtPk9aaw t 0 2s writer - a 2'
  const read = ledgerReader().read(former)
  assert.ok(read.ok)
  const base = recount(EMPTY_LEDGER, viewOf({ live: [booked('counted')], position: 7 })).base
  assert.deepEqual(contentOf(read.value), contentOf(ledgerOf([CHARGE], [], base)))
  assert.match(ledgerText(read.value), /^2 7 1;/)
})

test('the base is read once, and a text without a new one shares it', () => {
  const live = { uid: '1', tenant: 't', tier: 'reserved', amounts: new Map([['a', amount(3)]]), gang: null } as const
  const ledger = amend(openBook(QUOTA, EMPTY_LEDGER), { kind: 'recount', view: viewOf({ live: [live] }) }).ledger
  const next = decide(openBook(QUOTA, ledger), request('2', 't', { a: 1 }), STAMP).book.ledger
  const reader = ledgerReader()
  const [first, second] = [reader.read(ledgerText(ledger)), reader.read(ledgerText(next))]
  assert.ok(first.ok && second.ok)
  assert.equal(second.value.base, first.value.base)
  assert.equal(ledgerText(second.value).split('\n')[0], ledgerText(ledger).split('\n')[0])
  const third = decide(openBook(QUOTA, second.value), request('3', 't', { a: 1 }), STAMP).book.ledger
  const read = reader.read(ledgerText(third))
  assert.equal(
    read.ok && chargeOf(read.value, '2'),
    chargeOf(second.value, '2'),
    'a charge that was there is not read again',
  )
})

test('amounts beyond a safe integer, and what is unlimited, are kept', () => {
  const huge = new Map([
    ['a', UNLIMITED],
    ['b', amount(2n ** 60n + 1n)],
  ])
  const read = ledgerReader().read(ledgerText(ledgerOf([{ ...CHARGE, amounts: huge }])))
  assert.deepEqual(read.ok ? [...charges(read.value)].map(one => one.amounts) : read, [huge])
})

test('no text is an empty ledger', () => {
  const read = ledgerReader().read('')
  assert.deepEqual(read.ok ? contentOf(read.value) : read, contentOf(EMPTY_LEDGER))
})

test('a charge of one class takes at most 64 bytes', () => {
  const booked = Array.from({ length: 1_000 }, (_, index): Charge => {
    const uid = `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
    return { ...CHARGE, uid, tenant: `tenant-${index % 50}`, expiresAtMs: 1_800_000_000_000 + index * 100 }
  })
  assert.ok(ledgerText(ledgerOf(booked)).length < 64_000)
})

test('a claim of one class takes at most 64 bytes', () => {
  const claims = Array.from({ length: 1_000 }, (_, index): Claim => {
    const uid = `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
    const heldFor =
      index % 2 === 0 ? ({ kind: 'pod', uid } as const) : ({ kind: 'owner', owner: ownerBits('n', uid) } as const)
    const more = {
      tenant: `tenant-${index % 50}`,
      amounts: amounts({ h100: 8_000 }),
      untilMs: 1_800_000_000_000 + index,
    }
    return { ...more, tier: 'burst', heldFor }
  })
  const read = ledgerOf([], [], EMPTY_LEDGER.base, claims)
  assert.equal(read.claims.size, 1_000)
  assert.ok(ledgerText(read).length < 64_000)
})

test('damaged text is refused, and says what to do; nothing throws', () => {
  const text = ledgerText(ledgerOf([CHARGE]))
  const lines = text.split('\n')
  for (const damaged of [
    'x',
    '1 0',
    '1 0\n0 1',
    '1 0\n-1 0',
    '3 0\n0 0',
    '2 0 0\n0 0 1',
    '2 0 0\n0 0 1\nq x t 0 1 a 1',
    '2 0 0\n0 0 1\no x t 0 . a 1',
    '1 0;t\n0 0',
    lines.slice(0, 2).join('\n'),
    `${text}\n${lines.at(-1)}`,
    text.replace(' t 0 ', ' t 3 '),
    text.replace('=P', '='),
  ]) {
    const read = ledgerReader().read(damaged)
    assert.match(read.ok ? '' : present(read.issues[0], 'issue').problem, /^cannot be read: /, damaged)
  }
  fc.assert(
    fc.property(someLedger, fc.nat(), fc.string({ maxLength: 3 }), (ledger, at, graft) => {
      const whole = ledgerText(ledger)
      const from = at % (whole.length + 1)
      ledgerReader().read(whole.slice(0, from) + graft + whole.slice(from + 1))
    }),
  )
})

const CHARGE = booked('3f1c2b4a-7c1d-4e8f-9a0b-1c2d3e4f5a6b')

function contentOf(ledger: Ledger) {
  const sorted = <T>(pairs: Iterable<readonly [string, T]>) => [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    position: ledger.base.position,
    base: sorted(entries(ledger.base.held)),
    charges: sorted(entries(ledger.charges)),
    gangs: sorted(entries(ledger.gangs)),
    claims: sorted(entries(ledger.claims)),
    held: sorted(holdings(ledger)),
  }
}
