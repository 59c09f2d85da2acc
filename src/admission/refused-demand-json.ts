/** Refused demand as replicas tell it to each other. Ages instead of times: the clocks of two machines need not agree. */
import type { RefusedDemand } from '../rebalance/snapshot.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { isList, type JsonObject, type JsonValue, TIERS } from '../schema/parts.ts'
import { amountsJson, amountsOf, gangJson, gangOf } from './charge-json.ts'
import { isTellable } from './demand-of-refusal.ts'
import { fieldAt, textAt } from './objects.ts'
import type { DemandNews } from './refused-demand.ts'

// Usually 300 bytes each. At the most that is told, with all names at their longest and a gang's id of characters that JSON escapes, 7 KB:
// 3.5 MB, half of the longest body that is read.
export const MOST_NEWS_TOLD = 500

/** What is sent. */
export function demandNewsJson(news: readonly DemandNews[], nowMs: number): JsonObject {
  return { demand: news.map(one => newsJson(one, nowMs)) }
}

function newsJson(news: DemandNews, nowMs: number): JsonObject {
  switch (news.kind) {
    case 'refused':
      return { kind: 'refused', ...demandJson(news.demand, nowMs) }
    case 'ended':
      return { kind: 'ended', owner: news.owner, agoMs: age(news.atMs, nowMs) }
  }
}

function demandJson({ demand, gang, sinceMs, lastMs, ...named }: RefusedDemand, nowMs: number): JsonObject {
  return {
    ...named,
    demand: amountsJson(demand),
    ...(gang === undefined ? {} : { gang: gangJson(gang) }),
    sinceAgoMs: age(sinceMs, nowMs),
    lastAgoMs: age(lastMs, nowMs),
  }
}

function age(atMs: number, nowMs: number): number {
  return Math.max(0, nowMs - atMs)
}

/** What was sent, if all of it is what a replica would send. A replica of a version that knows of no demand sends none. */
export function parseDemandNews(body: JsonValue | undefined, nowMs: number): Parsed<readonly DemandNews[]> {
  const told = fieldAt(body, 'demand')
  const list = told === undefined ? [] : told
  if (!isList(list) || list.length > MOST_NEWS_TOLD) {
    return failed({ at: 'demand', problem: `is no list of at most ${MOST_NEWS_TOLD}` })
  }
  const read = list.map(one => newsOf(one, nowMs))
  const wrong = read.indexOf(undefined)
  if (wrong !== -1)
    return failed({ at: `demand[${wrong}]`, problem: 'is no refusal, and no end of one, as it should be' })
  return parsed(read.filter(news => news !== undefined))
}

const OWNER = /^[0-9a-z]{14}$/
const MAX_TENANT = 253

function newsOf(value: JsonValue, nowMs: number): DemandNews | undefined {
  const owner = textAt(value, 'owner') ?? ''
  if (!OWNER.test(owner)) return undefined
  const kind = textAt(value, 'kind')
  const demand = kind === 'refused' ? demandOf(value, owner, nowMs) : undefined
  if (demand !== undefined) return { kind: 'refused', demand }
  const atMs = kind === 'ended' ? timeAt(value, 'agoMs', nowMs) : undefined
  return atMs === undefined ? undefined : { kind: 'ended', owner, atMs }
}

function demandOf(value: JsonValue, owner: string, nowMs: number): RefusedDemand | undefined {
  const [tenant = '', name] = [textAt(value, 'tenant'), textAt(value, 'name')]
  const tier = [...TIERS, 'auto' as const].find(one => one === textAt(value, 'tier'))
  const demand = amountsOf(fieldAt(value, 'demand'))
  const toldGang = fieldAt(value, 'gang')
  const gang = toldGang === undefined ? undefined : gangOf(toldGang)
  const [sinceMs, lastMs] = [timeAt(value, 'sinceAgoMs', nowMs), timeAt(value, 'lastAgoMs', nowMs)]
  if (tenant === '' || tenant.length > MAX_TENANT || name === undefined || tier === undefined) return undefined
  if (demand === undefined || (toldGang !== undefined && gang === undefined)) return undefined
  if (sinceMs === undefined || lastMs === undefined || sinceMs > lastMs) return undefined
  const told = { tenant, tier, demand, gang, owner, name, sinceMs, lastMs }
  return isTellable(told) ? told : undefined
}

function timeAt(value: JsonValue, field: string, nowMs: number): number | undefined {
  const agoMs = fieldAt(value, field)
  return typeof agoMs === 'number' && agoMs >= 0 && Number.isFinite(agoMs) ? nowMs - agoMs : undefined
}
