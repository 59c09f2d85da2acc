import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { type Count, countAt, UNTOLD } from './counts.ts'
import { asOwner, type Draft, isPodSpec, type Source } from './draft.ts'
import { objectAt, type Path, valueAt, without } from './json.ts'

/*
 * Kinds nobody has told us of: wherever an object has a list of containers, it is taken for a pod spec.
 */

// Custom resources nest their templates a dozen levels deep at most; the caps bound what a hostile document can cost.
const MAX_DEPTH = 24
const MAX_VISITS = 50_000
const MAX_CHILDREN = 10_000
const MAX_TEMPLATES = 256

export function unknownKind(source: Source): readonly Draft[] {
  return podSpecPaths(source.manifest).map(path => ({
    path,
    metadata: templateMetadata(source.manifest, path),
    stamp: { name: `${source.name}-`, owner: asOwner(source) },
    replicas: replicasNear(source.manifest, path),
  }))
}

/** Objects that hold pod templates of which they make no pods themselves: presets, snapshots, what a queue keeps of a job. */
export function blueprint(source: Source): readonly Draft[] {
  return unknownKind(source).map(draft => ({ ...draft, createsPods: false }))
}

interface Visit {
  readonly value: JsonValue
  readonly key: string | number
  readonly parent: Visit | undefined
  readonly depth: number
}

function podSpecPaths(manifest: JsonObject): readonly Path[] {
  const found: Path[] = []
  const root: Visit = { value: without(manifest, 'metadata', 'status'), key: '', parent: undefined, depth: 0 }
  const waiting = [...children(root)]
  // The last waiting is visited first, so children wait in reverse: templates are found in the order they are written.
  for (let visits = 0; visits < MAX_VISITS && found.length < MAX_TEMPLATES; visits += 1) {
    const visit = waiting.pop()
    if (visit === undefined) break
    if (isPodSpec(visit.value)) found.push(pathOf(visit))
    else if (visit.depth < MAX_DEPTH) waiting.push(...children(visit))
  }
  return found
}

function children(parent: Visit): readonly Visit[] {
  const { value, depth } = parent
  const entries: readonly (readonly [string | number, JsonValue])[] = Array.isArray(value)
    ? value.slice(0, MAX_CHILDREN).map((item, index) => [index, item])
    : Object.entries(value ?? {}).slice(0, MAX_CHILDREN)
  return entries
    .filter(([, item]) => typeof item === 'object' && item !== null)
    .map(([key, item]) => ({ value: item, key, parent, depth: depth + 1 }))
    .reverse()
}

function pathOf(visit: Visit): Path {
  const path: (string | number)[] = []
  for (let step: Visit = visit; step.parent !== undefined; step = step.parent) path.unshift(step.key)
  return path
}

// A pod template is metadata beside a spec. Elsewhere (`podSpec: {…}`) there is nothing of the kind.
function templateMetadata(manifest: JsonObject, path: Path): JsonObject {
  return path.length > 1 && path.at(-1) === 'spec' ? objectAt(manifest, ...path.slice(0, -1), 'metadata') : {}
}

// Replicas stand beside the template (`replicas`, `template: {spec}`), or beside the pod spec itself.
function replicasNear(manifest: JsonObject, path: Path): Count {
  for (const up of [1, 2]) {
    const holder = path.slice(0, -up)
    if (holder.length > 0 && valueAt(manifest, [...holder, 'replicas']) !== undefined) {
      return countAt(manifest, [...holder, 'replicas'], UNTOLD)
    }
  }
  return UNTOLD
}
