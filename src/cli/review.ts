import { readFileSync, statSync } from 'node:fs'
import { stringify } from 'yaml'
import { assembleCluster } from '../admission/cluster.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { reviewManifest, type TemplateReview } from '../admission/manifest-review.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { manifestFilesBelow, readObjectsOf } from '../config/cluster-folder.ts'
import { readObjects } from '../config/yaml-objects.ts'
import type { Issue } from '../schema/parsed.ts'
import { complain, readLayers } from './cluster.ts'
import { inProcessDesk } from './in-process-desk.ts'
import { reviewJson } from './review-json.ts'
import { reviewText } from './review-text.ts'
import { withPatchedTemplates } from './template-patch.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

export const REVIEW_OUTPUTS = ['text', 'json', 'yaml', 'patch'] as const

export interface ReviewOptions {
  readonly files: readonly string[]
  readonly cluster?: string
  readonly namespace?: string
  readonly output: (typeof REVIEW_OUTPUTS)[number]
}

/** What was read of one file, and what would become of it. */
export interface FileReview {
  readonly file: string
  readonly objects: readonly PlacedObject[]
  readonly reviews: readonly TemplateReview[]
}

/**
 * `sluice review`: what both webhooks would say to manifests, without a cluster. Each file is judged by itself, as if it were
 * applied where nothing runs yet; the documents of one file are applied one after the other.
 */
export async function review(options: ReviewOptions, terminal: Terminal): Promise<ExitCode> {
  const layers = readLayers(options.cluster)
  if (!layers.ok) {
    complain(layers.issues, terminal)
    return EXIT.badInput
  }
  const { inputs, issues } = readInputs(options.files)
  const files: FileReview[] = []
  for (const input of inputs) {
    const reviewed = await reviewFile(input, layers.value, options)
    if (reviewed.ok) files.push(reviewed.value)
    else issues.push(...reviewed.issues)
  }
  if (files.length > 0) terminal.out(render(files, options, terminal))
  complain(issues, terminal)
  if (issues.length > 0) return EXIT.badInput
  return files.some(file => file.reviews.some(({ verdict }) => verdict === 'denied')) ? EXIT.no : EXIT.yes
}

interface Input {
  readonly file: string
  readonly objects: readonly PlacedObject[]
}

function readInputs(paths: readonly string[]): { readonly inputs: readonly Input[]; readonly issues: Issue[] } {
  const issues: Issue[] = []
  const inputs = paths.flatMap(filesOf).map(file => {
    const read = file === '-' ? readObjects(readFileSync(0, 'utf8'), '(stdin)') : readObjectsOf(file)
    issues.push(...read.issues)
    return { file, objects: read.objects }
  })
  return { inputs, issues }
}

// A folder stands for its manifests; what is no folder, or not there, is left to the reader of files to explain.
function filesOf(path: string): readonly string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  return manifestFilesBelow(path)
}

async function reviewFile(
  { file, objects }: Input,
  layers: readonly (readonly PlacedObject[])[],
  options: ReviewOptions,
) {
  // Claim templates, namespaces and the like in the file itself are part of the cluster by the time its pods are created.
  const own = objects.filter(({ value }) => SURROUNDING_KINDS.has(String(value.kind)))
  const cluster = assembleCluster(
    ...layers,
    own.map(object => inNamespace(object, options.namespace)),
  )
  if (!cluster.ok) return cluster
  const deps = {
    cluster: cluster.value,
    exempt: exemptNamespaces([]),
    desk: await inProcessDesk(cluster.value),
    isQuotaKnown: options.cluster !== undefined,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
  }
  const reviews: TemplateReview[] = []
  for (const object of objects) reviews.push(...(await reviewManifest(object, deps)))
  return { ok: true as const, value: { file, objects, reviews } }
}

const SURROUNDING_KINDS: ReadonlySet<string> = new Set([
  'Namespace',
  'PriorityClass',
  'ResourceClaimTemplate',
  'ResourceClaim',
  'ComputeDomain',
])

function inNamespace(object: PlacedObject, namespace: string | undefined): PlacedObject {
  if (namespace === undefined || object.value.kind === 'Namespace') return object
  const { metadata } = object.value
  const fields = metadata !== null && typeof metadata === 'object' && !Array.isArray(metadata) ? metadata : {}
  return { ...object, value: { ...object.value, metadata: { ...fields, namespace } } }
}

function render(files: readonly FileReview[], { output }: ReviewOptions, terminal: Terminal): string {
  const reviews = files.flatMap(file => file.reviews)
  switch (output) {
    case 'text':
      return reviewText(files, terminal)
    case 'json':
      return JSON.stringify(
        { reviews: files.flatMap(({ file, reviews: own }) => own.map(r => reviewJson(file, r))) },
        null,
        2,
      )
    case 'patch':
      return JSON.stringify(
        reviews.map(({ kind, name, namespace, template, operations }) => {
          return { kind, name, namespace, podTemplate: template.podTemplate, patch: operations }
        }),
        null,
        2,
      )
    case 'yaml':
      return files
        .flatMap(file => file.objects.map(object => withPatchedTemplates(object, file.reviews)))
        .map(manifest => stringify(manifest, { lineWidth: 0 }))
        .join('---\n')
        .trimEnd()
  }
}
