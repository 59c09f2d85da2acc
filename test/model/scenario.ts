/** A small world in which things can go wrong, with bounds that make it small. */
import type { Claim } from '../../src/quota/claim.ts'
import type { Request } from '../../src/quota/decide.ts'
import { cohort, compiled, tenant } from '../../src/quota/testing.ts'
import type { Quotas } from '../../src/quota/tiers.ts'
import type { Fate } from './cluster.ts'
import type { LeaderPlan } from './leader.ts'
import type { Fault } from './store.ts'

export const TREE = 'c'
export const CLASS = 'gpu'

/** For how long the API server waits for the answer to a review. */
export const PATIENCE_MS = 10
export const GANG_HOLD_MS = 20
/** For how long a create goes on: a pod that was charged is created within this time from its first review, or never. */
export const CREATE_MS = 30
/** Longer than that, as every deployment must have it. */
export const PENDING_MS = 40

export interface Review {
  readonly name: string
  readonly replica: number
  readonly pod: Request
  readonly isDry: boolean
  /** After how many of the scenario's steps of time it is sent. It may arrive later. */
  readonly sentAfter: number
}

/** What a leader has decided: a claim that it enters, whoever leads by then. */
export interface Claiming {
  readonly replica: number
  readonly claim: Claim
}

/** What there is of the one class, as plain numbers that the checks can add up without a tree. */
export interface Limits {
  readonly reserved: Readonly<Record<string, number>>
  readonly shared: number
  readonly burst: number
}

export interface Scenario {
  readonly name: string
  readonly limits: Limits
  readonly quotas: Quotas
  readonly replicas: number
  /** Whether each replica has read the ledger at the beginning. One that has not reads before it decides. */
  readonly isWarm: boolean
  readonly reviews: readonly Review[]
  /** What becomes of pods; one that is not named stays. */
  readonly fates: Readonly<Record<string, Fate>>
  readonly leaders: readonly LeaderPlan[]
  readonly claimings: readonly Claiming[]
  /** By how much the clock moves each time it does. */
  readonly times: readonly number[]
  /** How many calls may go wrong in all, and in which ways. */
  readonly faults: number
  readonly kinds: readonly Fault[]
  readonly maxCharges: number
  /** Gangs of which only one has room at a time. */
  readonly rivals: readonly string[]
}

const PLAIN = {
  replicas: 2,
  isWarm: false,
  fates: {},
  leaders: [],
  claimings: [],
  times: [],
  faults: 0,
  kinds: [],
  maxCharges: 100,
  rivals: [],
}

type Given = Pick<Scenario, 'name' | 'reviews'> & Partial<Omit<Scenario, 'quotas' | 'limits'>>

/** A scenario of one cohort, in which everything idle may be borrowed; what is not said is as simple as can be. */
export function scenario({ limits, ...given }: Given & { readonly limits: Partial<Limits> }): Scenario {
  const { reserved = {}, shared = 0, burst = 0 } = limits
  const tenants = Object.entries(reserved).map(([name, own]) => tenant(name, TREE, { [CLASS]: { reserved: own } }))
  const quotas = compiled([cohort(TREE, { [CLASS]: { shared, burst } })], tenants)
  return { ...PLAIN, limits: { reserved, shared, burst }, quotas, ...given }
}

export function review(
  name: string,
  replica: number,
  pod: Request,
  more: Partial<Pick<Review, 'isDry' | 'sentAfter'>> = {},
): Review {
  return { name, replica, pod, isDry: false, sentAfter: 0, ...more }
}
