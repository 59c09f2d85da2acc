/**
 * Who gives back for one need: all of it, or nobody.
 *
 * Those who were told for this very need come first, so that a plan does not change its mind while they save their work. Then one after
 * the other whose turn it is, until every goal is reached; then whoever makes room on a node for a pod that waits. In the end everybody
 * goes free who is not needed.
 */

import type { Obstacle } from '../plan.ts'
import type { Goal } from '../task.ts'
import { isHold, type Unit } from '../units.ts'
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
  withVictim,
} from './draft.ts'
import { fewest } from './fewest.ts'
import { withRoom } from './make-room.ts'
import { type Gains, housedIn } from './rooms.ts'
import { turnsIn } from './turns.ts'

export type Found =
  | { readonly ok: true; readonly draft: Draft; readonly gains: Gains }
  | { readonly ok: false; readonly because: Obstacle }

export function victimsFor(search: Search): Found {
  if (!isPossible(search)) return { ok: false, because: 'no-node' }
  const found = attempt(search)
  if (found.ok || found.because !== 'protected') return found
  // Somebody is protected, but perhaps it would not be enough without that either.
  const unprotected = attempt({ ...search, respectsProtection: false })
  return unprotected.ok ? found : unprotected
}

/** Whether there are nodes for all who wait once everybody has left who can be made to. */
function isPossible({ task, survey }: Search): boolean {
  const rooms = task.pods.size === 0 ? null : survey.rooms()
  return rooms === null || housedIn(rooms.clear, new Map(), [...task.pods.values()]).homeless === null
}

function attempt(search: Search): Found {
  const told = search.survey.toldFor(search.task.need.id)
  const kept = told.reduce((draft, unit) => withTold(search, draft, unit), search.start)
  const reached = search.task.goals.reduce<Reach>((reach, goal) => towards(search, reach, goal), {
    draft: kept,
    refusals: [],
  })
  if (!isMet(search.task, reached.draft.views)) {
    return { ok: false, because: worst(reached.refusals) }
  }
  const roomy = withRoom(search, reached.draft)
  if (roomy === undefined) return { ok: false, because: search.respectsProtection ? 'protected' : 'no-node' }
  const needed = thinned(search, roomy)
  const draft = told.length > 0 ? needed : fewest(search, needed)
  return { ok: true, draft, gains: housing(search, draft.units).gains }
}

interface Reach {
  readonly draft: Draft
  readonly refusals: readonly Obstacle[]
}

function withTold(search: Search, draft: Draft, unit: Unit): Draft {
  const { task } = search
  const isOfUse = task.goals.some(goal => {
    return !isReached(task, draft.views, goal) && counts(draft.views, goal, unit)
  })
  const next = isOfUse ? withVictim(search, draft, unit) : 'spoken-for'
  return typeof next === 'string' ? draft : next
}

function towards(search: Search, before: Reach, goal: Goal): Reach {
  const { task, survey } = search
  let { draft } = before
  const refusals = [...before.refusals]
  for (const tier of goal.tiers) {
    const turns = turnsIn(survey.snapshot.book.quota, { ...goal, tier }, survey.unitsInOrder)
    while (!isReached(task, draft.views, goal)) {
      const unit = turns.next(draft.views.total)
      if (unit === undefined) break
      const next = withVictim(search, draft, unit)
      if (typeof next !== 'string') draft = next
      else if (next !== 'spoken-for') refusals.push(next)
    }
  }
  return { draft, refusals }
}

/** If anybody was protected it may be that; else those asked had no more than their share; else nobody was asked. */
function worst(refusals: readonly Obstacle[]): Obstacle {
  const inTurn: readonly Obstacle[] = ['protected', 'fair-already']
  return inTurn.find(obstacle => refusals.includes(obstacle)) ?? 'nobody'
}

/** Lets go whoever is not needed, the last one taken first (Kueue: fillBackWorkloads). */
function thinned(search: Search, draft: Draft): Draft {
  const { book } = search.survey.snapshot
  let { units, views } = draft
  for (const unit of draft.units.toReversed()) {
    const others = units.filter(other => other !== unit)
    const without = withMore(views, book, unit)
    if (isHoldOfVictim(unit, others) || !isMet(search.task, without)) continue
    if (housing(search, others).homeless !== null) continue
    units = others
    views = without
  }
  // Somebody who goes free may be on the claimant's own side, and what that side has then may be too much for what another keeps.
  return isFairToAll(search, views, units) ? draftOf(search, units) : draft
}

/** What a gang holds goes with its pods. */
function isHoldOfVictim(unit: Unit, others: readonly Unit[]): boolean {
  return isHold(unit) && others.some(({ gang, pods }) => gang === unit.gang && pods.length > 0)
}
