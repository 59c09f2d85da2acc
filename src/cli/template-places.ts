import { type JsonPath, type PatchOperation, patchOf } from '../policy/patch.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import type { TemplatePod } from '../workload/templates.ts'

/** A place in the manifest where a field of the pod may stand. */
export interface Place {
  readonly path: JsonPath
  /** The list or map of the pod that holds the field, and that may be written as a whole. */
  readonly field: JsonPath
}

/** The places that one step sequence of a pod may mean, the likeliest first. */
export function placesOf(manifest: JsonObject, { path }: TemplatePod, steps: readonly string[]): readonly Place[] {
  const [root = '', list = '', index = '', ...rest] = steps
  const beside = path.slice(0, -1)
  if (root === 'metadata') {
    const homes = [...(path.at(-1) === 'spec' ? [[...beside, 'metadata']] : []), [...path, 'metadata'], path, beside]
    return homes.map(home => ({ path: [...home, ...steps.slice(1)], field: [root, list] }))
  }
  if (!/^(initC|c)ontainers$/.test(list) || index === '') {
    return [{ path: [...path, ...steps.slice(1)], field: [root, list] }]
  }
  const field = [root, list, Number(index), ...rest.slice(0, 1)]
  return containersOf(manifest, path, list, Number(index)).map(home => ({ path: [...home, ...rest], field }))
}

/** Where a container may stand: in the list, perhaps behind one that the controller adds, or under a name (`model`, `container`). */
function containersOf(manifest: JsonObject, path: JsonPath, list: string, index: number): readonly JsonPath[] {
  const template = patchOf(manifest).get(path)
  const named = isFields(template) ? Object.keys(template).filter(key => isFields(template[key])) : []
  return [
    [...path, list, index],
    ...named.map(key => [...path, key]),
    ...(index === 0
      ? []
      : [
          [...path, list, index - 1],
          [...path, 'containerSet', list, index - 1],
        ]),
  ]
}

/** The steps of an operation's path: `/a~1b/0` is `a/b`, `0`. */
export function stepsOf({ path }: PatchOperation): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Text steps as list indexes, except where the manifest has a map. */
export function withIndexes(manifest: JsonObject, steps: JsonPath): JsonPath {
  const reader = patchOf(manifest)
  let path: JsonPath = []
  for (const step of steps) {
    const isIndex = typeof step === 'string' && /^\d+$/.test(step) && !isFields(reader.get(path))
    path = [...path, isIndex ? Number(step) : step]
  }
  return path
}

export function isFields(value: JsonValue | undefined): value is JsonObject {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value)
}
