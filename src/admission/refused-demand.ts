/**
 * What was refused within the last minutes for want of capacity, by owner: what the rebalancer may free capacity for. Each replica
 * knows what it refused and admitted itself, and tells the leader, which so knows of all.
 *
 * It is told on the path of admissions, so being told costs a map insert or two, and nothing is written. An owner whose controller
 * creates several pods is one entry: what its last refused pod asked for. Who has no controller is not here: nobody tries again for it.
 */
import { ownerBits } from '../quota/claim.ts'
import type { RefusedDemand } from '../rebalance/snapshot.ts'
import { isRetryable, lacksCapacity } from './codes.ts'
import { refusedDemandOf } from './demand-of-refusal.ts'
import type { Clock } from './endpoint.ts'
import { ownerOf } from './pod-owner.ts'
import { type TableLimits, tenantTable } from './tenant-table.ts'
import type { Validation } from './validate.ts'

export interface RefusedDemands {
  denied(validation: Validation): void
  admitted(validation: Validation): void
  /** The owner of this UID has been deleted, or has all that it wanted. */
  gone(namespace: string, uid: string): void
  /** What another replica has told, in its order. */
  heard(news: Iterable<DemandNews>): void
  /** Those refused first first. Of a gang whose pods have several owners the one that was refused first stands for all. */
  demands(): readonly RefusedDemand[]
  /** At most so much as came after some mark, in that order, with the mark of the last of it. */
  after(mark: number, most: number): { readonly news: readonly DemandNews[]; readonly mark: number }
}

export type DemandNews =
  | { readonly kind: 'refused'; readonly demand: RefusedDemand }
  /** A pod of the owner was admitted, or capacity does not help it any more: what it was refused before is no demand. */
  | { readonly kind: 'ended'; readonly owner: string; readonly atMs: number }

// Job's controller tries again after 10 minutes at most. Evicting for one that has been deleted meanwhile would be in vain.
const FORGOTTEN_AFTER_MS = 10 * 60_000
// About 1 KB each, as those to be woken.
const LIMITS: TableLimits = { inAll: 10_000, ofTenant: 2_000 }
// About 100 bytes each.
const MOST_ENDED = 20_000

interface Marked<T> {
  readonly mark: number
  readonly value: T
}

export function refusedDemand({ now }: Clock, limits = LIMITS): RefusedDemands {
  const refused = tenantTable<Marked<RefusedDemand>>({ tenantOf: ({ value }) => value.tenant, limits })
  // Whose end is longest ago comes first, and goes first. Without them, a refusal that is told late would count.
  const ended = new Map<string, Marked<number>>()
  let last = 0

  function noteRefusal(demand: RefusedDemand): void {
    const { owner, lastMs } = demand
    const endedMs = ended.get(owner)?.value ?? Number.NEGATIVE_INFINITY
    if (endedMs > lastMs) return
    const before = refused.get(owner)?.value
    const newest = before !== undefined && before.lastMs > lastMs ? before : demand
    // What it waited for before its demand ended was something else.
    const isOneWait = demand.sinceMs >= endedMs
    const sinceMs = Math.min(before?.sinceMs ?? lastMs, isOneWait ? demand.sinceMs : lastMs)
    last += 1
    refused.put(owner, { mark: last, value: { ...newest, sinceMs } })
  }

  function noteEnd(owner: string, atMs: number): void {
    last += 1
    const value = Math.max(atMs, ended.get(owner)?.value ?? atMs)
    ended.delete(owner)
    ended.set(owner, { mark: last, value })
    const [oldest] = ended.keys()
    if (ended.size > MOST_ENDED && oldest !== undefined) ended.delete(oldest)

    const known = refused.get(owner)
    if (known === undefined) return
    const { sinceMs, lastMs } = known.value
    if (lastMs <= atMs) refused.remove(owner)
    else if (sinceMs < atMs) refused.put(owner, { ...known, value: { ...known.value, sinceMs: lastMs } })
  }

  function forgetOld(): void {
    const oldestMs = now() - FORGOTTEN_AFTER_MS
    for (const [key, { value }] of refused.entries()) if (value.lastMs < oldestMs) refused.remove(key)
    for (const [key, { value }] of ended) if (value < oldestMs) ended.delete(key)
  }

  return {
    denied(validation) {
      const { owner } = ownerOf(validation.examined.subject)
      if (owner === undefined) return
      const codes = validation.denials.map(({ code }) => code)
      const demand = codes.every(lacksCapacity) ? refusedDemandOf(validation, owner, now()) : undefined
      if (demand !== undefined) noteRefusal(demand)
      // A ledger that was busy did not find out whether there is room. For whatever else it was refused, room does not help.
      else if (!codes.every(isRetryable)) noteEnd(owner, now())
    },
    admitted({ examined: { subject } }) {
      const { owner } = ownerOf(subject)
      if (owner !== undefined) noteEnd(owner, now())
    },
    gone(namespace, uid) {
      const owner = ownerBits(namespace, uid)
      // Every replica is told of it, so those that knew nothing of its demand have nothing to say.
      if (refused.get(owner) !== undefined) noteEnd(owner, now())
    },
    heard(news) {
      for (const one of news) {
        if (one.kind === 'refused') noteRefusal(one.demand)
        else noteEnd(one.owner, one.atMs)
      }
    },
    demands() {
      forgetOld()
      return oneForEachGang([...refused.entries()].map(([, { value }]) => value))
    },
    after(mark, most) {
      if (mark >= last) return { news: [], mark }
      forgetOld()
      const refusals = [...refused.entries()].map(([, one]) => refusalNews(one))
      const ends = [...ended].map(([owner, one]) => endNews(owner, one))
      const later = [...refusals, ...ends].filter(one => one.mark > mark)
      const given = later.toSorted((a, b) => a.mark - b.mark).slice(0, most)
      return { news: given.map(({ value }) => value), mark: given.at(-1)?.mark ?? last }
    },
  }
}

function refusalNews({ mark, value }: Marked<RefusedDemand>): Marked<DemandNews> {
  return { mark, value: { kind: 'refused', demand: value } }
}

function endNews(owner: string, { mark, value }: Marked<number>): Marked<DemandNews> {
  return { mark, value: { kind: 'ended', owner, atMs: value } }
}

/** Whichever of its pods comes first is charged with the whole gang, so what each of its owners was refused is the same demand. */
function oneForEachGang(demands: readonly RefusedDemand[]): readonly RefusedDemand[] {
  const seen = new Set<string>()
  return demands.toSorted(byAge).filter(({ tenant, gang }) => {
    if (gang === undefined) return true
    const key = JSON.stringify([tenant, gang.id])
    const isFirst = !seen.has(key)
    seen.add(key)
    return isFirst
  })
}

function byAge(a: RefusedDemand, b: RefusedDemand): number {
  return a.sinceMs - b.sinceMs || (a.owner < b.owner ? -1 : 1)
}
