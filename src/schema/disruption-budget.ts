import Type from 'typebox'
import { labelSelector } from './parts.ts'
import { parserOf } from './validator.ts'

/** The part of a PodDisruptionBudget that the rebalancer reads. */
const disruptionBudget = Type.Object({
  spec: Type.Object({ selector: Type.Optional(labelSelector) }),
  status: Type.Optional(Type.Object({ disruptionsAllowed: Type.Optional(Type.Number()) })),
})

const parse = parserOf(disruptionBudget)

export function parseDisruptionBudget(value: unknown) {
  return parse(value)
}
