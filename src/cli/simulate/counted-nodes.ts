/**
 * Capacity that is counted from nodes, in a folder that has none to count: it would be 0 without a word, and no pod of the trace could ever
 * run. The nodes of the trace say nothing of it, for they have no labels.
 */
import { nodeCapacity } from '../../admission/cluster.ts'
import { nativesOf } from '../../admission/natives.ts'
import { type PlacedObject, readObjects } from '../../admission/objects.ts'
import { ZERO } from '../../quantity/amount.ts'
import type { CohortDocument } from '../../schema/documents.ts'
import type { Issue } from '../../schema/parsed.ts'

/** An issue for every class of a cohort whose nodes are missing. */
export function uncounted(layers: readonly (readonly PlacedObject[])[]): readonly Issue[] {
  const { documents, natives } = readObjects(layers, [])
  const classes = documents.filter(document => document.kind === 'AcceleratorClass')
  const capacityOf = nodeCapacity(nativesOf(natives).nodes, classes)
  const isUncounted = ({ class: name, capacity }: CohortDocument['spec']['classes'][number]) =>
    capacity.nodeSelector !== undefined && capacityOf(name, capacity) === ZERO
  return documents
    .filter(document => document.kind === 'Cohort')
    .flatMap(({ metadata, spec }) =>
      spec.classes.flatMap((entry, index) => {
        if (!isUncounted(entry)) return []
        return [
          {
            at: `Cohort ${metadata.name}: spec.classes[${index}].capacity.nodeSelector`,
            problem: `no Node in the cluster folder has any ${entry.class} for it, so it would count as 0`,
            remedy: 'give gpus, or Node manifests in the folder: kubectl get nodes -o yaml',
          },
        ]
      }),
    )
}
