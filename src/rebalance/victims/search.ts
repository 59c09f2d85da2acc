/**
 * Who gives back for one need: all of it, or nobody.
 *
 * Those who were told for this very need come first, so that a plan does not change its mind while they save their work. Then one after
 * the other whose turn it is, until every goal is reached; then whoever makes room on a node for a pod that waits. In the end everybody
 * goes free who is not needed.
 */

import { upwards } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import type { Usage } from '../../quota/usage.ts'
import type { Obstacle } from '../plan.ts'
import type { Goal } from '../task.ts'
import { isHoldOf, type Unit } from '../units.ts'
import { withMore } from '../views.ts'
import {
  counts,
  type Draft,
  draftOf,
  housing,
  isFairToAll,
  isMet,
  isReached,
  type Search,
  type Taking,
  withVictim,
} from './draft.ts'
import { isFair } from './fairness.ts'
import { fewest } from './fewest.ts'
import { withRoom } from './make-room.ts'
import { type Gains, housedIn } from './rooms.ts'
import { sparingOf } from './sparing.ts'
import { type Gate, isBorrowing, NO_GATE, turnsIn } from './turns.ts'

export type Found =
  | { readonly ok: true; readonly draft: Draft; readonly gains: Gains }
  | { readonly ok: false; readonly because: Obstacle }

export function victimsFor(search: Search): Found {
  if (!isPossible(search)) return { ok: false, because: 'no-node' }
  const found = attempt(search)
  if (found.ok) return found
  const unprotected = attempt({ ...search, respectsProtection: false })
  return { ok: false, because: unprotected.ok ? 'protected' : unprotected.because }
}

/** Whether there are nodes for all who wait once everybody has left who can be made to. */
export function isPossible({ task, survey }: Pick<Search, 'task' | 'survey'>): boolean {
  const rooms = task.pods.size === 0 ? null : survey.rooms()
  return rooms === null || housedIn(rooms.clear, new Map(), [...task.pods.values()]).homeless === null
}

function attempt(search: Search): Found {
  const { task, survey } = search
  const told = survey.toldFor(task.need.id)
  const kept = withTold(search, told)
  const draft = task.goals.reduce((at, goal) => towards(search, at, goal), kept)
  if (!isMet(task, draft.views)) return { ok: false, because: isAnybodyAsked(search) ? 'fair-already' : 'nobody' }
  const roomy = withRoom(search, draft)
  if (roomy === undefined) return { ok: false, because: 'no-node' }
  const needed = thinned(search, roomy)
  const chosen = told.length > 0 ? needed : fewest(search, needed)
  return { ok: true, draft: chosen, gains: housing(search, chosen.units).gains }
}

function withTold(search: Search, told: readonly Unit[]): Draft {
  const { task, start } = search
  let at: Taking = start
  const units = told.filter(unit => {
    const isOfUse = task.goals.some(goal => !isReached(task, at.views, goal) && counts(at.views, goal, unit))
    const next = isOfUse ? withVictim(search, at, unit) : 'spoken-for'
    if (typeof next === 'string') return false
    at = next
    return true
  })
  return { ...at, units }
}

function towards(search: Search, before: Draft, goal: Goal): Draft {
  const { task, survey, respectsProtection } = search
  const units = respectsProtection ? survey.openUnits : survey.unitsInOrder
  const taken = [...before.units]
  let at: Taking = before
  for (const tier of goal.tiers) {
    const turns = turnsIn(survey.snapshot.book.quota, { ...goal, tier }, units, gateOf(search, goal.class))
    while (!isReached(task, at.views, goal)) {
      const unit = turns.next(at.views.total)
      if (unit === undefined) break
      const next = withVictim(search, at, unit)
      if (typeof next === 'string') continue
      taken.push(unit)
      at = next
    }
  }
  return { ...at, units: taken }
}

/**
 * Whoever has no more than the claimant even before giving back is not asked. Nor is anybody who has less: but that is so by the least
 * margin of all only, since cohorts differ in it, and for one class only, since who has less of one may have more of another.
 */
function gateOf({ task: { claimant }, survey }: Search, key: string): Gate {
  if (claimant === null) return NO_GATE
  const way = new Set(upwards(claimant.leaf))
  // Whoever's turn it is gives of the class that turns are taken for.
  const exchange = { asked: [...claimant.amounts.keys()], given: new Set([key]) }
  const isBeside = (node: Node) => node.parent !== null && way.has(node.parent) && !way.has(node)
  const mayGive = (node: Node, usage: Usage, below: Node) => {
    return isFair(usage, claimant.leaf, node, exchange, survey.leastMarginBelow(below))
  }
  const { root } = survey.snapshot.book.quota.tree
  return {
    isExempt: node => !isBeside(node),
    isOpen: (node, usage) => mayGive(node, usage, node),
    closesAll: (node, usage) => exchange.asked.length === 1 && !mayGive(node, usage, root),
  }
}

/** Whether the claimant asks others at all: where it is the only one who borrows, there is nobody. */
function isAnybodyAsked({ task, start }: Search): boolean {
  const { claimant } = task
  if (claimant === null) return false
  const { total } = start.views
  return task.goals.some(({ node, class: key, tiers }) => {
    const siblings = total.tree.children[node.index] ?? []
    return tiers.length > 0 && siblings.some(child => child !== claimant.leaf && isBorrowing(total, child, key))
  })
}

/** Lets go whoever is not needed, the last one taken first (Kueue: fillBackWorkloads). */
function thinned(search: Search, draft: Draft): Draft {
  const { book } = search.survey.snapshot
  const sparing = sparingOf(search, draft.units)
  let { units, views } = draft
  for (const unit of draft.units.toReversed()) {
    const without = withMore(views, book, unit)
    if (!isMet(search.task, without)) continue
    const others = units.filter(other => other !== unit)
    if (isHoldOf(unit, others)) continue
    // Somebody who goes free may be on the claimant's own side, and what that side has then may be too much for what others keep.
    if (!isFairToAll(search, without, others) || !sparing.mayGo(unit, others)) continue
    sparing.go(unit)
    units = others
    views = without
  }
  return draftOf(search, units)
}
