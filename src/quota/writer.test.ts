import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { holdingOf } from './holding.ts'
import { chargeOf, charges, type Ledger } from './ledger.ts'
import { memoryStore } from './memory-store.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { amounts, cohort, compiled, manualClock, present, request, tenant, viewOf } from './testing.ts'
import type { Quotas } from './tiers.ts'
import type { Verdict } from './verdict.ts'
import type { LedgerStore } from './versions.ts'
import { ledgerWriter } from './writer.ts'

const PENDING_MS = 60_000
const TERMS = { pendingMs: PENDING_MS, gangHoldMs: PENDING_MS, maxCharges: 1_000 }
const SOON = 1000

test('everything asked while nothing is in flight shares one write', async () => {
  const inner = memoryStore()
  const { store, log } = logged(inner)
  const { writer } = opened(store)
  const verdicts = await Promise.all(pods(8).map(pod => writer.charge(pod, SOON)))
  assert.deepEqual(verdicts.map(tierOf), Array(8).fill('reserved'))
  assert.deepEqual(log, ['read', 'replace'])
})

test('what is asked while a write is in flight goes with the next one, in the order of arrival', async () => {
  const inner = memoryStore()
  const { store, release } = gated(inner)
  const { writer } = opened(store)
  const first = writer.charge(request('0', 't', { gpu: 6 }), SOON)
  await release('read')
  const others = [3, 2, 1].map((gpu, index) => writer.charge(request(`${index + 1}`, 't', { gpu }, 'reserved'), SOON))
  await release('replace')
  assert.equal(tierOf(await first), 'reserved')
  await release('replace')
  // 6 of 8 are taken: 3 do not fit, 2 do, and then nothing is left for 1.
  assert.deepEqual((await Promise.all(others)).map(tierOf), ['refused', 'reserved', 'refused'])
  assert.deepEqual(await stored(inner), ['0', '2'])
})

test('nobody is told of a charge before it is stored', async () => {
  const inner = memoryStore()
  const { store, release } = gated(inner)
  const { writer } = opened(store)
  let told: Verdict | undefined
  const answer = writer.charge(request('1', 't', { gpu: 1 }), SOON).then(verdict => {
    told = verdict
  })
  await release('read')
  await turns()
  assert.equal(told, undefined)
  await release('replace')
  await answer
  assert.ok(told !== undefined)
})

test('a denial decided on what this replica knew is confirmed by a fresh read', async () => {
  const inner = memoryStore()
  const { store, log } = logged(inner)
  const { writer } = opened(store)
  const { writer: other } = opened(inner)
  await writer.charge(request('1', 't', { gpu: 8 }), SOON)
  log.length = 0

  assert.equal(tierOf(await writer.charge(request('2', 't', { gpu: 8 }, 'reserved'), SOON)), 'refused')
  assert.deepEqual(log, ['read'], 'read once, and nothing to write')

  await other.amend('c', [{ kind: 'release', uid: '1' }])
  assert.equal(tierOf(await writer.charge(request('3', 't', { gpu: 8 }, 'reserved'), SOON)), 'reserved')
})

test('what was heard of is ground enough for a write, and for no denial', async () => {
  const inner = memoryStore()
  const { writer: other } = opened(inner)
  await other.charge(request('1', 't', { gpu: 8 }), SOON)
  const { store, log } = logged(inner)
  const heard = await inner.read('c')
  const { writer } = opened({ ...store, newest: () => heard })
  assert.deepEqual(uidsIn(present(writer.book('c'), 'book').ledger), ['1'], 'nothing was read for it')

  await other.amend('c', [{ kind: 'release', uid: '1' }])
  assert.equal(tierOf(await writer.charge(request('2', 't', { gpu: 8 }, 'reserved'), SOON)), 'reserved')
  assert.deepEqual(log, ['read', 'replace'], 'full, as far as was heard, which a read did not confirm')
})

test('after a conflict the next write is decided on what was heard of, without a read', async () => {
  const inner = memoryStore()
  const before = await inner.read('c')
  await opened(inner).writer.charge(request('1', 't', { gpu: 3 }), SOON)
  const heard = await inner.read('c')
  const { store, log } = logged(inner)
  // The news comes after the first write has failed.
  const { writer: behind } = opened({ ...store, newest: () => (log.length === 0 ? before : heard) })
  const verdicts = await Promise.all(
    [4, 2].map((gpu, index) => behind.charge(request(`${index + 2}`, 't', { gpu }, 'reserved'), SOON)),
  )
  assert.deepEqual(verdicts.map(tierOf), ['reserved', 'refused'])
  assert.deepEqual(log, ['replace', 'replace'], 'the second write confirms the denial as well')
})

test('a write that succeeds confirms the denials of its batch: no read is needed', async () => {
  const inner = memoryStore()
  const { store, log } = logged(inner)
  const { writer } = opened(store)
  await writer.charge(request('0', 't', { gpu: 1 }), SOON)
  log.length = 0
  const asked = [7, 1].map((gpu, index) => writer.charge(request(`${index + 1}`, 't', { gpu }, 'reserved'), SOON))
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['reserved', 'refused'])
  assert.deepEqual(log, ['replace'])
})

test('after a conflict everything is decided on the newest version, and no limit is passed', async () => {
  const inner = memoryStore()
  const { writer: other } = opened(inner)
  const { writer } = opened(inner)
  await writer.refresh('c')
  await other.charge(request('theirs', 't', { gpu: 6 }), SOON)
  const asked = [4, 2].map((gpu, index) => writer.charge(request(`${index}`, 't', { gpu }, 'reserved'), SOON))
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['refused', 'reserved'])
  assert.deepEqual(await stored(inner), ['1', 'theirs'])
})

test('whom the version just read refuses stays denied, although a later one would admit them', async () => {
  const inner = memoryStore()
  const { writer: other } = opened(inner)
  await other.charge(request('theirs', 't', { gpu: 6 }), SOON)
  // The first write meets a conflict: another replica has just released everything.
  const { writer } = opened(conflicting(inner, () => other.amend('c', [{ kind: 'release', uid: 'theirs' }])))
  const asked = [4, 2].map((gpu, index) => writer.charge(request(`${index}`, 't', { gpu }, 'reserved'), SOON))
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['refused', 'reserved'])
  assert.deepEqual(await stored(inner), ['1'])
})

test('whom only a recount refuses that was never stored is not denied', async () => {
  const inner = memoryStore()
  const { writer: other } = opened(inner)
  // This leader still sees a pod that is gone; another one has counted further by the time the write meets its conflict.
  const isGone = viewOf({ position: 5 })
  const { writer } = opened(conflicting(inner, () => other.amend('c', [{ kind: 'recount', view: isGone }])))
  const live = [{ uid: 'gone', tenant: 't', tier: 'reserved' as const, amounts: amounts({ gpu: 8 }), gang: null }]
  const counted = writer.amend('c', [{ kind: 'recount', view: viewOf({ live, position: 4 }) }])
  assert.equal(tierOf(await writer.charge(request('1', 't', { gpu: 2 }, 'reserved'), SOON)), 'reserved')
  await counted
})

test('a gang that was refused is told why, although a smaller one of its name was admitted in the same batch', async () => {
  const { writer } = opened(memoryStore())
  const of = (uid: string, size: number) => ({
    ...request(uid, 't', { gpu: 2 }, 'reserved'),
    gang: { id: 'g', size, demand: amounts({ gpu: 2 * size }) },
  })
  const [large, dry, small] = await Promise.all([
    writer.charge(of('1', 100), SOON),
    writer.preview(of('3', 100), SOON),
    writer.charge(of('2', 2), SOON),
  ])
  assert.equal(tierOf(small), 'reserved')
  for (const verdict of [large, dry]) {
    assert.ok(verdict.kind === 'refused')
    const [tier] = verdict.explanation.tiers
    assert.deepEqual([tier?.pods, tier?.classes[0]?.requested, tier?.classes[0]?.short], [100, 200n, 192n])
  }
})

test('whom only an outdated version refuses is not denied, whatever happens to the write', async () => {
  const inner = memoryStore()
  const { writer: other } = opened(inner)
  const { writer } = opened(inner)
  await other.charge(request('theirs', 't', { gpu: 6 }), SOON)
  await writer.refresh('c')
  await other.amend('c', [{ kind: 'release', uid: 'theirs' }])
  // As this replica knows it, 2 of 8 are free: the first fits, the second does not, and the write meets a conflict.
  const asked = [2, 4].map((gpu, index) => writer.charge(request(`${index}`, 't', { gpu }, 'reserved'), SOON))
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['reserved', 'reserved'])
  assert.deepEqual(await stored(inner), ['0', '1'])
})

test('whom only a neighbour in the batch was in the way of is decided again when that neighbour lost its charge', async () => {
  const inner = memoryStore()
  const { writer: other } = opened(inner)
  const { writer } = opened(
    conflicting(inner, async () => {
      await other.charge(request('theirs', 't', { gpu: 1 }), SOON)
    }),
  )
  // The first takes all 8 and leaves none for the second; after the conflict 7 are left, too few for the first.
  const asked = [8, 4].map((gpu, index) => writer.charge(request(`${index}`, 't', { gpu }, 'reserved'), SOON))
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['refused', 'reserved'])
  assert.deepEqual(await stored(inner), ['1', 'theirs'])
})

test('who waits past the deadline is told busy on time, and nothing is booked', async () => {
  const inner = memoryStore()
  const { store, release } = gated(inner)
  const { writer, clock } = opened(store)
  const first = writer.charge(request('1', 't', { gpu: 1 }), 10 * SOON)
  await release('read')
  const late = writer.charge(request('2', 't', { gpu: 1 }), SOON)
  clock.advance(SOON)
  assert.deepEqual(await late, { kind: 'busy', because: 'deadline', retryAfterMs: 500 })
  await release('replace')
  assert.equal(tierOf(await first), 'reserved')
  assert.deepEqual(await stored(inner), ['1'])
  assert.equal(clock.pending(), 0)
})

test('a charge whose caller left while it was being written is withdrawn by the next write', async () => {
  const inner = memoryStore()
  const { store, release } = gated(inner)
  const { writer, clock } = opened(store)
  const late = writer.charge(request('1', 't', { gpu: 1 }), SOON)
  const patient = writer.charge(request('2', 't', { gpu: 1 }), 10 * SOON)
  await release('read')
  await turns()
  clock.advance(SOON)
  assert.equal(tierOf(await late), 'busy')
  await release('replace')
  assert.equal(tierOf(await patient), 'reserved')
  assert.deepEqual(await stored(inner), ['1', '2'])
  await release('replace')
  await turns()
  assert.deepEqual(await stored(inner), ['2'])
})

test('a charge stays when one of two callers who asked about its pod was told of it', async () => {
  const inner = memoryStore()
  const { store, release } = gated(inner)
  const { writer, clock } = opened(store)
  const late = writer.charge(request('1', 't', { gpu: 1 }), SOON)
  const patient = writer.charge(request('1', 't', { gpu: 1 }), 10 * SOON)
  await release('read')
  await turns()
  clock.advance(SOON)
  await release('replace')
  assert.deepEqual([await late, await patient].map(tierOf), ['busy', 'reserved'])
  await turns()
  assert.deepEqual(await stored(inner), ['1'])
})

test('a pod asked about twice at once is charged once', async () => {
  const inner = memoryStore()
  const { writer } = opened(inner)
  const asked = [1, 2].map(() => writer.charge(request('1', 't', { gpu: 5 }), SOON))
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['reserved', 'reserved'])
  assert.deepEqual(await stored(inner), ['1'])
})

test('a failing store means busy, with its error for the log', async () => {
  const broken = new Error('connection refused')
  const { writer, clock } = opened({ ...memoryStore(), read: () => Promise.reject(broken) })
  assert.deepEqual(await writer.charge(request('1', 't', { gpu: 1 }), SOON), {
    kind: 'busy',
    because: 'store',
    retryAfterMs: 500,
    cause: broken,
  })
  await assert.rejects(writer.amend('c', [{ kind: 'release', uid: '1' }]), { message: /store failed/, cause: broken })
  assert.equal(clock.pending(), 0)
})

test('what a failed write may have booked is withdrawn as soon as the store is used again', async () => {
  const inner = memoryStore()
  const { store, log } = logged(inner)
  // The first write happens and its answer is lost; the next two never arrive.
  const failures = ['after', 'before', 'before'].values()
  const { writer } = opened({
    read: store.read,
    async replace(tree, current, next) {
      const failure = failures.next().value
      if (failure === 'before') throw new Error('the connection broke')
      const written = await store.replace(tree, current, next)
      if (failure === 'after') throw new Error('the connection broke')
      return written
    },
  })
  const ask = async (uid: string) => tierOf(await writer.charge(request(uid, 't', { gpu: 8 }), SOON))
  assert.equal(await ask('1'), 'busy')
  await turns()
  assert.deepEqual(log, ['read', 'replace'], 'a store that fails is left alone until somebody needs it')
  assert.deepEqual([await ask('2'), await ask('3')], ['busy', 'busy'])
  assert.deepEqual(await stored(inner), ['1'])
  assert.equal(await ask('4'), 'reserved')
  assert.deepEqual(await stored(inner), ['4'])
})

test('a store that never agrees ends in busy and in an error, not in an endless loop', async () => {
  const inner = memoryStore()
  await opened(inner).writer.charge(request('1', 't', { gpu: 1 }), SOON)
  const { writer } = opened({ read: inner.read, replace: async () => 'conflict' })
  assert.equal(tierOf(await writer.charge(request('2', 't', { gpu: 1 }), SOON)), 'busy')
  await assert.rejects(writer.amend('c', [{ kind: 'release', uid: '1' }]), /the ledger store failed/)
})

test('a preview says what a charge would, and leaves no trace', async () => {
  const inner = memoryStore()
  const { store, log } = logged(inner)
  const { writer } = opened(store)
  const asked = [
    writer.preview(request('1', 't', { gpu: 8 }), SOON),
    writer.preview(request('2', 't', { gpu: 8 }), SOON),
    writer.preview(request('3', 't', { gpu: 99 }), SOON),
    writer.preview(request('4', 't', { gpu: 2 }, 'burst'), SOON),
  ]
  const [, , , burst] = await Promise.all(asked)
  assert.deepEqual((await Promise.all(asked)).map(tierOf), ['reserved', 'reserved', 'refused', 'burst'])
  assert.ok(burst?.kind === 'charged')
  assert.deepEqual(burst.lenders.get('gpu'), [{ kind: 'burst-pool', cohort: 'c', amount: 2n }])
  assert.deepEqual(await stored(inner), [])
  assert.deepEqual(log, ['read'])
})

test('what is wrong whatever is used is told without the store', async () => {
  const inner = memoryStore()
  const { store, log } = logged(inner)
  const { writer } = opened(store)
  const wrong = [request('1', 'nobody', { gpu: 1 }), request('2', 't', { tpu: 1 })]
  const verdicts = await Promise.all(wrong.map(pod => writer.charge(pod, SOON)))
  assert.deepEqual(
    verdicts.map(verdict => (verdict.kind === 'barred' ? verdict.bars.map(({ kind }) => kind) : verdict.kind)),
    [['unknown-tenant'], ['class-not-allowed']],
  )
  assert.deepEqual(log, [])
})

test('changes go first in a batch, so a release makes room for those already waiting', async () => {
  const inner = memoryStore()
  const { writer } = opened(inner)
  await writer.charge(request('1', 't', { gpu: 8 }, 'reserved'), SOON)
  const waiting = writer.charge(request('2', 't', { gpu: 8 }, 'reserved'), SOON)
  await writer.amend('c', [{ kind: 'release', uid: '1' }])
  assert.equal(tierOf(await waiting), 'reserved')
  assert.deepEqual(await stored(inner), ['2'])
})

test('a recount moves a charge whose pod was seen to the base, and drops the one whose pod never came', async () => {
  const inner = memoryStore()
  const { writer } = opened(inner)
  await Promise.all(pods(2).map(pod => writer.charge(pod, SOON)))
  const ledger = (await inner.read('c')).value
  const live = [present(chargeOf(ledger, '1'), 'charge')]
  assert.equal(chargeOf(ledger, '0')?.expiresAtMs, PENDING_MS)
  await writer.amend('c', [{ kind: 'recount', view: viewOf({ live, asOfMs: PENDING_MS - 1 }) }])
  assert.deepEqual(await stored(inner), ['0'])
  await writer.amend('c', [{ kind: 'recount', view: viewOf({ live, asOfMs: PENDING_MS }) }])
  const { charges, held } = (await inner.read('c')).value
  assert.equal(charges.size, 0)
  assert.deepEqual(holdingOf(held, 't').reserved, amounts({ gpu: 1 }))
})

test('a refresh sees what others wrote, and until then the last version seen is known', async () => {
  const store = memoryStore()
  const { writer } = opened(store)
  const { writer: other } = opened(store)
  assert.equal(writer.book('c'), undefined)
  const first = await writer.refresh('c')
  await other.charge(request('1', 't', { gpu: 1 }), SOON)
  assert.equal(writer.book('c'), first)
  const second = await writer.refresh('c')
  assert.deepEqual(uidsIn(second.ledger), ['1'])
  assert.equal(writer.book('c'), second)
})

test('new quotas count from the next batch on, and charges outlive the tree they were made in', async () => {
  const inner = memoryStore()
  let quotas = QUOTAS
  const { writer } = opened(inner, () => quotas)
  await writer.charge(request('1', 't', { gpu: 8 }, 'reserved'), SOON)

  quotas = compiled(COHORTS, [tenant('t', 'c', { gpu: { reserved: 9 } })])
  assert.equal(tierOf(await writer.charge(request('2', 't', { gpu: 1 }, 'reserved'), SOON)), 'reserved')

  quotas = compiled([], [])
  assert.equal(tierOf(await writer.charge(request('3', 't', { gpu: 1 }, 'reserved'), SOON)), 'barred')
  await writer.amend('c', [{ kind: 'release', uid: '1' }])
  assert.deepEqual(await stored(inner), ['2'])
})

test('burst stands on its cohort first, on what other burst left of the pool, and then on the cohorts around', async () => {
  const { writer } = opened(memoryStore(), () =>
    compiled(
      [
        cohort('top', { gpu: { burst: 1 } }),
        cohort('c', { gpu: { burst: 3, shared: 1 } }, 'top'),
        cohort('d', { gpu: { burst: 9 } }, 'top'),
      ],
      [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: {} })],
    ),
  )
  await writer.charge(request('1', 'u', { gpu: 2 }, 'burst'), SOON)
  const charged = await writer.charge(request('2', 't', { gpu: 6 }, 'burst'), SOON)
  assert.ok(charged.kind === 'charged')
  assert.deepEqual(charged.lenders.get('gpu'), [
    { kind: 'burst-pool', cohort: 'c', amount: 1n },
    { kind: 'shared-pool', cohort: 'c', amount: 1n },
    { kind: 'burst-pool', cohort: 'top', amount: 1n },
    { kind: 'cohort', cohort: 'd', amount: 3n },
  ])
})

test('a burst charge names what it stands on, and a refused one why', async () => {
  const { writer } = opened(memoryStore(), () =>
    compiled(
      [cohort('c', { gpu: { shared: 3, burst: 2 } })],
      [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: { reserved: 4 } })],
    ),
  )
  const charged = await writer.charge(request('1', 't', { gpu: 7 }, 'burst'), SOON)
  assert.deepEqual(charged, {
    kind: 'charged',
    tier: 'burst',
    borrowed: new Map([['gpu', 7n]]),
    lenders: new Map([
      [
        'gpu',
        [
          { kind: 'burst-pool', cohort: 'c', amount: 2n },
          { kind: 'tenant', tenant: 'u', amount: 4n },
          { kind: 'shared-pool', cohort: 'c', amount: 1n },
        ],
      ],
    ]),
  })
  const refused = await writer.charge(request('2', 't', { gpu: 3 }, 'burst'), SOON)
  assert.ok(refused.kind === 'refused')
  const [answer] = refused.explanation.tiers.flatMap(({ classes }) => classes)
  assert.deepEqual(answer?.binding.limit, { kind: 'nothing-idle', cohort: 'c' })
  assert.deepEqual([answer?.requested, answer?.available, answer?.short, answer?.idle], [3n, 2n, 1n, 2n])
})

const COHORTS: readonly CohortSpec[] = [cohort('c', { gpu: { burst: 2 } })]
const TENANTS: readonly TenantSpec[] = [tenant('t', 'c', { gpu: { reserved: 8 } }, { tierOrder: ['reserved'] })]

const QUOTAS = compiled(COHORTS, TENANTS)

let writers = 0

function opened(store: LedgerStore, quotas: () => Quotas = () => QUOTAS) {
  const clock = manualClock()
  const id = `writer-${writers++}`
  const writer = ledgerWriter({ ...TERMS, id, store, clock, timer: clock, quotas, retryAfterMs: 500 })
  return { writer, clock }
}

/** Remembers what was asked of the store. */
function logged(inner: LedgerStore) {
  const log: string[] = []
  const store: LedgerStore = {
    read(tree) {
      log.push('read')
      return inner.read(tree)
    },
    replace(tree, current, next) {
      log.push('replace')
      return inner.replace(tree, current, next)
    },
  }
  return { store, log }
}

/** Lets every call wait until it is released. */
function gated(inner: LedgerStore) {
  const waiting: { readonly kind: 'read' | 'replace'; readonly go: () => void }[] = []
  const gate = (kind: 'read' | 'replace') => new Promise<void>(go => waiting.push({ kind, go }))
  const store: LedgerStore = {
    async read(tree) {
      await gate('read')
      return inner.read(tree)
    },
    async replace(tree, current, next) {
      await gate('replace')
      return inner.replace(tree, current, next)
    },
  }
  async function release(kind: 'read' | 'replace'): Promise<void> {
    await turns()
    const next = waiting.shift()
    assert.equal(next?.kind, kind)
    next?.go()
    await turns()
  }
  return { store, release }
}

/** Lets the first write meet a conflict, after somebody else has done something. */
function conflicting(inner: LedgerStore, meanwhile: () => Promise<unknown>): LedgerStore {
  let isFirst = true
  return {
    read: inner.read,
    async replace(tree, current, next) {
      if (!isFirst) return inner.replace(tree, current, next)
      isFirst = false
      await meanwhile()
      return 'conflict'
    },
  }
}

/** Lets everything happen that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate()
}

function pods(count: number) {
  return Array.from({ length: count }, (_, index) => request(`${index}`, 't', { gpu: 1 }))
}

function tierOf(verdict: Verdict): string {
  return verdict.kind === 'charged' ? verdict.tier : verdict.kind
}

async function stored(store: LedgerStore): Promise<readonly string[]> {
  return uidsIn((await store.read('c')).value)
}

function uidsIn(ledger: Ledger): readonly string[] {
  return [...charges(ledger)].map(({ uid }) => uid).toSorted()
}
