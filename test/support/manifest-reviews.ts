/** Manifests reviewed by the command line's own functions, and what comes of them in detail. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { assembleCluster, type Cluster } from '../../src/admission/cluster.ts'
import type { TemplateReview } from '../../src/admission/manifest-review.ts'
import { mutatePod } from '../../src/admission/mutate.ts'
import { objectAt, type PlacedObject } from '../../src/admission/objects.ts'
import { type Examined, examine } from '../../src/admission/subject.ts'
import { readLayers } from '../../src/cli/cluster.ts'
import { clusterFor, type FileReview, fileReviewer, type Reviewer } from '../../src/cli/review-files.ts'
import { type ManifestInput, readInputs } from '../../src/cli/review-input.ts'
import { manifestYaml, withPatchedTemplates } from '../../src/cli/template-patch.ts'
import { readObjects } from '../../src/config/yaml-objects.ts'
import { applyPatch, type PatchOperation } from '../../src/policy/patch.ts'
import { requestOf } from '../../src/policy/testing.ts'
import { isSluiceApi } from '../../src/schema/documents.ts'
import { formatIssue, type Parsed } from '../../src/schema/parsed.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { parsePod } from '../../src/schema/pod.ts'
import { EXAMPLES } from './sluice-process.ts'

export const EXAMPLE_CLUSTER = join(EXAMPLES, 'cluster')

/** A cluster to review against. */
export interface Setting {
  /** A folder of quotas; without it and without `given` the shipped policies alone decide. */
  readonly cluster?: string
  /** Objects of the cluster besides, as YAML. */
  readonly given?: string
  readonly namespace?: string
}

interface Prepared {
  readonly reviewer: Reviewer
  readonly layers: readonly (readonly PlacedObject[])[]
  readonly base: Cluster
}

// Compiling the policies is most of a review, and no review changes them.
const prepared = new Map<string, Prepared>()
const read = new Map<string | undefined, readonly (readonly PlacedObject[])[]>()

function layersOf(cluster: string | undefined): readonly (readonly PlacedObject[])[] {
  const layers = read.get(cluster) ?? value(readLayers(cluster))
  read.set(cluster, layers)
  return layers
}

function prepare(setting: Setting): Prepared {
  const key = JSON.stringify(setting)
  const known = prepared.get(key)
  if (known !== undefined) return known
  const { cluster, given, namespace } = setting
  const layers = [...layersOf(cluster), ...(given === undefined ? [] : [objectsIn(given, 'given')])]
  const base = value(assembleCluster(...layers))
  const reviewer = value(
    fileReviewer({
      layers,
      isQuotaKnown: cluster !== undefined || given !== undefined,
      ...(namespace === undefined ? {} : { namespace }),
    }),
  )
  prepared.set(key, { reviewer, layers, base })
  return { reviewer, layers, base }
}

export function inputOf(path: string): ManifestInput {
  const [input, ...others] = readInputs([path])
  assert.ok(input !== undefined && others.length === 0, `${path} is one file`)
  assert.deepEqual(input.issues, [], path)
  return input
}

export function inputFrom(text: string, file = 'text'): ManifestInput {
  return { file, objects: objectsIn(text, file), issues: [], leftOut: [] }
}

export async function reviewed(input: ManifestInput, setting: Setting): Promise<FileReview> {
  return value(await prepare(setting).reviewer.review(input))
}

/** The first pod of a template as it leaves Sluice. */
export function patchedPod(review: TemplateReview): JsonObject {
  return applyPatch(review.subject?.object ?? review.template.pod, review.operations)
}

/** What the mutating webhook would still change of a pod that has been through it. */
export function secondPatch(
  review: TemplateReview,
  { objects }: FileReview,
  setting: Setting,
): readonly PatchOperation[] {
  const { base, layers } = prepare(setting)
  const cluster = value(clusterFor(objects, base, { layers, ...setting }))
  const object = patchedPod(review)
  const request = {
    uid: 'second-pass',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    operation: 'CREATE',
    namespace: review.namespace,
    userInfo: { username: 'tenant', groups: [] },
    object,
  } as const
  const { gangSize } = review.template
  // Whoever found no tier the first time finds none now.
  const forecast = { peek: () => undefined }
  const knowledge = { areClaimsKnown: false, ...(gangSize === undefined ? {} : { gangSize }) }
  return mutatePod(request, value(parsePod(object)), cluster, forecast, { knowledge }).operations
}

/** What is told of a template's pod when its manifest is in the cluster, as a webhook would find it, and nobody says which it is. */
export function examinedByOwner(review: TemplateReview, { objects }: FileReview, setting: Setting): Examined {
  const { layers } = prepare(setting)
  const { namespace } = review
  const own = objects
    .filter(({ value }) => !isSluiceApi(value.apiVersion))
    .map(({ at, value }) => ({ at, value: { ...value, metadata: { ...objectAt(value, 'metadata'), namespace } } }))
  const object = { ...review.template.pod, metadata: { ...objectAt(review.template.pod, 'metadata'), namespace } }
  const request = requestOf(object, namespace)
  return examine(request, value(parsePod(object)), value(assembleCluster(...layers, own)))
}

/**
 * Writes the patched manifests as `-o yaml` does, reads them back and reviews them again: the fields of pods that are still
 * injected then, beside those that the form of a manifest cannot hold.
 */
export async function fieldsLeft(file: FileReview, setting: Setting): Promise<Left> {
  const patched = file.objects.map(object => ({ object, ...withPatchedTemplates(object, file.reviews) }))
  const yaml = file.objects.map(object => manifestYaml(object, file.reviews)).join('---\n')
  const written = objectsIn(yaml, file.file)
  assert.deepEqual(
    written.map(object => object.value),
    patched.map(({ manifest }) => manifest),
    `${file.file}: what is written is what is read`,
  )
  const again = await reviewed({ file: file.file, objects: written, issues: [], leftOut: [] }, setting)
  const unheld = fieldsOf(patched.flatMap(object => object.unheld.map(({ operation }) => operation)))
  const left = fieldsOf(again.reviews.flatMap(review => review.operations))
  // The note of what was injected goes with whatever is.
  const expected = unheld.length === 0 ? [] : [...unheld, 'metadata.annotations']
  return { unheld, surprising: left.filter(field => !expected.includes(field)) }
}

export interface Left {
  readonly unheld: readonly string[]
  /** Injected again although it was written. */
  readonly surprising: readonly string[]
}

/** The fields of a pod that operations touch, two steps deep: `spec.tolerations`. */
function fieldsOf(operations: readonly PatchOperation[]): readonly string[] {
  const fields = operations.map(({ path }) => path.split('/').slice(1, 3).join('.'))
  return [...new Set(fields)].toSorted()
}

function objectsIn(text: string, file: string): readonly PlacedObject[] {
  const { objects, issues } = readObjects(text, file)
  assert.deepEqual(issues, [], file)
  return objects
}

function value<T>(result: Parsed<T>): T {
  assert.ok(result.ok, result.ok ? '' : result.issues.map(formatIssue).join('\n'))
  return result.value
}
