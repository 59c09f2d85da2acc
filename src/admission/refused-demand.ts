/**
 * What was refused within the last minutes for want of capacity, by owner: what the rebalancer may free capacity for. Each replica
 * knows what it refused and admitted itself, and tells the leader, which so knows of all.
 *
 * It is told on the path of admissions, so being told costs a map insert or two, and nothing is written. An owner whose controller
 * creates several pods is one entry: what its last refused pod asked for. Who has no controller is not here: nobody tries again for it.
 */
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
  /** What another replica has told, in its order. */
  heard(news: Iterable<DemandNews>): void
  /** Those refused first first. Of a gang whose pods have several owners the one that was refused first stands for all. */
  demands(): readonly RefusedDemand[]
  /** At most so much as came after some mark, in that order, with the mark of the last of it. */
  after(mark: number, most: number): { readonly news: readonly DemandNews[]; readonly mark: number }
}

export type DemandNews =
  | { readonly kind: 'refused'; readonly demand: RefusedDemand }
  /** A pod of the owner was admitted: what it was refused before is no demand any more. */
  | { readonly kind: 'admitted'; readonly owner: string; readonly atMs: number }

// Job's controller tries again after 10 minutes at most. Evicting for one that has been deleted meanwhile would be in vain.
const FORGOTTEN_AFTER_MS = 10 * 60_000
// About 1 KB each, as those to be woken.
const LIMITS: TableLimits = { inAll: 10_000, ofTenant: 2_000 }
// About 100 bytes each.
const MOST_ADMITTED = 20_000

interface Marked<T> {
  readonly mark: number
  readonly value: T
}

export function refusedDemand({ now }: Clock, limits = LIMITS): RefusedDemands {
  const refused = tenantTable<Marked<RefusedDemand>>({ tenantOf: ({ value }) => value.tenant, limits })
  // Whose last admission is longest ago comes first, and goes first. Without them, a refusal that is told late would count.
  const admitted = new Map<string, Marked<number>>()
  let last = 0

  function noteRefusal(demand: RefusedDemand): void {
    const { owner, lastMs } = demand
    const admittedMs = admitted.get(owner)?.value ?? Number.NEGATIVE_INFINITY
    if (admittedMs > lastMs) return
    const before = refused.get(owner)?.value
    const newest = before !== undefined && before.lastMs > lastMs ? before : demand
    // Before it was admitted it was refused for something that it has by now.
    const isOneWait = demand.sinceMs >= admittedMs
    const sinceMs = Math.min(before?.sinceMs ?? lastMs, isOneWait ? demand.sinceMs : lastMs)
    last += 1
    refused.put(owner, { mark: last, value: { ...newest, sinceMs } })
  }

  function noteAdmission(owner: string, atMs: number): void {
    last += 1
    const value = Math.max(atMs, admitted.get(owner)?.value ?? atMs)
    admitted.delete(owner)
    admitted.set(owner, { mark: last, value })
    const [oldest] = admitted.keys()
    if (admitted.size > MOST_ADMITTED && oldest !== undefined) admitted.delete(oldest)

    const known = refused.get(owner)
    if (known === undefined) return
    const { sinceMs, lastMs } = known.value
    if (lastMs <= atMs) refused.remove(owner)
    else if (sinceMs < atMs) refused.put(owner, { ...known, value: { ...known.value, sinceMs: lastMs } })
  }

  function forgetOld(): void {
    const oldestMs = now() - FORGOTTEN_AFTER_MS
    for (const [key, { value }] of refused.entries()) if (value.lastMs < oldestMs) refused.remove(key)
    for (const [key, { value }] of admitted) if (value < oldestMs) admitted.delete(key)
  }

  return {
    denied(validation) {
      const { owner } = ownerOf(validation.examined.subject)
      if (owner === undefined) return
      const codes = validation.denials.map(({ code }) => code)
      const demand = codes.every(lacksCapacity) ? refusedDemandOf(validation, owner, now()) : undefined
      if (demand !== undefined) noteRefusal(demand)
      // Whether there is room for it was not found out where the ledger was busy; anything else, room does not help.
      else if (!codes.every(isRetryable)) refused.remove(owner)
    },
    admitted({ examined: { subject } }) {
      const { owner } = ownerOf(subject)
      if (owner !== undefined) noteAdmission(owner, now())
    },
    heard(news) {
      for (const one of news) {
        if (one.kind === 'refused') noteRefusal(one.demand)
        else noteAdmission(one.owner, one.atMs)
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
      const admissions = [...admitted].map(([owner, one]) => admissionNews(owner, one))
      const later = [...refusals, ...admissions].filter(one => one.mark > mark)
      const given = later.toSorted((a, b) => a.mark - b.mark).slice(0, most)
      return { news: given.map(({ value }) => value), mark: given.at(-1)?.mark ?? last }
    },
  }
}

function refusalNews({ mark, value }: Marked<RefusedDemand>): Marked<DemandNews> {
  return { mark, value: { kind: 'refused', demand: value } }
}

function admissionNews(owner: string, { mark, value }: Marked<number>): Marked<DemandNews> {
  return { mark, value: { kind: 'admitted', owner, atMs: value } }
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
