/**
 * The last denials of every tenant, for the window that each has on its quota. The same reason is one denial however often a controller
 * tries again. They are kept for people to read, so losing some is no harm, and there are never more than fit in memory.
 */
import type { Denial } from './denial.ts'
import type { Clock } from './endpoint.ts'
import { asciiLine, truncate } from './text.ts'
import type { Validation } from './validate.ts'

export interface PastDenial {
  readonly tenant: string
  readonly code: string
  readonly message: string
  /** When it was last given. */
  readonly atMs: number
}

export interface RecentDenials {
  denied(validation: Validation): void
  /** What another replica has told. */
  heard(told: Iterable<PastDenial>): void
  /** Those of a tenant, the newest first. */
  denials(tenant: string): readonly PastDenial[]
  /** At most so many that were given or heard after some mark, in that order, with the mark of the last of them. */
  after(mark: number, most: number): { readonly denials: readonly PastDenial[]; readonly mark: number }
}

interface Marked extends PastDenial {
  readonly mark: number
}

// What GpuUsage has room for.
const OF_TENANT = 16
const MAX_MESSAGE = 160
// About 6 MB.
const IN_ALL = 20_000

export function recentDenials({ now }: Clock, mostInAll = IN_ALL): RecentDenials {
  // Whose last denial is longest ago comes first, and goes first.
  const tenants = new Map<string, ReadonlyMap<string, Marked>>()
  let count = 0
  let last = 0

  function note(denial: PastDenial): void {
    const { tenant, code, message } = denial
    const key = JSON.stringify([code, message])
    const own = tenants.get(tenant) ?? new Map<string, Marked>()
    const atMs = Math.max(Math.min(denial.atMs, now()), own.get(key)?.atMs ?? 0)
    last += 1
    const next = newest([...own].filter(([other]) => other !== key).concat([[key, { ...denial, atMs, mark: last }]]))
    tenants.delete(tenant)
    tenants.set(tenant, next)
    count += next.size - own.size
    while (count > mostInAll) forget(tenants.keys().next().value)
  }

  function forget(tenant: string | undefined): void {
    if (tenant === undefined) return
    count -= tenants.get(tenant)?.size ?? 0
    tenants.delete(tenant)
  }

  return {
    denied({ denials, examined }) {
      const { tenant } = examined.subject
      if (tenant === undefined) return
      for (const denial of denials) note({ tenant, ...lineOf(denial), atMs: now() })
    },
    heard(told) {
      for (const denial of told) note(denial)
    },
    denials: tenant => [...(tenants.get(tenant)?.values() ?? [])].map(withoutMark),
    after(mark, most) {
      if (mark >= last) return { denials: [], mark }
      const later = [...tenants.values()].flatMap(own => [...own.values()].filter(denial => denial.mark > mark))
      const given = later.toSorted((a, b) => a.mark - b.mark).slice(0, most)
      return { denials: given.map(withoutMark), mark: given.at(-1)?.mark ?? last }
    },
  }
}

function newest(denials: readonly (readonly [string, Marked])[]): ReadonlyMap<string, Marked> {
  return new Map(denials.toSorted(([, a], [, b]) => b.atMs - a.atMs || b.mark - a.mark).slice(0, OF_TENANT))
}

function lineOf({ code, message }: Denial): Pick<PastDenial, 'code' | 'message'> {
  return { code: asciiLine(code), message: truncate(asciiLine(message), MAX_MESSAGE) }
}

function withoutMark({ mark: _, ...denial }: Marked): PastDenial {
  return denial
}
