/**
 * What evaluation may cost. Kubernetes limits CEL to one million per expression and ten million per policy; the unit is
 * roughly one step of a comprehension, one comparison of two values, or ten characters of text looked at.
 *
 * Evaluation is synchronous, so one meter is running at a time and it is a variable of this module: handing it through
 * the package's evaluator would cost more than the counting.
 */

/** Kubernetes: PerCallLimit. */
export const EXPRESSION_COST = 1_000_000
/** Kubernetes: RuntimeCELCostBudget. */
export const POLICY_COST = 10_000_000
/** Kubernetes: RuntimeCELCostBudgetMatchConditions. */
export const MATCH_CONDITIONS_COST = 2_500_000

/** Characters of a text, or elements of a list, that an expression may build. */
export const MAX_BUILT_LENGTH = 1 << 20

/** An error in an expression is cheap to cause and dear to make (a stack trace), so it has a price of its own. */
export const ERROR_COST = 100

/** What making a list or a map costs besides its elements, as in Kubernetes (ListCreateBaseCost, MapCreateBaseCost). */
export const LIST_COST = 10
export const MAP_COST = 30

// How much is spent between two looks at the policy's budget and the clock: about 50 us of work.
const SETTLE_EVERY = 1_000

/** What is left for all expressions of one policy and one request. */
export interface Budget {
  left: number
  /** True when time is up. Asked at the start of an expression and after every thousand units. */
  readonly isLate: () => boolean
}

export function createBudget(cost: number, isLate: () => boolean = () => false): Budget {
  return { left: cost, isLate }
}

/** Thrown when a limit is passed. It may be swallowed on its way (`||`, `exists`): `metered` reports it all the same. */
class LimitExceeded extends Error {}

// Made once: a stack trace per throw would make the limit itself expensive.
const LIMIT_EXCEEDED = new LimitExceeded('limit exceeded')

interface Meter {
  readonly budget: Budget
  spent: number
  settled: number
  pauseAt: number
  exceeded: string | undefined
}

const NONE: Meter = meterOf(createBudget(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
let running: Meter = NONE

function meterOf(budget: Budget, pauseAt: number): Meter {
  return { budget, spent: 0, settled: 0, pauseAt, exceeded: undefined }
}

/** Charges the running evaluation; throws when it has spent what it may. Call it before the work it pays for. */
export function tick(cost: number): void {
  running.spent += cost
  if (running.spent >= running.pauseAt) pause(running)
}

/** Charges for looking at all of a text or of bytes; anything else has no length, or is paid for element by element. */
export function tickLength(value: unknown): void {
  if (typeof value === 'string' || value instanceof Uint8Array) tick(value.length >>> 3)
}

/** Ends the running evaluation for passing a limit that is not a cost. */
export function exceed(limit: string): never {
  if (running !== NONE) {
    running.exceeded ??= limit
    running.pauseAt = -1
  }
  throw LIMIT_EXCEEDED
}

/** The budget of the running evaluation, for an evaluation inside it. */
export function runningBudget(): Budget {
  return running.budget
}

export type Metered<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'exceeded'; readonly limit: string }

/** Does the work under a limit of its own, at the expense of the budget. Never throws. */
export function metered<T>(budget: Budget, work: () => T): Metered<T> {
  const outer = running
  const meter = meterOf(budget, 0)
  running = meter
  try {
    pause(meter)
    const value = work()
    return meter.exceeded === undefined ? { kind: 'done', value } : { kind: 'exceeded', limit: meter.exceeded }
  } catch (error) {
    if (error instanceof RangeError) meter.exceeded ??= 'the depth of the stack'
    return meter.exceeded === undefined ? { kind: 'failed', error } : { kind: 'exceeded', limit: meter.exceeded }
  } finally {
    settle(meter)
    running = outer
  }
}

function pause(meter: Meter): void {
  settle(meter)
  meter.exceeded ??= passedLimit(meter)
  if (meter.exceeded !== undefined) {
    meter.pauseAt = -1
    throw LIMIT_EXCEEDED
  }
  meter.pauseAt = Math.min(meter.spent + SETTLE_EVERY, EXPRESSION_COST)
}

function settle(meter: Meter): void {
  meter.budget.left -= meter.spent - meter.settled
  meter.settled = meter.spent
}

function passedLimit(meter: Meter): string | undefined {
  if (meter.spent >= EXPRESSION_COST) return `the cost limit of one expression (${EXPRESSION_COST})`
  if (meter.budget.left <= 0) return 'the cost budget of the policy'
  return meter.budget.isLate() ? 'the time limit' : undefined
}
