import type { Subject } from '../policy/subject.ts'
import { ownerBits } from '../quota/claim.ts'
import type { Ask } from '../quota/decide.ts'

/** By what a pod draws on what is claimed for it: its controller, because its own UID is another with each attempt. */
export function ownerOf({ pod, namespace }: Pick<Subject, 'pod' | 'namespace'>): Pick<Ask, 'owner'> {
  const controller = pod.metadata.ownerReferences?.find(reference => reference.controller === true)
  const owner = ownerBits(namespace, controller?.uid ?? '')
  return owner === '' ? {} : { owner }
}
