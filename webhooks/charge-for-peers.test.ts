import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chargeAskJson, chargedJson, parseChargeAsk, parseCharged } from '../src/admission/charge-json.ts'
import { clusterWith, writerOf } from '../src/admission/testing.ts'
import { amount } from '../src/quantity/amount.ts'
import type { Request } from '../src/quota/decide.ts'
import type { Charged } from '../src/quota/verdict.ts'
import { parsedValue } from '../src/schema/testing.ts'
import { chargeForPeers } from './charge-for-peers.ts'

const LOG = { decision() {}, event() {}, problem() {} }
const CALL = { query: '', deadlineMs: 1_000, timeoutMs: 1_000, isPeer: true, log: LOG }

function request(uid: string, gpus: number, more: Partial<Request> = {}): Request {
  return {
    uid,
    namespace: 'team-a',
    tenant: 'a',
    tier: 'auto',
    demand: new Map([['h100', amount(gpus * 1_000)]]),
    ...more,
  }
}

async function peer() {
  const { writer, clock } = await writerOf(clusterWith())
  const { answer } = chargeForPeers({ ledger: writer, clock })
  return {
    writer,
    ask: (requests: readonly Request[], call = CALL) => answer(chargeAskJson({ requests, waitMs: 500 }), call),
  }
}

test('what fits is charged, in order, with whom it is borrowed from; the rest is left to the one who asked', async () => {
  const { ask, writer } = await peer()
  const { status, body } = await ask([request('1', 4), request('2', 99), request('3', 1, { tier: 'burst' })])
  assert.equal(status, 200)
  const [first, second, third] = parsedValue(parseCharged(body))
  assert.equal(first?.tier, 'reserved')
  assert.equal(second, null)
  assert.deepEqual(
    [...(third?.lenders.get('h100') ?? [])],
    [{ kind: 'burst-pool', cohort: 'research', amount: 1_000n }],
  )
  assert.equal(writer.book('research')?.ledger.charges.size, 2)
})

test('nobody but a replica is answered, and nothing is charged for others', async () => {
  const { ask, writer } = await peer()
  assert.equal((await ask([request('1', 4)], { ...CALL, isPeer: false })).status, 403)
  assert.equal(writer.book('research')?.ledger.charges.size, 0)
})

test('what cannot be read is refused whole, with its place', async () => {
  const { writer, clock } = await writerOf(clusterWith())
  const { answer } = chargeForPeers({ ledger: writer, clock })
  const good = chargeAskJson({ requests: [request('1', 4)], waitMs: 500 })
  const bodies: readonly (readonly [unknown, RegExp])[] = [
    [null, /requests/],
    [{ ...good, waitMs: '5' }, /waitMs/],
    [{ waitMs: 1, requests: [{ uid: '1' }] }, /requests\[0\]/],
    [
      { waitMs: 1, requests: [{ ...chargeAskJson({ requests: [request('1', 4)], waitMs: 1 }), demand: { h100: -1 } }] },
      /requests\[0\]/,
    ],
    [{ waitMs: 1, requests: Array.from({ length: 5_000 }, () => ({})) }, /at most 4096/],
  ]
  for (const [body, want] of bodies) {
    const { status, body: told } = await answer(body, CALL)
    assert.equal(status, 400)
    assert.match(JSON.stringify(told), want)
  }
  assert.equal(writer.book('research')?.ledger.charges.size, 0)
})

const amounts = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z0-9-]{1,8}$/), fc.bigInt(0n, 10n ** 15n)), { selector: ([key]) => key })
  .map(entries => new Map(entries.map(([key, value]) => [key, amount(value)])))

// Objects with the usual prototype, as parsing makes them.
const OWN = { noNullPrototype: true }

test('whatever is asked and answered arrives as it was', () => {
  const requests = fc.record(
    {
      uid: fc.string(),
      namespace: fc.string(),
      tenant: fc.string(),
      tier: fc.constantFrom('auto', 'reserved', 'shared', 'burst'),
      demand: amounts,
      gang: fc.option(fc.record({ id: fc.string(), size: fc.nat(), demand: amounts }, OWN), { nil: undefined }),
      owner: fc.string(),
    },
    { ...OWN, requiredKeys: ['uid', 'namespace', 'tenant', 'tier', 'demand', 'gang'] },
  )
  const charged: fc.Arbitrary<Charged> = fc.record(
    {
      kind: fc.constant('charged'),
      tier: fc.constantFrom('reserved', 'shared', 'burst'),
      borrowed: amounts,
      lenders: fc.constantFrom(
        new Map(),
        new Map([['h100', [{ kind: 'tenant', tenant: 'b', amount: amount(5) } as const]]]),
        new Map([['x', [{ kind: 'cohort', cohort: 'c', amount: amount(7) } as const]]]),
      ),
    },
    OWN,
  )
  const sent = (value: object): unknown => JSON.parse(JSON.stringify(value))
  fc.assert(
    fc.property(fc.array(requests), fc.array(fc.option(charged)), (asks, answers) => {
      assert.deepEqual(parsedValue(parseChargeAsk(sent(chargeAskJson({ requests: asks, waitMs: 5 })))), {
        waitMs: 5,
        requests: asks,
      })
      assert.deepEqual(parsedValue(parseCharged(sent(chargedJson(answers)))), answers)
    }),
  )
})
