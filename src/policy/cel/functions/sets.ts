/** Lists as sets: `sets.contains(a, b)`, `sets.equivalent(a, b)`, `sets.intersects(a, b)`. */
import { isIn } from '../equality.ts'
import type { FunctionDefinition } from './definition.ts'

export class SetsNamespace {}

type List = readonly unknown[]

export const setFunctions: readonly FunctionDefinition[] = [
  setFunction('contains', (list, part) => contains(list, part)),
  setFunction('equivalent', (left, right) => contains(left, right) && contains(right, left)),
  setFunction('intersects', (left, right) => left.some(value => isIn(value, right))),
]

function setFunction(name: string, holds: (left: List, right: List) => boolean): FunctionDefinition {
  return {
    name,
    receiver: 'SetsNamespace',
    params: ['list<T>', 'list<T>'],
    returns: 'bool',
    call: (_: unknown, left: List, right: List) => holds(left, right),
  }
}

function contains(list: List, part: List): boolean {
  return part.every(value => isIn(value, list))
}
