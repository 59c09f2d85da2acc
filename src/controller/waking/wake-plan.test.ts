import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Book } from '../../quota/book.ts'
import { amend } from '../../quota/change.ts'
import { decide } from '../../quota/decide.ts'
import { amounts, bookOn, cohort, request, STAMP, someDemand, someScenario, tenant } from '../../quota/testing.ts'
import type { RefusedOwner, Stage } from './refused.ts'
import { wakePlan } from './wake-plan.ts'

const WAITING: Stage = { kind: 'waiting', notBeforeMs: 0 }
const NOW = { nowMs: 1_000, most: 1_000 }

function refused(ofTenant: string, name: string, sinceMs: number, more: Partial<RefusedOwner> = {}): RefusedOwner {
  return {
    owner: { namespace: ofTenant, group: 'apps', version: 'v1', kind: 'ReplicaSet', name, uid: `${ofTenant}-${name}` },
    path: `/${ofTenant}/${name}`,
    ask: { tenant: ofTenant, tier: 'auto', demand: amounts({ a: 1 }), gang: undefined },
    sinceMs,
    seenMs: sinceMs,
    fitsSinceMs: undefined,
    inVain: 0,
    stage: WAITING,
    ...more,
  }
}

/** Owners `0`, `1`, … of one tenant. */
function queue(ofTenant: string, length: number, more: Partial<RefusedOwner> = {}): readonly RefusedOwner[] {
  return Array.from({ length }, (_, index) => refused(ofTenant, `${index}`, index, more))
}

const asking =
  (gpus: number, tier: 'auto' | 'reserved' | 'burst' = 'auto') =>
  (ofTenant: string) => ({
    ask: { tenant: ofTenant, tier, demand: amounts({ a: gpus }), gang: undefined },
  })

const names = (plan: readonly RefusedOwner[]) => plan.map(({ owner }) => owner.uid)

/** A burst pool that some tenants share, with what they have of it already. */
function pool(
  burst: number,
  used: Readonly<Record<string, number>> = {},
  weights: Readonly<Record<string, bigint>> = {},
): Book {
  const tenants = ['x', 'y', 'z'].map(name =>
    tenant(name, 'c', { a: { burstLimit: null } }, { weight: { nanos: (weights[name] ?? 1n) * 1_000_000_000n } }),
  )
  const empty = bookOn([cohort('c', { a: { burst } })], tenants, 'c')
  return Object.entries(used).reduce(
    (book, [name, gpus]) => decide(book, request(name, name, { a: gpus }), STAMP).book,
    empty,
  )
}

test('whoever room is held for is woken into it, and nobody else is', () => {
  const heldFor = { kind: 'owner', owner: 'job' } as const
  const claim = { tenant: 'y', tier: 'burst', amounts: amounts({ a: 1 }), heldFor, untilMs: 1 } as const
  const book = amend(pool(1), { kind: 'claim', claim })
  const mine = refused('y', 'mine', 9, { ask: { tenant: 'y', tier: 'auto', demand: amounts({ a: 1 }), owner: 'job' } })
  assert.deepEqual(names(wakePlan(book, [queue('x', 3), [...queue('y', 3), mine]], NOW)), ['y-mine'])
})

test('with room for one, one of a hundred is woken: the one that was refused first', () => {
  assert.deepEqual(names(wakePlan(pool(1), [queue('x', 100)], NOW)), ['x-0'])
  assert.deepEqual(wakePlan(pool(4, { x: 4 }), [queue('x', 100)], NOW), [])
  assert.deepEqual(wakePlan(pool(1), [], NOW), [])
})

test('the tenant with the least is served first, and nobody is passed over for long', () => {
  const plan = wakePlan(pool(12, { x: 4 }), [queue('x', 9), queue('y', 9), queue('z', 2)], NOW)
  // y and z catch up with the four that x has; then x and y take turns.
  assert.deepEqual(names(plan), ['y-0', 'z-0', 'y-1', 'z-1', 'y-2', 'y-3', 'x-0', 'y-4'])
})

test('twice the weight is twice the share', () => {
  const plan = wakePlan(pool(9, {}, { y: 2n }), [queue('x', 9), queue('y', 9)], NOW)
  const ofY = plan.filter(({ ask }) => ask.tenant === 'y').length
  assert.deepEqual([plan.length, ofY], [9, 6])
})

test('who does not fit holds up neither its tenant nor others', () => {
  const large = queue('x', 3, asking(5)('x'))
  const small = queue('x', 3).map(one => ({
    ...one,
    sinceMs: 50 + one.sinceMs,
    owner: { ...one.owner, uid: `small-${one.owner.name}` },
  }))
  assert.deepEqual(names(wakePlan(pool(2), [[...large, ...small]], NOW)), ['small-0', 'small-1'])
})

test('those who were called have their room, and those whose time has not come are passed over', () => {
  const called = queue('x', 2, { stage: { kind: 'called', untilMs: 5_000 } })
  const later = queue('y', 1, { stage: { kind: 'waiting', notBeforeMs: 1_001 } })
  const now = queue('z', 9)
  assert.deepEqual(names(wakePlan(pool(4), [called, later, now], NOW)), ['z-0', 'z-1'])
  assert.deepEqual(names(wakePlan(pool(1), [called, now], NOW)), [])
  assert.deepEqual(names(wakePlan(pool(4), [later], { ...NOW, nowMs: 1_001 })), ['y-0'])
})

test('what is reserved goes by who waits longest, whatever the tenants borrow', () => {
  const tenants = ['x', 'y'].map(name => tenant(name, 'c', { a: { reserved: 2 } }))
  const book = bookOn([cohort('c', { a: {} })], tenants, 'c')
  const x = [refused('x', 'late', 30), refused('x', 'later', 31)]
  const y = [refused('y', 'first', 10), refused('y', 'second', 40), refused('y', 'third', 50)]
  assert.deepEqual(names(wakePlan(book, [x, y], NOW)), ['y-first', 'x-late', 'x-later', 'y-second'])
})

test('a cohort that has borrowed much waits with all its tenants', () => {
  const book = bookOn(
    [cohort('root', { a: { burst: 6 } }), cohort('left', { a: {} }, 'root'), cohort('right', { a: {} }, 'root')],
    [
      tenant('x', 'left', { a: { burstLimit: null } }),
      tenant('y', 'left', { a: { burstLimit: null } }),
      tenant('z', 'right', { a: { burstLimit: null } }),
    ],
    'root',
  )
  const after = decide(book, request('held', 'x', { a: 2 }), STAMP).book
  // y has nothing, but its cohort has two of z's cohort's none.
  assert.deepEqual(names(wakePlan(after, [queue('x', 4), queue('y', 4), queue('z', 4)], NOW)), [
    'z-0',
    'z-1',
    'y-0',
    'z-2',
  ])
})

test('a gang is woken for room for all of it', () => {
  const gang = { id: 'g', size: 4, demand: amounts({ a: 4 }) }
  const one = refused('x', 'job', 0, { ask: { tenant: 'x', tier: 'auto', demand: amounts({ a: 1 }), gang } })
  assert.deepEqual(wakePlan(pool(3), [[one], queue('y', 0)], NOW), [])
  assert.deepEqual(names(wakePlan(pool(5), [[one], queue('y', 4)], NOW)), ['x-job', 'y-0'])
})

test('a member of a gang that has its room is woken, though another gang of that size does not fit', () => {
  const job = (id: string, sinceMs: number) => {
    const gang = { id, size: 4, demand: amounts({ a: 4 }) }
    return refused('x', id, sinceMs, { ask: { tenant: 'x', tier: 'auto', demand: amounts({ a: 1 }), gang } })
  }
  const started = job('started', 20)
  const full = decide(pool(4), { ...started.ask, uid: 'leader', namespace: 'x' }, STAMP).book
  assert.deepEqual(names(wakePlan(full, [[job('other', 10), started]], NOW)), ['x-started'])
})

const someQueues = fc.array(
  fc.record({ tenant: fc.nat(3), demand: someDemand, isCalled: fc.boolean(), sinceMs: fc.nat(100) }),
  { maxLength: 40 },
)

test('whatever the quotas: those who are woken fit together with those who were called, and whoever is not would not fit besides', () => {
  fc.assert(
    fc.property(someScenario, someQueues, (scenario, drafts) => {
      const book = bookOn(scenario.cohorts, scenario.tenants, 'c0')
      const owners = drafts.map(({ tenant: index, demand, isCalled, sinceMs }, at) => {
        const ofTenant = `t${index % scenario.tenants.length}`
        const stage: Stage = isCalled ? { kind: 'called', untilMs: 9_000 } : WAITING
        return refused(ofTenant, `${at}`, sinceMs, {
          stage,
          ask: { tenant: ofTenant, tier: 'auto', demand, gang: undefined },
        })
      })
      const queues = Map.groupBy(
        owners.toSorted((a, b) => a.sinceMs - b.sinceMs),
        ({ ask }) => ask.tenant,
      )
      const plan = wakePlan(book, queues.values(), NOW)

      const charge = (running: Book, { ask, owner }: RefusedOwner) =>
        decide(running, { ...ask, uid: owner.uid, namespace: '' }, STAMP)
      const called = [...queues.values()].flat().filter(({ stage }) => stage.kind === 'called')
      let running = called.reduce((left, one) => charge(left, one).book, book)
      for (const one of plan) {
        const { outcome, book: after } = charge(running, one)
        assert.equal(outcome.kind, 'charged', 'nobody is woken for room that is not there')
        running = after
      }
      for (const one of owners.filter(each => !plan.includes(each) && each.stage.kind === 'waiting')) {
        assert.notEqual(charge(running, one).outcome.kind, 'charged', 'nobody is left behind who fits')
      }
    }),
    { numRuns: 300 },
  )
})

test('whatever the weights: nobody is woken while a tenant with a lower share waits for as little', () => {
  const someWeights = fc.record({ x: fc.bigInt(1n, 5n), y: fc.bigInt(1n, 5n), z: fc.bigInt(1n, 5n) })
  fc.assert(
    fc.property(someWeights, fc.nat(30), (weights, room) => {
      const plan = wakePlan(pool(room, {}, weights), [queue('x', 30), queue('y', 30), queue('z', 30)], NOW)
      assert.equal(plan.length, room)
      const got = { x: 0n, y: 0n, z: 0n }
      for (const { ask } of plan) {
        const name = ask.tenant as 'x' | 'y' | 'z'
        for (const other of ['x', 'y', 'z'] as const) {
          assert.ok(got[name] * weights[other] <= got[other] * weights[name], 'the lowest share comes first')
        }
        got[name] += 1n
      }
    }),
    { numRuns: 200 },
  )
})

test('the order is the same whatever the order of the tenants', () => {
  const [x, y, z] = [queue('x', 5), queue('y', 5), queue('z', 5)]
  const shift = (one: RefusedOwner, byMs: number) => ({ ...one, sinceMs: one.sinceMs * 3 + byMs })
  const shifted = [x, y, z].map((owners, byMs) => owners.map(one => shift(one, byMs)))
  const plans = [shifted, shifted.toReversed()].map(queues => names(wakePlan(pool(7, { y: 1 }), queues, NOW)))
  assert.deepEqual(plans[0], plans[1])
})
