import type { JsonObject } from '../schema/parts.ts'
import { type Draft, type Source, sourceOf, type TemplatePod } from './draft.ts'
import { finish } from './finish.ts'
import { textAt } from './json.ts'
import { finderFor } from './kinds.ts'
import { isListKind } from './lists.ts'

export type { TemplatePod } from './draft.ts'

// No manifest that people write comes near; more would only serve to keep us busy.
const MAX_TEMPLATES = 1000

const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name'
/** Kinds whose pods Kueue queues one by one. Of all others it queues the object, and marks the template it lets through. */
const QUEUED_BY_POD: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'StatefulSet', 'LeaderWorkerSet'])

/**
 * The pods that the controller of a manifest would create, one per template, as they would come to admission. Never throws:
 * what is no template is not found, and what is still open is said. Flatten lists first: a list itself has no pods.
 *
 * @param most how many templates are read; the others are left out
 */
export function podTemplates(manifest: JsonObject, most = MAX_TEMPLATES): readonly TemplatePod[] {
  if (isListKind(manifest)) return []
  const source = sourceOf(manifest)
  return finderFor(source)(source)
    .slice(0, most)
    .flatMap(draft => finish(source, queued(source, draft)) ?? [])
}

// Kueue leaves its marks when it admits, and a manifest that names a queue asks for them.
function queued({ manifest, kind }: Source, draft: Draft): Draft {
  const queue = textAt(manifest, 'metadata', 'labels', QUEUE_LABEL)
  if (queue === '') return draft
  const mark = QUEUED_BY_POD.has(kind) ? { 'kueue.x-k8s.io/managed': 'true' } : { 'kueue.x-k8s.io/podset': 'main' }
  return { ...draft, stamp: { ...draft.stamp, labels: { ...draft.stamp.labels, [QUEUE_LABEL]: queue, ...mark } } }
}
