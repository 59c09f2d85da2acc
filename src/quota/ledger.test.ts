import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Amount, add, ZERO } from '../quantity/amount.ts'
import { TIERS } from '../schema/parts.ts'
import {
  charge,
  chargeOf,
  charges,
  EMPTY_LEDGER,
  holdings,
  type Ledger,
  ledgerOf,
  release,
  withdraw,
} from './ledger.ts'
import { amounts, booked, KEYS, someDemand } from './testing.ts'

test('a UID has one charge: booking it again replaces the former one', () => {
  const ledger = charge(charge(EMPTY_LEDGER, booked('1')), booked('1', { tier: 'burst', amounts: amounts({ b: 3 }) }))
  assert.deepEqual(heldIn(ledger), { 't burst b': 3n })
  assert.equal(ledger.charges.size, 1)
})

test('releasing what is not there changes nothing', () => {
  const ledger = ledgerOf([booked('1')])
  assert.equal(release(ledger, '2'), ledger)
})

test('a tenant that holds nothing leaves no trace', () => {
  const ledger = release(ledgerOf([booked('1'), booked('2', { tenant: 'u' })]), '1')
  assert.deepEqual(
    [...holdings(ledger)].map(([tenant]) => tenant),
    ['u'],
  )
  assert.deepEqual([...holdings(release(ledger, '2'))], [])
})

test('what tenants hold is the sum of the charges, whatever happened, and old ledgers stay as they were', () => {
  const uid = fc.constantFrom('1', '2', '3', '4')
  const step: fc.Arbitrary<(ledger: Ledger) => Ledger> = fc.oneof(
    fc
      .record({
        uid,
        tenant: fc.constantFrom('t', 'u'),
        tier: fc.constantFrom(...TIERS),
        amounts: someDemand,
      })
      .map(
        ({ uid, ...more }) =>
          (ledger: Ledger) =>
            charge(ledger, booked(uid, more)),
      ),
    uid.map(one => (ledger: Ledger) => release(ledger, one)),
    uid.map(one => (ledger: Ledger) => {
      const known = chargeOf(ledger, one)
      return known === undefined ? ledger : withdraw(ledger, known)
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const versions: Ledger[] = [EMPTY_LEDGER]
      for (const step of steps) versions.push(step(versions.at(-1) ?? EMPTY_LEDGER))
      for (const ledger of versions) {
        const sums = new Map<string, Amount>()
        for (const { tenant, tier, amounts: held } of charges(ledger)) {
          for (const [key, value] of held) {
            const account = `${tenant} ${tier} ${key}`
            if (value !== ZERO) sums.set(account, add(sums.get(account) ?? ZERO, value))
          }
        }
        assert.deepEqual(heldIn(ledger), Object.fromEntries(sums))
        assert.deepEqual(heldIn(ledgerOf(charges(ledger))), heldIn(ledger))
      }
    }),
  )
})

function heldIn(ledger: Ledger): Readonly<Record<string, bigint>> {
  return Object.fromEntries(
    [...holdings(ledger)].flatMap(([tenant, holding]) =>
      TIERS.flatMap(tier =>
        KEYS.flatMap(key => {
          const value = holding[tier].get(key)
          return value === undefined ? [] : [[`${tenant} ${tier} ${key}`, BigInt(value)]]
        }),
      ),
    ),
  )
}
