/**
 * Several writers over one store, under every order of events that a seeded scheduler thinks of: reads and writes that
 * take effect early and answer late, answers that get lost, calls that fail, deadlines that pass, replicas that die.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { openBook } from './book.ts'
import { decide, type Request } from './decide.ts'
import { chargeOf, charges, EMPTY_LEDGER, type Ledger } from './ledger.ts'
import { memoryStore } from './memory-store.ts'
import type { Tier } from './spec.ts'
import { cohort, compiled, manualClock, request, tenant, treeNamed } from './testing.ts'
import type { Verdict } from './verdict.ts'
import type { LedgerStore } from './versions.ts'
import { type LedgerWriter, ledgerWriter } from './writer.ts'

// Nobody lends here, so every limit is a plain sum: t may hold 4 reserved, u 3, and all burst together 3.
const QUOTAS = compiled(
  [cohort('c', { gpu: { burst: 3 } })],
  [tenant('t', 'c', { gpu: { reserved: 4, lendingLimit: 0 } }), tenant('u', 'c', { gpu: { reserved: 3, lendingLimit: 0 } })],
)
const TREE = treeNamed(QUOTAS, 'c')
const PENDING_MS = 1000

type Fault = 'none' | 'before' | 'after' | 'death'
type Event =
  | { readonly kind: 'ask'; readonly at: number; readonly pod: Request; readonly patienceMs: number; readonly dry: boolean }
  | { readonly kind: 'release'; readonly at: number; readonly uid: string }
  | { readonly kind: 'time'; readonly ms: number }

const uid = fc.nat(11).map(String)
const someEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        at: fc.nat(2),
        uid,
        tier: fc.constantFrom<readonly (Tier | 'auto')[]>('auto', 'reserved', 'burst'),
        patienceMs: fc.constantFrom(1, 5, 100),
        dry: fc.integer({ min: 0, max: 6 }).map(n => n === 0),
      })
      // A UID stands for one pod, so its demand and tenant follow from it.
      .map(({ at, uid: one, tier, patienceMs, dry }): Event => {
        const pod = request(one, Number(one) % 2 === 0 ? 't' : 'u', { gpu: 1 + (Number(one) % 3) }, tier)
        return { kind: 'ask', at, pod, patienceMs, dry }
      }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release'), at: fc.nat(2), uid }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.integer({ min: 1, max: 4 }) }) },
)

const someFaults = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Fault>('none') },
    { weight: 1, arbitrary: fc.constantFrom<readonly Fault[]>('before', 'after', 'death') },
  ),
  { maxLength: 40 },
)

test('over all orders of events no limit is passed, and every answer is true', async () => {
  const seen = { charged: 0, refused: 0, barred: 0, busy: 0, conflicts: 0, withdrawn: 0 }
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(someEvent, { maxLength: 30 }), someFaults, async (scheduler, events, faults) => {
      const run = race(scheduler, faults)
      const done = play(run, scheduler, events)
      await drained(scheduler, run)
      await done
      checkVersions(run)
      checkAnswers(run)
      for (const { verdict } of run.answers) seen[verdict.kind] += 1
      seen.conflicts += run.conflicts()
      seen.withdrawn += run.withdrawn()
    }),
    { numRuns: 150 },
  )
  // The property says nothing unless all of this happened.
  for (const [what, times] of Object.entries(seen)) if (what !== 'barred') assert.ok(times > 0, `no ${what}`)
})

interface Answer {
  readonly pod: Request
  readonly dry: boolean
  readonly from: number
  readonly to: number
  readonly verdict: Verdict
}

type Run = ReturnType<typeof race>

function race(scheduler: fc.Scheduler, faults: readonly Fault[]) {
  const inner = memoryStore()
  const clock = manualClock()
  const versions: Ledger[] = [EMPTY_LEDGER]
  const answers: Answer[] = []
  const dead = new Set<number>()
  let conflicts = 0
  let isHealthy = false
  let calls = 0

  /** One call of a replica: waits, happens, waits again before it answers; something may go wrong on either side. */
  async function call<T>(replica: number, what: string, effect: () => Promise<T>): Promise<T> {
    const fault = isHealthy ? 'none' : (faults[calls++] ?? 'none')
    await scheduler.schedule(Promise.resolve(), `${replica} ${what} arrives`)
    if (fault === 'death') dead.add(replica)
    if (fault === 'before') throw new Error('never arrived')
    const result = dead.has(replica) && fault !== 'death' ? undefined : await effect()
    await scheduler.schedule(Promise.resolve(), `${replica} ${what} answers`)
    if (result === undefined || dead.has(replica)) return new Promise<never>(() => {})
    if (fault === 'after') throw new Error('the answer was lost')
    return result
  }

  const storeOf = (replica: number): LedgerStore => ({
    read: tree => call(replica, 'read', () => inner.read(tree)),
    replace: (tree, current, next) =>
      call(replica, 'replace', async () => {
        const written = await inner.replace(tree, current, next)
        if (written === 'conflict') conflicts += 1
        else versions.push(next)
        return written
      }),
  })
  const writers: readonly LedgerWriter[] = [0, 1, 2].map(replica =>
    ledgerWriter({
      store: storeOf(replica),
      clock,
      timer: clock,
      quotas: () => QUOTAS,
      pendingMs: PENDING_MS,
      retryAfterMs: 1,
    }),
  )
  return {
    clock,
    writers,
    versions,
    answers,
    dead,
    conflicts: () => conflicts,
    /** Charges that were stored and are gone without anyone having released them. */
    withdrawn: () => {
      const ever = new Set(versions.flatMap(ledger => [...charges(ledger)].map(charge => charge.uid)))
      const told = new Set(answers.filter(({ verdict }) => verdict.kind === 'charged').map(({ pod }) => pod.uid))
      return [...ever].filter(one => !told.has(one)).length
    },
    heal: () => {
      isHealthy = true
    },
  }
}
