import { countOf } from '../gpu/gang-size.ts'
import type { JsonObject } from '../schema/parts.ts'
import { takeInOrder } from './counts.ts'
import { type GangPart, type GangShape, gangShapes } from './gang-shape.ts'
import { podGroupMinimum } from './pod-group.ts'

/** What objects tell of a gang. */
export interface ToldGang {
  /** All its pods, the elastic ones included. */
  readonly size: number | undefined
  /** How many have to run together: at most 100,000, and none where the objects say none, or absurdly many. */
  readonly least: number
  /** Of what kinds those are; undefined where only their number is known. */
  readonly parts: readonly GangPart[] | undefined
}

/**
 * Puts together what a scheduler's group and a controller's object tell. The group has the last word on how many must run, the
 * controller on what they are: of its pods as many are taken, in the order of its templates, as the group wants. Undefined where the
 * objects tell nothing.
 *
 * @param id the gang as `workloadOf` names it, without the namespace
 * @param objects those that know of it, the best informed first
 */
export function toldGang(id: string, objects: readonly JsonObject[]): ToldGang | undefined {
  const minimum = countOf(firstOf(objects, podGroupMinimum))
  const shape = firstOf(objects, object => shapeNamed(id, gangShapes(object)))
  if (shape === undefined) return minimum === undefined ? undefined : ofGroup(minimum)

  const members = shape.parts.map(part => part.members)
  const total = members.reduce((sum, count) => sum + count, 0)
  // More than the controller makes: the group spans objects that are not seen here.
  if (minimum !== undefined && minimum > total) return { size: countOf(shape.size), least: minimum, parts: undefined }
  const taken = minimum === undefined ? members : takeInOrder(minimum, members)
  return {
    size: countOf(shape.size),
    least: countOf(minimum ?? total) ?? 0,
    parts: shape.parts.map((part, index) => ({ ...part, members: taken[index] ?? 0 })),
  }
}

// A group of one asks nothing of its scheduler, and does not say that its pods work alone.
function ofGroup(minimum: number): ToldGang {
  return { size: minimum > 1 ? minimum : undefined, least: minimum, parts: undefined }
}

/** Pods may carry marks that their template does not (a UID, a scheduler's group), so where one gang is described it is this one. */
function shapeNamed(id: string, shapes: readonly GangShape[]): GangShape | undefined {
  const exact = shapes.find(shape => shape.id === id)
  return exact ?? (shapes.length === 1 ? shapes[0] : shapes.find(shape => scopeOf(shape.id) === scopeOf(id)))
}

function scopeOf(id: string | undefined): string | undefined {
  return id?.split('/')[1]
}

function firstOf<T>(objects: readonly JsonObject[], read: (object: JsonObject) => T | undefined): T | undefined {
  for (const object of objects) {
    const found = read(object)
    if (found !== undefined) return found
  }
  return undefined
}
