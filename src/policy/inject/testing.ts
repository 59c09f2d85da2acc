/** Injection as the tests of this folder look at it: by compiled policies, in two passes. */
import assert from 'node:assert/strict'
import type { GpuPolicyDocument } from '../../schema/documents.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { parsedValue } from '../../schema/testing.ts'
import { applyPatch, type PatchOperation, patchOf } from '../patch.ts'
import { compilePolicies, type Injection, type PolicyProblem } from '../policy-set.ts'
import { type Given, SURROUNDINGS, subjectOf } from '../testing.ts'
import type { Surroundings } from './target.ts'

export interface Injected {
  readonly operations: readonly PatchOperation[]
  /** The pod with the patch applied. */
  readonly pod: JsonObject
  readonly injections: readonly Injection[]
  readonly problems: readonly PolicyProblem[]
}

/** Injects, and makes sure that a second pass over the patched pod has nothing to add. */
export function inject(
  json: JsonObject,
  documents: readonly GpuPolicyDocument[],
  given: Given = {},
  surroundings: Partial<Surroundings> = {},
): Injected {
  const around = { ...SURROUNDINGS, ...surroundings }
  const policies = parsedValue(compilePolicies(documents, new Set(around.fabric.keys())))
  const pass = (object: JsonObject) => {
    const patch = patchOf(object)
    return { ...policies.inject(subjectOf(object, given), patch, around), operations: patch.operations() }
  }
  const first = pass({ metadata: {}, ...json })
  const pod = applyPatch({ metadata: {}, ...json }, first.operations)
  const second = pass(pod)
  assert.deepEqual(second.operations, [], 'a second pass adds something')
  assert.deepEqual(second.injections, [], 'a second pass notes something')
  return { ...first, pod }
}
