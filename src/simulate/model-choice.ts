/**
 * Which model a pod asks for that may run on several, as whoever writes its manifest would choose: of those whose quota has room, the one
 * with the most idle GPUs; where none has room, the one for which the least is waiting, by what there is of it. It stays with that.
 */
import { amount } from '../quantity/amount.ts'
import type { Book } from '../quota/book.ts'
import { barsFor, firstFit } from '../quota/decide.ts'
import type { Tenant } from '../quota/quota-tree.ts'
import { potential } from '../quota/tree.ts'
import type { Floor } from './floor.ts'
import { amountsOf, askOf, type Job, milliOf } from './job.ts'
import { classNameOf } from './model-class.ts'

export interface Choice {
  readonly book: Book
  readonly floor: Floor
  readonly classOf: ReadonlyMap<string, string>
  /** Milli-GPUs of a class that refused pods ask for. */
  readonly queued: (className: string) => number
}

/** The class of the model that is chosen; undefined where its tenant, or any node, could never give it any. */
export function chosenClass(job: Job, { book, floor, classOf, queued }: Choice): string | undefined {
  const tenant = book.quota.tenants.get(job.pod.tenant)
  if (tenant === undefined) return undefined
  const named = new Set(job.pod.models.map(classNameOf))
  const all = [...new Set(classOf.values())].filter(name => named.size === 0 || named.has(name))
  const classes = all.filter(name => isPossible(job, name, tenant, floor))
  const open = classes.filter(name => firstFit(book, tenant, askOf(job, name)) !== undefined)
  if (open.length > 0) return open.reduce((best, name) => (floor.idle(name) > floor.idle(best) ? name : best))
  const crowding = (name: string) => queued(name) / Number(potential(leafOf(job, tenant), name))
  return classes.length === 0
    ? undefined
    : classes.reduce((best, name) => (crowding(name) < crowding(best) ? name : best))
}

function isPossible(job: Job, className: string, tenant: Tenant, floor: Floor): boolean {
  const demand = amountsOf(job, className)
  const isAllowed = barsFor(tenant, { demand }).length === 0
  return (
    isAllowed &&
    potential(leafOf(job, tenant), className) >= amount(milliOf(job)) &&
    floor.canEverHost(className, job.pod.size)
  )
}

function leafOf({ pod }: Job, tenant: Tenant) {
  return tenant.leaves[pod.tier]
}
