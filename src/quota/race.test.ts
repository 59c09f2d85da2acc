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
import { type Charge, chargeOf, charges, EMPTY_LEDGER, type Ledger } from './ledger.ts'
import { memoryStore } from './memory-store.ts'
import { recount } from './recount.ts'
import { cohort, compiled, manualClock, request, STAMP, tenant, treeNamed, viewOf } from './testing.ts'
import type { Verdict } from './verdict.ts'
import type { LedgerStore } from './versions.ts'
import { type LedgerWriter, ledgerWriter } from './writer.ts'

// Nobody lends here, so every limit is a plain sum: t may hold 4 reserved, u 3, and all burst together 3.
const QUOTAS = compiled(
  [cohort('c', { gpu: { burst: 3 } })],
  [
    tenant('t', 'c', { gpu: { reserved: 4, lendingLimit: 0 } }),
    tenant('u', 'c', { gpu: { reserved: 3, lendingLimit: 0 } }),
  ],
)
const TREE = treeNamed(QUOTAS, 'c')
const PENDING_MS = 1000

const PATIENCE_MS = 100
const REPLICAS = [0, 1, 2] as const

/** What may go wrong with a call: it never arrives, its answer is lost, or the replica dies while it waits for it. */
const FAULTS = ['before', 'after', 'death'] as const
type Fault = 'none' | (typeof FAULTS)[number]

const TIER_CHOICES = ['auto', 'reserved', 'burst'] as const

interface Ask {
  readonly kind: 'ask'
  readonly replica: number
  readonly pod: Request
  readonly patienceMs: number
  readonly isDry: boolean
}
type Event =
  | Ask
  | { readonly kind: 'release'; readonly replica: number; readonly uid: string }
  | { readonly kind: 'time'; readonly ms: number }

const replica = fc.constantFrom(...REPLICAS)
const uid = fc.nat(23).map(String)
const oneIn = (times: number) => fc.nat(times - 1).map(n => n === 0)
const someEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ replica, number: fc.nat(23), patienceMs: fc.constantFrom(1, 5, PATIENCE_MS), isDry: oneIn(7) })
      .map(({ number, ...more }): Event => ({ kind: 'ask', pod: podOf(number, more.isDry), ...more })),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release'), replica, uid }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.integer({ min: 1, max: 4 }) }) },
)

/** A UID stands for one pod, so all that is asked follows from it. */
function podOf(number: number, isDry: boolean): Request {
  const [ofTenant, tier] = [number % 2 === 0 ? 't' : 'u', TIER_CHOICES[number % 3] ?? 'auto']
  return request(isDry ? `dry-${number}` : `${number}`, ofTenant, { gpu: 1 + (number % 4) }, tier)
}

const someFaults = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...FAULTS) },
  ),
  { maxLength: 40 },
)

test('over all orders of events no limit is passed, and every answer is true', async () => {
  const seen = { charged: 0, refused: 0, busy: 0, barred: 0, conflict: 0, withdrawn: 0, death: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(someEvent, { maxLength: 30 }),
      someFaults,
      async (scheduler, events, faults) => {
        const race = start(scheduler, faults)
        await play(race, scheduler, events)
        for (const ledger of race.versions) checkLimits(ledger)
        checkAnswers(race, events)
        checkCharges(race, events)
        for (const { verdict } of race.answers) seen[verdict.kind] += 1
        for (const what of race.happened) seen[what] += 1
      },
    ),
    { numRuns: 200 },
  )
  // The property says nothing unless all of this happened; nothing here is wrong whatever is used.
  const { barred, ...others } = seen
  assert.equal(barred, 0)
  for (const [what, times] of Object.entries(others)) assert.ok(times > 0, `${what} never happened`)
})

interface Answer {
  readonly event: Ask
  /** The versions stored when it was asked and when it was answered. */
  readonly from: number
  readonly to: number
  readonly verdict: Verdict
}

interface Race {
  readonly clock: ReturnType<typeof manualClock>
  readonly writers: readonly LedgerWriter[]
  /** Every ledger that was ever stored, oldest first. */
  readonly versions: Ledger[]
  readonly answers: Answer[]
  readonly dead: Set<number>
  /** No call fails from now on. */
  readonly heal: () => void
  readonly happened: ('conflict' | 'withdrawn' | 'death')[]
}

function start(scheduler: fc.Scheduler, faults: readonly Fault[]): Race {
  const inner = memoryStore()
  const clock = manualClock()
  const upcoming = faults.values()
  const heal = () => void upcoming.toArray()
  const race: Omit<Race, 'writers'> = {
    clock,
    versions: [EMPTY_LEDGER],
    answers: [],
    dead: new Set(),
    heal,
    happened: [],
  }

  /** One call of a replica: it arrives, takes effect, and answers, each in its own time; anything may go wrong. */
  async function call<T>(replica: number, effect: () => Promise<T>): Promise<T> {
    const fault = upcoming.next().value ?? 'none'
    await scheduler.schedule(Promise.resolve(), `a call of ${replica} arrives`)
    if (race.dead.has(replica)) return never()
    if (fault === 'before') throw new Error('it never arrived')
    const result = await effect()
    await scheduler.schedule(Promise.resolve(), `a call of ${replica} is answered`)
    if (fault === 'after') throw new Error('the answer was lost')
    if (fault !== 'death') return result
    race.dead.add(replica)
    race.happened.push('death')
    return never()
  }

  const storeOf = (replica: number): LedgerStore => ({
    read: tree => call(replica, () => inner.read(tree)),
    replace: (tree, current, next) =>
      call(replica, async () => {
        const written = await inner.replace(tree, current, next)
        if (written === 'conflict') race.happened.push('conflict')
        else race.versions.push(next)
        return written
      }),
  })
  const shared = {
    clock,
    timer: clock,
    quotas: () => QUOTAS,
    pendingMs: PENDING_MS,
    gangHoldMs: 1,
    maxCharges: 100,
    retryAfterMs: 1,
  }
  return {
    ...race,
    writers: REPLICAS.map(replica => ledgerWriter({ ...shared, id: `${replica}`, store: storeOf(replica) })),
  }
}

async function play(race: Race, scheduler: fc.Scheduler, events: readonly Event[]): Promise<void> {
  const asked: Promise<unknown>[] = []
  const begin = scheduler.scheduleSequence(
    events.map(event => ({ label: event.kind, builder: async () => void asked.push(happen(race, event)) })),
  )
  await drain(scheduler)
  await begin.task
  // Everyone's deadline passes; then, with the store well again, each replica that lives has something to write.
  race.clock.advance(PATIENCE_MS)
  await drain(scheduler)
  await Promise.all(asked)
  race.heal()
  for (const replica of REPLICAS.filter(one => !race.dead.has(one))) {
    void race.writers[replica]?.refresh('c').catch(() => {})
    await drain(scheduler)
  }
}

async function happen(race: Race, event: Event): Promise<void> {
  if (event.kind === 'time') return race.clock.advance(event.ms)
  const writer = race.writers[event.replica]
  assert.ok(writer !== undefined)
  if (event.kind === 'release') {
    // A release that fails is repeated by its caller in real life; here it may as well be lost.
    void writer.amend('c', [event]).catch(() => {})
    return
  }
  const from = race.versions.length - 1
  const deadlineMs = race.clock.now() + event.patienceMs
  const verdict = await (event.isDry ? writer.preview(event.pod, deadlineMs) : writer.charge(event.pod, deadlineMs))
  race.answers.push({ event, from, to: race.versions.length - 1, verdict })
}

async function drain(scheduler: fc.Scheduler): Promise<void> {
  for (let idle = 0; idle < 3; idle += 1) {
    while (scheduler.count() > 0) {
      await scheduler.waitOne()
      idle = 0
    }
    await setImmediate()
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}

function checkLimits(ledger: Ledger): void {
  const sum = (which: (charge: Charge) => boolean) =>
    [...charges(ledger)].filter(which).reduce((total, { amounts }) => total + (amounts.get('gpu') ?? 0n), 0n)
  assert.ok(sum(({ tenant, tier }) => tenant === 't' && tier === 'reserved') <= 4n)
  assert.ok(sum(({ tenant, tier }) => tenant === 'u' && tier === 'reserved') <= 3n)
  assert.ok(sum(({ tier }) => tier === 'burst') <= 3n)
}

/** Everyone is answered, and by what was stored at some moment between their question and the answer. */
function checkAnswers({ answers, versions }: Race, events: readonly Event[]): void {
  assert.equal(answers.length, events.filter(({ kind }) => kind === 'ask').length)
  for (const { event, from, to, verdict } of answers) {
    const { pod, isDry } = event
    const meanwhile = versions.slice(from, to + 1)
    if (verdict.kind === 'refused') {
      const wouldRefuse = (ledger: Ledger) => decide(openBook(TREE, ledger), pod, STAMP).outcome.kind === 'refused'
      assert.ok(meanwhile.some(wouldRefuse), `${pod.uid} was refused, and at no time was it too much`)
    }
    if (verdict.kind === 'charged' && !isDry) {
      const isBooked = (ledger: Ledger) => chargeOf(ledger, pod.uid)?.tier === verdict.tier
      assert.ok(meanwhile.some(isBooked), `${pod.uid} was told of a charge that nobody stored`)
    }
  }
}

/** Who was told of a charge keeps it, and nobody else has one for longer than a replica takes to die. */
function checkCharges({ answers, versions, dead, happened }: Race, events: readonly Event[]): void {
  const final = versions.at(-1) ?? EMPTY_LEDGER
  const released = new Set(events.flatMap(event => (event.kind === 'release' ? [event.uid] : [])))
  for (const [uid, asks] of Map.groupBy(answers, ({ event }) => event.pod.uid)) {
    const real = asks.filter(({ event }) => !event.isDry)
    const isTold = real.some(({ verdict }) => verdict.kind === 'charged')
    const isHeld = chargeOf(final, uid) !== undefined
    if (isTold && !released.has(uid)) assert.ok(isHeld, `${uid} lost the charge it was told of`)
    if (isTold) continue

    const wasEverHeld = versions.some(ledger => chargeOf(ledger, uid) !== undefined)
    if (real.length === 0) assert.ok(!wasEverHeld, `a preview of ${uid} left a trace`)
    if (wasEverHeld && !isHeld) happened.push('withdrawn')
    // A dead replica cannot withdraw, nor does one whose charge another has renewed: those charges lapse.
    const askedAt = new Set(real.map(({ event }) => event.replica))
    const mayLapse = askedAt.size > 1 || [...askedAt].some(replica => dead.has(replica))
    if (isHeld) assert.ok(mayLapse, `${uid} was never told of a charge and holds one`)
  }
  const lastMoment = viewOf({ asOfMs: Number.MAX_SAFE_INTEGER })
  assert.equal(recount(final, lastMoment).charges.size, 0, 'no charge outlives its pod: nothing here was ever seen')
}
