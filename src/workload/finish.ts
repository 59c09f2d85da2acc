import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { UNTOLD } from './counts.ts'
import { type Draft, isPodSpec, type Source, type Stamp, type TemplatePod, type Texts } from './draft.ts'
import { isObject, listAt, objectAt, templateName, textAt, valueAt } from './json.ts'
import { withoutNulls } from './nulls.ts'

const MAX_ISSUES = 20
// No kubelet runs a thousand containers in a pod. What the variables would tell of such a pod no longer matters.
const MAX_CONTAINERS = 1000

/** The pod, or nothing where the draft's place holds no pod spec. */
export function finish({ manifest }: Source, draft: Draft): TemplatePod | undefined {
  const spec = draft.spec ?? valueAt(manifest, draft.path)
  if (!isPodSpec(spec)) return undefined
  const gangSize = draft.gangSize ?? UNTOLD
  return {
    podTemplate: templateName(manifest, draft.path),
    path: draft.path,
    isPodSpec: draft.spec === undefined,
    pod: podFrom(manifest, draft, spec),
    replicas: draft.replicas.value,
    gangSize: gangSize.value,
    gangMembers: gangSize.value === undefined ? undefined : (draft.gangMembers ?? draft.replicas).value,
    createsPods: draft.createsPods ?? true,
    isPodKnown: (draft.issues ?? []).length === 0,
    undecidable: unique([...draft.replicas.issues, ...gangSize.issues, ...(draft.issues ?? [])]).slice(0, MAX_ISSUES),
  }
}

function podFrom(manifest: JsonObject, draft: Draft, spec: JsonObject): JsonObject {
  const { metadata = {}, stamp } = draft
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: withoutNulls({
      ...(draft.isPod ? metadata : namesOf(manifest, stamp)),
      labels: { ...objectAt(metadata, 'labels'), ...stamp.labels },
      annotations: { ...objectAt(metadata, 'annotations'), ...stamp.annotations },
    }),
    spec: withoutNulls({ ...stamp.defaults, ...withEnv(spec, stamp.env ?? {}) }),
  }
}

// A controller names its pods itself. Of the template's metadata only labels and annotations (and finalizers) reach a pod.
function namesOf(manifest: JsonObject, { name, owner }: Stamp): JsonObject {
  const namespace = textAt(manifest, 'metadata', 'namespace')
  return {
    ...(name.endsWith('-') ? { generateName: name } : { name }),
    ...(namespace === '' ? {} : { namespace }),
    ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] }),
  }
}

function withEnv(spec: JsonObject, env: Texts): JsonObject {
  const added = Object.entries(env).map(([name, value]) => ({ name, value }))
  if (added.length === 0 || listAt(spec, 'containers').length > MAX_CONTAINERS) return spec
  const containers = listAt(spec, 'containers').map(container =>
    isObject(container) ? { ...container, env: [...listAt(container, 'env'), ...added] } : container,
  )
  return { ...spec, containers }
}

// Replicas and gang size come from the same fields, and each field is one problem to its reader.
function unique(issues: readonly Issue[]): readonly Issue[] {
  return [...new Map(issues.map(issue => [`${issue.at}\n${issue.problem}`, issue])).values()]
}
