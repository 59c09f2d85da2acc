/** What goes wrong, and how often; `fair` is a run in which nothing does. */

export interface Weather {
  /** One call in so many never arrives and fails. */
  readonly lostCalls: number
  /** One takes effect, and its answer is lost. */
  readonly lostAnswers: number
  /** One fails first and takes effect afterwards. */
  readonly lateCalls: number
  /** One write in so many is told of a conflict although it is up to date. */
  readonly inventedConflicts: number
  /** Average time between two deaths of a replica. */
  readonly msBetweenCrashes: number
  /** One pod in so many is admitted and never appears. */
  readonly neverCreated: number
  /** One pod in so many is asked about a second time, at another replica. */
  readonly askedTwice: number
  /** One request in so many has next to no time. */
  readonly impatient: number
  /** One gang in so many lacks members. */
  readonly incompleteGangs: number
}

const NEVER = Number.POSITIVE_INFINITY

export const FAIR: Weather = {
  lostCalls: NEVER,
  lostAnswers: NEVER,
  lateCalls: NEVER,
  inventedConflicts: NEVER,
  msBetweenCrashes: NEVER,
  neverCreated: NEVER,
  askedTwice: NEVER,
  impatient: NEVER,
  incompleteGangs: NEVER,
}

export const STORM: Weather = {
  lostCalls: 150,
  lostAnswers: 150,
  lateCalls: 200,
  inventedConflicts: 12,
  msBetweenCrashes: 8_000,
  neverCreated: 40,
  askedTwice: 20,
  impatient: 25,
  incompleteGangs: 4,
}
