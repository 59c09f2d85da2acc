/** Requests and charges as replicas send them to each other. */
import { type Amount, amount } from '../quantity/amount.ts'
import type { Request } from '../quota/decide.ts'
import type { WholeGang } from '../quota/gang.ts'
import type { Lender } from '../quota/lenders.ts'
import type { Charged } from '../quota/verdict.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { isObject, type JsonObject, type JsonValue, TIERS, type Tier } from '../schema/parts.ts'
import { fieldAt, objectAt, textAt } from './objects.ts'

/** What one replica asks another to charge. */
export interface ChargeAsk {
  readonly requests: readonly Request[]
  /** How long the one who asks waits. A duration: the clocks of two machines need not agree. */
  readonly waitMs: number
}

/** More than a replica answers at once, so a batch of them is larger than any that is sent. */
const MOST_REQUESTS = 4_096

export function chargeAskJson({ requests, waitMs }: ChargeAsk): JsonObject {
  return { waitMs, requests: requests.map(requestJson) }
}

function requestJson({ uid, namespace, tenant, tier, demand, gang, owner }: Request): JsonObject {
  return {
    uid,
    namespace,
    tenant,
    tier,
    demand: amountsJson(demand),
    ...(gang === undefined ? {} : { gang: gangJson(gang) }),
    ...(owner === undefined ? {} : { owner }),
  }
}

export function gangJson({ id, size, demand }: WholeGang): JsonObject {
  return { id, size, demand: amountsJson(demand) }
}

/** Reads what another replica sent. It is of our own making, but not always of our own version. */
export function parseChargeAsk(body: unknown): Parsed<ChargeAsk> {
  const value = body as JsonValue
  const requests = fieldAt(value, 'requests')
  const waitMs = fieldAt(value, 'waitMs')
  if (!Array.isArray(requests) || requests.length > MOST_REQUESTS) {
    return failed({ at: 'requests', problem: `is no list of at most ${MOST_REQUESTS}` })
  }
  if (typeof waitMs !== 'number' || !(waitMs >= 0)) return failed({ at: 'waitMs', problem: 'is no duration' })
  const read = (requests as readonly JsonValue[]).map(requestOf)
  const bad = read.indexOf(undefined)
  if (bad !== -1) return failed({ at: `requests[${bad}]`, problem: 'cannot be read' })
  return parsed({ waitMs, requests: read.filter(one => one !== undefined) })
}

function requestOf(value: JsonValue): Request | undefined {
  const [uid, namespace, tenant] = [textAt(value, 'uid'), textAt(value, 'namespace'), textAt(value, 'tenant')]
  const tier = [...TIERS, 'auto' as const].find(name => name === textAt(value, 'tier'))
  const demand = amountsOf(fieldAt(value, 'demand'))
  if (uid === undefined || namespace === undefined || tenant === undefined) return undefined
  if (tier === undefined || demand === undefined) return undefined
  const told = fieldAt(value, 'gang')
  const gang = told === undefined ? undefined : gangOf(told)
  if (told !== undefined && gang === undefined) return undefined
  // One that cannot be read, or of a version that knows none, draws on no claim.
  const owner = textAt(value, 'owner')
  return { uid, namespace, tenant, tier, demand, gang, ...(owner === undefined ? {} : { owner }) }
}

export function gangOf(value: JsonValue): WholeGang | undefined {
  const [id, size, demand] = [textAt(value, 'id'), fieldAt(value, 'size'), amountsOf(fieldAt(value, 'demand'))]
  if (id === undefined || demand === undefined || typeof size !== 'number' || !Number.isSafeInteger(size))
    return undefined
  return { id, size, demand }
}

export function chargedJson(answers: readonly (Charged | null)[]): JsonObject {
  return { charged: answers.map(answer => (answer === null ? null : oneJson(answer))) }
}

function oneJson({ tier, borrowed, lenders }: Charged): JsonObject {
  return {
    tier,
    borrowed: amountsJson(borrowed),
    lenders: Object.fromEntries([...lenders].map(([key, list]) => [key, list.map(lenderJson)])),
  }
}

function lenderJson({ kind, amount: held, ...who }: Lender): JsonObject {
  return { kind, amount: held.toString(), ...who }
}

/** In the order of the requests; null for whatever was not charged. */
export function parseCharged(body: unknown): Parsed<readonly (Charged | null)[]> {
  const answers = fieldAt(body as JsonValue, 'charged')
  if (!Array.isArray(answers)) return failed({ at: 'charged', problem: 'is no list' })
  return parsed((answers as readonly JsonValue[]).map(chargedOf))
}

// One that cannot be read is decided again by the one who asked, like any that was refused.
function chargedOf(value: JsonValue): Charged | null {
  const tier = TIERS.find((name): name is Tier => name === textAt(value, 'tier'))
  const borrowed = amountsOf(fieldAt(value, 'borrowed'))
  const lenders = objectAt(value, 'lenders')
  if (tier === undefined || borrowed === undefined || lenders === undefined) return null
  return {
    kind: 'charged',
    tier,
    borrowed,
    lenders: new Map(
      Object.entries(lenders).map(([key, list]) => [key, Array.isArray(list) ? list.flatMap(lenderOf) : []]),
    ),
  }
}

function lenderOf(value: JsonValue): readonly Lender[] {
  const [kind, held] = [textAt(value, 'kind'), amountOf(fieldAt(value, 'amount'))]
  const [tenant, cohort] = [textAt(value, 'tenant'), textAt(value, 'cohort')]
  if (held === undefined) return []
  if (kind === 'tenant' && tenant !== undefined) return [{ kind, tenant, amount: held }]
  const isOfCohort = kind === 'burst-pool' || kind === 'shared-pool' || kind === 'cohort'
  return isOfCohort && cohort !== undefined ? [{ kind, cohort, amount: held }] : []
}

export function amountsJson(amounts: ReadonlyMap<string, Amount>): JsonObject {
  return Object.fromEntries([...amounts].map(([key, value]) => [key, value.toString()]))
}

export function amountsOf(value: JsonValue | undefined): ReadonlyMap<string, Amount> | undefined {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value).map(([key, text]) => [key, amountOf(text)] as const)
  const read = entries.filter((entry): entry is readonly [string, Amount] => entry[1] !== undefined)
  return read.length === entries.length ? new Map(read) : undefined
}

function amountOf(value: JsonValue | undefined): Amount | undefined {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) ? amount(BigInt(value)) : undefined
}
