/**
 * Whoever is taken from stands below the need, and borrows: a cohort, or a tenant, within its own is not evicted from for somebody outside
 * it. And shared use is entitled: it gives back only where reserved and shared by themselves are more than there is.
 */
import type { Node } from '../../../quota/tree.ts'
import type { Issue } from '../../../schema/parsed.ts'
import type { Balance } from '../counting/balance.ts'
import { at } from '../counting/capacity.ts'
import { below, isUnder, meetingPoint } from '../counting/paths.ts'
import { classesOf, gpus } from '../counting/sums.ts'
import type { Scene, Served } from '../course.ts'
import type { Unit } from '../units.ts'
import { claimantOf } from './claimant.ts'

/** `balance` is the state in which this need has been served, and those before it. */
export function wrongGivers(scene: Scene, balance: Balance, served: Served): readonly Issue[] {
  return [...outsiders(served), ...nonBorrowers(scene, balance, served), ...entitledGivers(balance, served)]
}

function outsiders({ met: { need }, units }: Served): readonly Issue[] {
  if (need.kind === 'claim' || need.kind === 'refused') return []
  return units
    .filter(unit => !isUnder(unit.node, need.node))
    .map(unit => ({ at: `need ${need.id}, ${unit.key}`, problem: `it does not count at ${need.node.name}` }))
}

/** The last one that was taken from a borrower was taken while it borrowed, so with the greatest of them put back it does. */
function nonBorrowers(scene: Scene, balance: Balance, served: Served): readonly Issue[] {
  const keys = keysOf(scene, served)
  const taken = served.units.flatMap(unit => wayOf(scene, served, unit).map(node => ({ node, unit })))
  return [...Map.groupBy(taken, ({ node }) => node.index).values()].flatMap(group => {
    const [first] = group
    if (first === undefined) return []
    const { node } = first
    const borrows = keys.some(key => {
      const most = greatest(group.map(({ unit }) => unit.amounts.get(key) ?? 0n))
      return most > 0n && balance.used('total', node, key) + most > at(balance.capacity(key).subtree, node)
    })
    const problem = `${node.name} gives back to somebody outside it and does not borrow`
    return borrows ? [] : [{ at: `need ${served.met.need.id}, ${first.unit.key}`, problem }]
  })
}

/** The nodes between a unit and where what it gives back is wanted. */
function wayOf({ snapshot }: Scene, served: Served, unit: Unit): readonly Node[] {
  const { need } = served.met
  const { node } = unit
  if (need.kind === 'entitled' || need.kind === 'excess') return isUnder(node, need.node) ? below(node, need.node) : []
  const claimant = claimantOf(snapshot, served)
  return claimant === undefined ? [] : below(node, meetingPoint(node, claimant.leaf))
}

function keysOf({ snapshot }: Scene, served: Served): readonly string[] {
  const { need } = served.met
  if (need.kind === 'entitled' || need.kind === 'excess') return [need.class]
  return classesOf(claimantOf(snapshot, served)?.load.amounts ?? new Map())
}

function entitledGivers(balance: Balance, { met: { need }, units }: Served): readonly Issue[] {
  if (need.kind === 'claim' || need.kind === 'refused') return []
  const shared = units.filter(({ tier }) => tier === 'shared')
  const [first] = shared
  if (first === undefined) return []
  const { node, class: key, atMost } = need
  const used = balance.used('firm', node, key) + greatest(shared.map(({ amounts }) => amounts.get(key) ?? 0n))
  if (used > atMost) return []
  const problem = `shared is taken although reserved and shared of ${node.name} are within ${gpus(atMost)} ${key}`
  return [{ at: `need ${need.id}, ${first.key}`, problem }]
}

function greatest(values: readonly bigint[]): bigint {
  return values.reduce((most, value) => (value > most ? value : most), 0n)
}
