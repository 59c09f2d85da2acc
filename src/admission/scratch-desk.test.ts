import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Book, openBook } from '../quota/book.ts'
import { openBooks } from '../quota/books.ts'
import { decide } from '../quota/decide.ts'
import { type Charge, EMPTY_LEDGER, ledgerOf } from '../quota/ledger.ts'
import {
  amounts,
  cohort,
  compiled,
  request,
  STAMP,
  someDemand,
  someScenario,
  tenant,
  treeNamed,
} from '../quota/testing.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { scratchDesk } from './scratch-desk.ts'

const QUOTAS = compiled([cohort('c', { gpu: {} })], [tenant('t', 'c', { gpu: { reserved: 8 } })])
const ASK = request('u1', 't', { gpu: 5 })

test('the second pod of a question meets what the first would take, and another question does not', async () => {
  const books = openBooks(QUOTAS, [])
  const desk = scratchDesk(QUOTAS, tree => books.get(tree))
  assert.equal((await desk.charge(ASK, 0)).kind, 'charged')
  assert.equal((await desk.charge({ ...ASK, uid: 'u2' }, 0)).kind, 'refused')
  assert.equal((await scratchDesk(QUOTAS, tree => books.get(tree)).charge(ASK, 0)).kind, 'charged')
})

test('a preview takes nothing', async () => {
  const desk = scratchDesk(QUOTAS, () => undefined)
  for (const uid of ['u1', 'u2']) assert.equal((await desk.preview({ ...ASK, uid }, 0)).kind, 'charged')
})

test('a tier is foretold from what is left, and none for what no quota allows', async () => {
  const desk = scratchDesk(QUOTAS, () => undefined)
  const ask = { tenant: 't', tier: 'auto', namespace: 't', demand: amounts({ gpu: 5 }) } as const
  const options = { isDryRun: false }
  assert.equal(desk.peek(ask, options), 'reserved')
  await desk.charge(ASK, 0)
  assert.equal(desk.peek(ask, options), undefined)
  assert.equal(desk.peek({ ...ask, demand: amounts({ other: 1 }) }, options), undefined)
  assert.equal(desk.peek({ ...ask, tenant: 'nobody' }, options), undefined)
})

test('a UID that is charged already tells nothing of whose it is', async () => {
  const held: Charge = {
    ...STAMP,
    uid: 'u1',
    tenant: 't',
    tier: 'reserved',
    amounts: amounts({ gpu: 1 }),
    gang: null,
  }
  const book = openBook(treeNamed(QUOTAS, 'c'), ledgerOf([held]))
  const verdict = await scratchDesk(QUOTAS, () => book).charge(ASK, 0)
  assert.equal(verdict.kind, 'charged')
  assert.deepEqual(await scratchDesk(QUOTAS, () => book).charge({ ...ASK, tenant: 'nobody' }, 0), {
    kind: 'barred',
    bars: [{ kind: 'unknown-tenant', tenant: 'nobody' }],
  })
})

const someHeld = fc.array(fc.record({ tenant: fc.nat(3), tier: fc.constantFrom<Tier>(...TIERS), demand: someDemand }), {
  maxLength: 8,
})

test('property: a question gets the answers that charging would, one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(someScenario, someHeld, someHeld, async ({ cohorts, tenants }, held, asked) => {
      const quotas = compiled(cohorts, tenants)
      const tree = treeNamed(quotas, 'c0')
      const nameOf = (index: number) => `t${index % tenants.length}`
      const charges = held.map(({ tenant, tier, demand }, index): Charge => {
        return { ...STAMP, uid: `h${index}`, tenant: nameOf(tenant), tier, amounts: demand, gang: null }
      })
      const books = openBooks(quotas, charges)
      const desk = scratchDesk(quotas, name => books.get(name))
      let book: Book = openBook(tree, charges.length === 0 ? EMPTY_LEDGER : ledgerOf(charges))
      for (const [index, { tenant, demand }] of asked.entries()) {
        const ask = { ...request(`a${index}`, nameOf(tenant), {}), demand }
        const decided = decide(book, ask, STAMP)
        book = decided.book
        const verdict = await desk.charge(ask, 0)
        assert.equal(verdict.kind, decided.outcome.kind)
        if (verdict.kind === 'charged' && decided.outcome.kind === 'charged') {
          assert.equal(verdict.tier, decided.outcome.charge.tier)
        }
      }
    }),
  )
})
