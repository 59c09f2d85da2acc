/**
 * Caps: the most a tenant may hold in all, wherever it comes from. Operators set one for workloads that scale by themselves, as a
 * percentage of all accelerators of the cluster. A cap spans tiers and cohorts, so it is no node of a tree.
 *
 * As everywhere, reserved and shared are judged as if burst were not there: a tenant's own burst never stands in the way of
 * what it is entitled to.
 */
import { type Amount, add, least, subtract, UNLIMITED, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import { type Fit, judgedClasses } from './fit.ts'
import { type Holding, holdingOf } from './holding.ts'
import type { Step } from './limits.ts'
import type { Tenant } from './quota-tree.ts'
import { type Amounts, available } from './usage.ts'
import { viewFor } from './view.ts'

export function isWithinCaps(book: Book, tenant: Tenant, tier: Tier, need: Fit): boolean {
  if (!isCapped(tenant)) return true
  return judgedClasses(need).every(([key, amount]) => {
    return capSteps(book, tenant, tier, key, need.amounts).every(({ room }) => amount <= room)
  })
}

/** The caps that a class meets; the room in that over all classes is what the other classes of the same request leave. */
export function capSteps(book: Book, tenant: Tenant, tier: Tier, key: string, need: Amounts): readonly Step[] {
  if (!isCapped(tenant)) return []
  const { name, cap, classes } = tenant.spec
  const held = holdingOf(book.ledger.held, name)
  const node = tenant.leaves[tier]
  const steps: Step[] = []
  const ofClass = classes.get(key)?.cap ?? null
  if (ofClass !== null) {
    const used = usedOf(held, tier, key)
    const room = subtract(ofClass, used)
    steps.push({ limit: { kind: 'cap', tenant: name, class: key }, node, used, limited: ofClass, room })
  }
  if (cap !== null) {
    const used = usedInAll(held, tier)
    const room = subtract(subtract(cap, used), othersIn(need, key))
    steps.push({ limit: { kind: 'cap', tenant: name, class: null }, node, used, limited: cap, room })
  }
  return steps
}

export function fits(book: Book, tenant: Tenant, tier: Tier, fit: Fit): boolean {
  const view = viewFor(book, tier)
  const leaf = tenant.leaves[tier]
  const fitsTree = judgedClasses(fit).every(([key, amount]) => amount <= available(view, leaf, key))
  return fitsTree && isWithinCaps(book, tenant, tier, fit)
}

/** What the tenant may still take of a class in a tier; negative after a limit was cut below its use. */
export function roomIn(book: Book, tenant: Tenant, tier: Tier, key: string): Amount {
  const inTree = available(viewFor(book, tier), tenant.leaves[tier], key)
  return capSteps(book, tenant, tier, key, NOTHING_ELSE).reduce((room, step) => least(room, step.room), inTree)
}

const NOTHING_ELSE: Amounts = new Map()

/** The most a class may ever take by the caps alone, beside the other classes of the same request. */
export function highestCap({ spec }: Tenant, key: string, need: Amounts = NOTHING_ELSE): Amount {
  const inAll = spec.cap === null ? UNLIMITED : subtract(spec.cap, othersIn(need, key))
  return least(inAll, spec.classes.get(key)?.cap ?? UNLIMITED)
}

function othersIn(need: Amounts, key: string): Amount {
  return need.entries().reduce((sum, [other, amount]) => (other === key ? sum : add(sum, amount)), ZERO)
}

function isCapped({ spec }: Tenant): boolean {
  return spec.cap !== null || spec.classes.values().some(({ cap }) => cap !== null)
}

function tiersBeside(tier: Tier): readonly Tier[] {
  return tier === 'burst' ? TIERS : ['reserved', 'shared']
}

function usedOf(held: Holding, tier: Tier, key: string): Amount {
  return tiersBeside(tier).reduce((sum, each) => add(sum, held[each].get(key) ?? ZERO), ZERO)
}

function usedInAll(held: Holding, tier: Tier): Amount {
  return tiersBeside(tier)
    .flatMap(each => [...held[each].values()])
    .reduce(add, ZERO)
}
