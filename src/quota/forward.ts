/**
 * Forwarding: several replicas that write one ledger get in each other's way, so those that are not the leader hand their requests
 * to its writer, in batches. That is faster and nothing else: the compare-and-swap stays the guarantee, and a replica that gets no
 * answer in time, or none it can use, charges by itself. A UID has one charge whoever books it, so both may happen.
 *
 * Only `charged` is taken from the leader. What it refuses is decided again here, on a version read after the request arrived: a
 * denial must be explained, and what explains it is not worth sending.
 */
import type { Request } from './decide.ts'
import type { Charged, Verdict } from './verdict.ts'
import type { Timer } from './waiter.ts'
import type { LedgerWriter } from './writer.ts'

/** The leader's writer, from afar. */
export interface Leader {
  /**
   * Charges what fits, and answers in order: the charge, or null for whatever else became of it. Rejects when the leader
   * cannot be reached. Charges nothing after the deadline, in epoch milliseconds.
   */
  charge(requests: readonly Request[], deadlineMs: number): Promise<readonly (Charged | null)[]>
}

export interface ForwardDeps {
  readonly own: LedgerWriter
  /** Whom to forward to; undefined where this replica is the leader, or where nobody is known to be. */
  readonly leader: () => Leader | undefined
  readonly clock: { now(): number }
  readonly timer: Timer
  /** How long the leader is waited for: long enough for its queue, short enough for a write of our own afterwards. */
  readonly patienceMs: number
}

interface Waiting {
  readonly request: Request
  readonly deadlineMs: number
  readonly answer: (charged: Charged | null) => void
}

/** The same writer, with its charges forwarded while there is a leader to forward to. */
export function forwardingWriter({ own, leader, clock, timer, patienceMs }: ForwardDeps): LedgerWriter {
  let waiting: Waiting[] = []
  let isRunning = false

  /** One batch after the other: while one is on its way, the next gathers. */
  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const answers = await forwarded(batch)
      for (const [index, { answer }] of batch.entries()) answer(answers[index] ?? null)
    }
    isRunning = false
  }

  async function forwarded(batch: readonly Waiting[]): Promise<readonly (Charged | null)[]> {
    const known = leader()
    if (known === undefined) return []
    const untilMs = Math.min(clock.now() + patienceMs, ...batch.map(({ deadlineMs }) => deadlineMs))
    const { promise: late, resolve } = Promise.withResolvers<readonly (Charged | null)[]>()
    const cancel = timer.at(untilMs, () => resolve([]))
    // Whatever keeps the leader from answering, this replica can do without it.
    const requests = batch.map(({ request }) => request)
    const answers = (async () => known.charge(requests, untilMs))().catch(() => [])
    return Promise.race([answers, late]).finally(cancel)
  }

  function askLeader(request: Request, deadlineMs: number): Promise<Charged | null> {
    const { promise, resolve } = Promise.withResolvers<Charged | null>()
    waiting.push({ request, deadlineMs, answer: resolve })
    if (!isRunning) {
      isRunning = true
      // One turn later, so that everything asked in this turn goes together.
      queueMicrotask(() => void run())
    }
    return promise
  }

  return {
    ...own,
    async charge(request, deadlineMs): Promise<Verdict> {
      if (leader() === undefined) return own.charge(request, deadlineMs)
      return (await askLeader(request, deadlineMs)) ?? own.charge(request, deadlineMs)
    },
  }
}

/** What a leader does with what others forward to it. */
export async function chargeForOthers(
  writer: LedgerWriter,
  requests: readonly Request[],
  deadlineMs: number,
): Promise<readonly (Charged | null)[]> {
  const verdicts = await Promise.all(requests.map(request => writer.charge(request, deadlineMs)))
  return verdicts.map(verdict => (verdict.kind === 'charged' ? verdict : null))
}
