/** What the nodes of the cluster have in all, class by class, for those who look for a node that has room. */
import { fieldAt, objectAt, type PlacedObject, textAt, textsAt } from '../../admission/objects.ts'
import { createChooser } from '../../gpu/class-chooser.ts'
import type { ClassTable } from '../../gpu/class-table.ts'
import { readCount } from '../../gpu/counts.ts'
import { nodeSelectionOf } from '../../gpu/node-selection.ts'
import { type Amount, add, amount, ZERO } from '../../quantity/amount.ts'
import type { NodeShape } from '../../rebalance/snapshot.ts'
import type { JsonObject } from '../../schema/parts.ts'

/**
 * The nodes that take pods and have accelerators. What a resource of a node counts as is told by the node's labels, as it is for a pod
 * that asks for exactly those.
 */
export function nodeShapes(objects: Iterable<PlacedObject>, classes: ClassTable): readonly NodeShape[] {
  const shapes: NodeShape[] = []
  for (const { value } of objects) {
    if (value.kind !== 'Node' || fieldAt(value, 'spec', 'unschedulable') === true) continue
    const amounts = amountsOf(value, classes)
    if (amounts.size > 0) shapes.push({ name: textAt(value, 'metadata', 'name') ?? '', amounts })
  }
  return shapes
}

function amountsOf(node: JsonObject, classes: ClassTable): ReadonlyMap<string, Amount> {
  const allocatable = objectAt(node, 'status', 'allocatable') ?? {}
  const selection = nodeSelectionOf({ containers: [], nodeSelector: textsAt(node, 'metadata', 'labels') }, classes)
  const chooser = createChooser(selection, classes)
  const amounts = new Map<string, Amount>()
  for (const [resource, quantity] of Object.entries(allocatable)) {
    const candidate = chooser.forResource(resource)?.candidate
    const count = readCount(quantity)
    if (candidate === undefined || count.kind !== 'count' || count.value === 0n) continue
    const { name } = candidate.class
    amounts.set(name, add(amounts.get(name) ?? ZERO, amount(count.value * candidate.milliGpus)))
  }
  return amounts
}
