import { countAt, exactly, least, sum, UNTOLD, within } from './counts.ts'
import { asOwner, type Draft, type Source } from './draft.ts'
import { itemsAt, objectAt, type Path, textAt } from './json.ts'

/** HyperPodPyTorchJob: a list of replica specs that train together. Which labels its pods carry is not published. */
export function hyperPodJob(source: Source): readonly Draft[] {
  const { manifest, name } = source
  const specs = itemsAt(manifest, 'spec', 'replicaSpecs').map((spec, index) => {
    const path: Path = ['spec', 'replicaSpecs', index]
    return { path, name: textAt(spec, 'name'), pods: countAt(manifest, [...path, 'replicas'], exactly(1)) }
  })
  const gangSize = sum(...specs.map(spec => spec.pods))
  const fewest = least(gangSize, countAt(manifest, ['spec', 'elasticPolicy', 'minReplicas'], gangSize))
  const members = within(
    fewest,
    specs.map(spec => spec.pods),
  )
  return specs.map((spec, index) => ({
    path: [...spec.path, 'template', 'spec'],
    metadata: objectAt(manifest, ...spec.path, 'template', 'metadata'),
    stamp: { name: `${name}-${spec.name}-0`, owner: asOwner(source) },
    replicas: spec.pods,
    gangSize,
    gangMembers: members[index] ?? UNTOLD,
  }))
}
