/** The variable `sluice`: what Sluice knows of the pod before any policy ran. */
import { objectSchema, type TypedObject, typedObject } from './typed-object.ts'
import type { CelValue } from './value.ts'

export interface SluiceFacts {
  readonly tenant: string
  readonly tier: string
  /** Milli-GPU per accelerator class. */
  readonly demand: ReadonlyMap<string, bigint>
  /** Devices per resource name, after the rule for init and sidecar containers. */
  readonly effective: ReadonlyMap<string, bigint>
  /** Milli-GPU in all. */
  readonly gpus: bigint
  readonly classes: readonly string[]
  /** Device vendors of the demand: `nvidia.com`, `amd.com`. */
  readonly vendors: readonly string[]
  /** The instance types the pod may land on, as far as they are known. */
  readonly instanceTypes: readonly string[]
  /** Names of the containers that use accelerators. */
  readonly accelerated: readonly string[]
  readonly workload: { readonly kind: string; readonly name: string; readonly role: string }
  readonly gang: { readonly id: string; readonly size: bigint }
}

export const sluiceSchema = objectSchema('sluice.Facts', {
  tenant: 'string',
  tier: 'string',
  demand: 'map<string, int>',
  effective: 'map<string, int>',
  gpus: 'int',
  classes: 'list<string>',
  vendors: 'list<string>',
  instanceTypes: 'list<string>',
  accelerated: 'list<string>',
  workload: objectSchema('sluice.Workload', { kind: 'string', name: 'string', role: 'string' }),
  gang: objectSchema('sluice.Gang', { id: 'string', size: 'int' }),
})

export function toSluice(facts: SluiceFacts): TypedObject {
  const { workload, gang, ...plain } = facts
  const entries: readonly (readonly [string, CelValue])[] = [
    ...Object.entries(plain),
    ['workload', new Map(Object.entries(workload))],
    ['gang', new Map<string, CelValue>(Object.entries(gang))],
  ]
  return typedObject(sluiceSchema, new Map(entries))
}
