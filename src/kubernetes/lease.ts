/**
 * Who leads, by a Lease (the algorithm of client-go's leaderelection).
 *
 * No clock of another machine is ever read: a lease has expired when its record was not seen to change for its duration, on our own clock
 * that only goes forward. The holder renews within a shorter time, counted from when it *sent* the last renewal that succeeded. Others
 * saw that change no earlier than it was sent, and wait longer from there; so the old leader has stopped before a new one may begin,
 * however late an answer, a timer or a whole process is. `isLeader` compares times when it is asked, and needs no timer to be right.
 *
 * What is left is a write that was sent by a leader and arrives after it: that is what resource versions are for.
 */
import type { Log } from '../admission/endpoint.ts'
import type { ApiAnswer, ApiServer } from '../controller/api-server.ts'
import { claimed, givenUp, type Leader, type LeaseRecord, recordIn } from './lease-record.ts'
import { refusal } from './list.ts'
import type { Time } from './silence.ts'

interface LeaseTimes {
  /** How long others wait for a leader that is silent. */
  readonly durationMs: number
  /** How long a leader leads without having renewed; shorter than that. */
  readonly renewWithinMs: number
  readonly retryMs: number
}

/** As client-go's. */
const LEASE_TIMES: LeaseTimes = { durationMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 }

export interface ElectionDeps extends Time {
  /** On a line of its own. */
  readonly api: ApiServer
  readonly namespace: string
  readonly name: string
  /** Unlike that of every other process, former lives of this one included: two of one identity would both lead. */
  readonly self: Leader
  readonly times?: LeaseTimes
  /** The calendar, for the times that people read in the object. */
  readonly calendar: { now(): number }
  /** From 0 to below 1. */
  readonly random: () => number
  readonly log: Pick<Log, 'event' | 'problem'>
  onGained(): void
  onLost(): void
}

export interface Election {
  isLeader(): boolean
  /** Who leads as far as is known here. Nobody for sure while a lease has expired. */
  leader(): Leader | undefined
  /** Gives up what is held, so that nobody has to wait for it, and takes part no longer. */
  resign(): Promise<void>
}

interface Observed {
  readonly record: LeaseRecord
  readonly changedMs: number
}

export function electLeader(deps: ElectionDeps): Election {
  const { api, namespace, name, self, times = LEASE_TIMES, clock, timer, calendar, random, log } = deps
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  let observed: Observed | undefined
  let leadsUntilMs = Number.NEGATIVE_INFINITY
  let isTold = false
  let problemTold: string | undefined
  let cancelNext = () => {}
  let cancelEnd = () => {}
  let isOver = false

  const isLeader = () => !isOver && clock.now() < leadsUntilMs
  const isExpired = ({ record, changedMs }: Observed) => clock.now() >= changedMs + record.durationMs

  const isOurs = ({ record }: Observed) => record.holder?.identity === self.identity

  function call(method: 'GET' | 'POST' | 'PUT', body?: ReturnType<typeof claimed>): Promise<ApiAnswer> {
    const path = method === 'POST' ? collection : `${collection}/${name}`
    // An attempt whose connection hangs leaves time for two more.
    return api.call({ method, path, timeoutMs: times.renewWithinMs / 3, ...(body === undefined ? {} : { body }) })
  }

  function observe(object: ApiAnswer['body'], seenMs: number): LeaseRecord {
    const record = recordIn(object, times.durationMs)
    if (record.version !== observed?.record.version) observed = { record, changedMs: seenMs }
    return record
  }

  /** What the Lease says now. Seen when the answer came: a change can only look younger than it is, and is waited for longer. */
  async function look(): Promise<void> {
    const answer = await call('GET')
    if (answer.status === 200) observe(answer.body, clock.now())
    else if (answer.status !== 404) throw new Error(refusal(answer).why)
    // Whoever deletes a lease does not stop its holder: that one is waited for as if it were still there.
    else if (observed !== undefined && (isOurs(observed) || isExpired(observed))) observed = undefined
  }

  async function claim(before: LeaseRecord | undefined): Promise<void> {
    const sentMs = clock.now()
    const { durationMs } = times
    const object = claimed(before, { name, namespace, leader: self, durationMs, nowMs: calendar.now() })
    const answer = await call(before === undefined ? 'POST' : 'PUT', object)
    if (answer.status === 200 || answer.status === 201) {
      observe(answer.body, sentMs)
      // If the last term ended meanwhile, its end is told before the next one begins.
      tell()
      leadsUntilMs = sentMs + times.renewWithinMs
    } else if (answer.status === 409 || answer.status === 404) await look()
    else throw new Error(refusal(answer).why)
  }

  /** Renews what is held, takes what is free, and otherwise looks who holds it. */
  async function attempt(): Promise<void> {
    // A leader knows its own record: one write, and a conflict tells of everything else.
    if (!isLeader() || observed === undefined) await look()
    if (observed === undefined || isFree(observed)) await claim(observed?.record)
    // Taken by another although we led, or deleted.
    if (observed === undefined || !isOurs(observed)) leadsUntilMs = Number.NEGATIVE_INFINITY
  }

  function isFree(one: Observed): boolean {
    return one.record.holder === undefined || isOurs(one) || isExpired(one)
  }

  /** If it was lost meanwhile, the version says so, and there is nothing to give up. */
  async function giveUp(): Promise<void> {
    if (observed === undefined || !isOurs(observed)) return
    const { status } = await call('PUT', givenUp(observed.record, calendar.now()))
    if (status !== 200) log.event('the lease was not given up', { status })
  }

  function tell(): void {
    cancelEnd()
    cancelEnd = isLeader() ? timer.at(leadsUntilMs, tell) : () => {}
    if (isLeader() === isTold) return
    isTold = !isTold
    const reason = isTold ? 'this replica leads' : 'this replica no longer leads'
    log.event(reason, { object: `Lease ${namespace}/${name}` })
    try {
      if (isTold) deps.onGained()
      else deps.onLost()
    } catch (cause) {
      log.problem('whoever was told of the leader failed', cause, { reason })
    }
  }

  async function round(): Promise<void> {
    tell()
    try {
      await attempt()
      problemTold = undefined
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      if (reason !== problemTold) log.problem('the leader cannot be elected', cause, { reason })
      problemTold = reason
    }
    if (isOver) return
    tell()
    // Those who wait ask a little later each, so that not all of them try when it is free.
    const waitMs = isLeader() ? times.retryMs : times.retryMs * (1 + random() * 0.2)
    cancelNext = timer.at(clock.now() + waitMs, start)
  }

  let running: Promise<void> = Promise.resolve()
  function start(): void {
    running = round()
  }
  start()

  return {
    isLeader,
    leader() {
      if (isLeader()) return self
      return observed === undefined || isOurs(observed) || isExpired(observed) ? undefined : observed.record.holder
    },
    async resign() {
      isOver = true
      cancelNext()
      // First the work ends, then others may begin.
      tell()
      await running
      await giveUp().catch(cause => log.problem('the lease was not given up', cause))
    },
  }
}
