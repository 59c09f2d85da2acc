/** What a refused pod tells of demand. */

import type { Amounts } from '../quota/usage.ts'
import type { RefusedDemand } from '../rebalance/snapshot.ts'
import { asciiLine, truncate } from './text.ts'
import { askOf, type Validation } from './validate.ts'

// Names of gangs are made of a few names of 253 characters at most; pods ask for one class, or two.
const MAX_NAME = 160
const MAX_GANG_ID = 600
const MAX_CLASSES = 4

/** Undefined where the pod asks for nothing that is counted, is nobody's, or is of a size that no replica would tell another. */
export function refusedDemandOf({ examined }: Validation, owner: string, nowMs: number): RefusedDemand | undefined {
  const { tenant, demand, namespace, workload } = examined.subject
  if (tenant === undefined || demand === undefined) return undefined
  const { tier, gang, demand: ofPod } = askOf(examined, tenant, demand.byClass)
  const name = truncate(asciiLine(`${workload.kind} ${namespace}/${workload.name}`), MAX_NAME)
  const told = { tenant, tier, demand: ofPod, gang, owner, name, sinceMs: nowMs, lastMs: nowMs }
  return isTellable(told) ? told : undefined
}

/** What is larger is nobody's that Sluice knows. */
export function isTellable({ name, demand, gang }: Pick<RefusedDemand, 'name' | 'demand' | 'gang'>): boolean {
  const isFew = (amounts: Amounts | undefined) => amounts === undefined || amounts.size <= MAX_CLASSES
  return name.length <= MAX_NAME && isFew(demand) && isFew(gang?.demand) && (gang?.id.length ?? 0) <= MAX_GANG_ID
}
