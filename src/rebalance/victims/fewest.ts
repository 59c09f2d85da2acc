/** The least that can be taken back: among few, every choice is tried. */

import { sizeOf, type Unit } from '../units.ts'
import { counts, type Draft, draftOf, isSolution, type Search, type Taking, withVictim } from './draft.ts'

// 2^10 choices are tried in a millisecond or two.
const FEW = 10

/**
 * Whose turn it was stays: the choice is among the units of the leaves that give back already. Of two choices the one that takes less
 * is better, then the one with fewer victims, then the one whose victims come first. Where there are more than a few, the draft stays.
 */
export function fewest(search: Search, draft: Draft): Draft {
  const candidates = candidatesIn(search, draft)
  if (draft.units.length === 0 || candidates.length > FEW) return draft
  const least = weightOf(draft.units)
  const better = choicesOf(candidates)
    .filter(choice => isLess(choice, least))
    .toSorted((a, b) => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : a.mask - b.mask))
    .find(({ units }) => isAllowed(search, units) && isSolution(search, units))
  return better === undefined ? draft : draftOf(search, better.units)
}

interface Weight {
  readonly size: bigint
  readonly count: number
}

interface Choice extends Weight {
  readonly units: readonly Unit[]
  readonly mask: number
}

function candidatesIn({ survey, task }: Search, { units }: Draft): readonly Unit[] {
  const keys = new Set(task.goals.map(goal => goal.class))
  const tiers = new Set(units.map(({ tier }) => tier))
  const leaves = new Set(units.map(({ leaf }) => leaf))
  return [...leaves].flatMap(leaf =>
    survey
      .unitsInOrder(leaf)
      .filter(({ amounts, tier }) => tiers.has(tier) && keys.values().some(key => amounts.has(key))),
  )
}

function choicesOf(candidates: readonly Unit[]): readonly Choice[] {
  return Array.from({ length: 2 ** candidates.length - 1 }, (_, at) => {
    const mask = at + 1
    const units = candidates.filter((_unit, bit) => (mask & (1 << bit)) !== 0)
    return { ...weightOf(units), units, mask }
  })
}

function weightOf(units: readonly Unit[]): Weight {
  return { size: units.reduce((sum, { amounts }) => sum + sizeOf(amounts), 0n), count: units.length }
}

function isLess(a: Weight, b: Weight): boolean {
  return a.size < b.size || (a.size === b.size && a.count < b.count)
}

/** Whether nothing forbids to take them, one after the other. */
function isAllowed(search: Search, units: readonly Unit[]): boolean {
  const { goals } = search.task
  let draft: Taking = search.start
  return units.every(unit => {
    const isOfUse = goals.some(goal => counts(draft.views, goal, unit))
    const next = isOfUse ? withVictim(search, draft, unit) : 'spoken-for'
    if (typeof next === 'string') return false
    draft = next
    return true
  })
}
