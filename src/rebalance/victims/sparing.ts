/** Whether those who wait still find nodes if one victim more goes free: asked of every victim, so of pods that are alike nobody is housed anew. */
import { add, ZERO } from '../../quantity/amount.ts'
import { difference, NO_AMOUNTS } from '../../quota/holding.ts'
import { type Amounts, sameAmounts } from '../../quota/usage.ts'
import type { Unit } from '../units.ts'
import { housing, type Search, waitingOf } from './draft.ts'
import { type Gains, gained, type Room } from './rooms.ts'

export interface Sparing {
  /** `others` is who gives back without it. */
  mayGo(unit: Unit, others: readonly Unit[]): boolean
  go(unit: Unit): void
}

export function sparingOf(search: Search, units: readonly Unit[]): Sparing {
  const rooms = search.survey.rooms()
  const waiting = waitingOf(search)
  const [one] = waiting
  if (rooms === null || one === undefined) return { mayGo: () => true, go: () => undefined }
  if (!waiting.every(asked => asked === one || sameAmounts(asked, one))) {
    return { mayGo: (_unit, others) => housing(search, others).homeless === null, go: () => undefined }
  }
  return ofAlike(rooms.free, leftBy(search.gains, units), one, waiting.length)
}

/** Of pods that are alike, each node takes so many whatever the others take: what counts is how many all of them take. */
function ofAlike({ onNodes, open }: Room, gains: Map<string, Amounts>, asked: Amounts, count: number): Sparing {
  const placesOn = (name: string, more: Amounts | undefined) => {
    const free = onNodes.get(name)
    return free === undefined ? 0n : places(free, more ?? NO_AMOUNTS, asked)
  }
  const names = new Set([...gains.keys(), ...open.keys()])
  let inAll = names.values().reduce((sum, name) => sum + placesOn(name, gains.get(name)), 0n)
  const without = (unit: Unit) => leftWithout(gains, unit)
  const lost = (left: Gains) => {
    return left
      .entries()
      .reduce((sum, [name, more]) => sum + placesOn(name, gains.get(name)) - placesOn(name, more), 0n)
  }
  return {
    mayGo: unit => inAll - lost(without(unit)) >= BigInt(count),
    go(unit) {
      const left = without(unit)
      inAll -= lost(left)
      for (const [name, more] of left) gains.set(name, more)
    },
  }
}

function leftBy(gains: Gains, units: readonly Unit[]): Map<string, Amounts> {
  return new Map(
    gained(
      gains,
      units.flatMap(({ pods }) => pods),
    ),
  )
}

/** What is left on the nodes of a unit if it stays. */
function leftWithout(gains: Gains, { pods }: Unit): Gains {
  const left = new Map<string, Amounts>()
  for (const { node, amounts } of pods) {
    if (node !== null) left.set(node, difference(left.get(node) ?? gains.get(node) ?? NO_AMOUNTS, amounts))
  }
  return left
}

function places(free: Amounts, more: Amounts, asked: Amounts): bigint {
  let least: bigint | undefined
  for (const [key, each] of asked) {
    const room = add(free.get(key) ?? ZERO, more.get(key) ?? ZERO)
    const fits = room < each || each <= ZERO ? 0n : room / each
    if (each > ZERO && (least === undefined || fits < least)) least = fits
  }
  return least ?? 0n
}
