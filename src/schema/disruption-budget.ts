import Type from 'typebox'
import { labelSelector, type ReadonlyStatic } from './parts.ts'
import { parserOf } from './validator.ts'

/** The part of a PodDisruptionBudget that the rebalancer reads. */
const disruptionBudget = Type.Object({
  spec: Type.Object({ selector: Type.Optional(labelSelector) }),
  status: Type.Optional(Type.Object({ disruptionsAllowed: Type.Optional(Type.Number()) })),
})

export type DisruptionBudget = ReadonlyStatic<typeof disruptionBudget>

const parse = parserOf(disruptionBudget)

export function parseDisruptionBudget(value: unknown) {
  return parse(value)
}
