import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { type ReviewDeps, reviewManifest, type TemplateReview } from '../admission/manifest-review.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { scratchDesk } from '../admission/scratch-desk.ts'
import type { LeftOut } from '../config/template-text.ts'
import { type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import type { ManifestInput } from './review-input.ts'

/** What was read of one file, and what would become of it. */
export interface FileReview {
  readonly file: string
  readonly objects: readonly PlacedObject[]
  readonly reviews: readonly TemplateReview[]
}

export interface Reviewer {
  review(input: ManifestInput): Promise<Parsed<FileReview>>
}

export interface ReviewerOptions {
  readonly layers: readonly (readonly PlacedObject[])[]
  /** False where no quotas are known: then policies alone decide. */
  readonly isQuotaKnown: boolean
  /** Reviews everything as if it were created there, whatever namespace it names. */
  readonly namespace?: string
}

/** Objects that are part of the cluster by the time the pods beside them are created. */
const SURROUNDING_KINDS: ReadonlySet<string> = new Set([
  'Namespace',
  'PriorityClass',
  'ResourceClaimTemplate',
  'ResourceClaim',
  'ComputeDomain',
  'PodGroup',
])

/**
 * Judges each file by itself, as if it were applied where nothing runs yet; the documents of one file are applied one after the
 * other.
 */
export function fileReviewer(options: ReviewerOptions): Parsed<Reviewer> {
  const base = assembleCluster(...options.layers)
  if (!base.ok) return base
  return parsed({
    async review({ file, objects, leftOut }) {
      const cluster = clusterFor(objects, base.value, options)
      if (!cluster.ok) return cluster
      const deps = depsFor(cluster.value, options)
      const reviews: TemplateReview[] = []
      for (const object of objects) {
        const issues = unknownLines(object, objects, leftOut)
        for (const review of await reviewManifest(object, deps)) reviews.push(withDoubts(review, issues))
      }
      return parsed({ file, objects, reviews })
    },
  })
}

/** The cluster as it will be when the pods of these objects are created. */
export function clusterFor(
  objects: readonly PlacedObject[],
  base: Cluster,
  { layers, namespace }: Pick<ReviewerOptions, 'layers' | 'namespace'>,
): Parsed<Cluster> {
  const own = objects.filter(({ value }) => SURROUNDING_KINDS.has(String(value.kind)))
  if (own.length === 0) return parsed(base)
  return assembleCluster(
    ...layers,
    own.map(object => inNamespace(object, namespace)),
  )
}

function depsFor(cluster: Cluster, { isQuotaKnown, namespace }: ReviewerOptions): ReviewDeps {
  return {
    cluster,
    exempt: exemptNamespaces([]),
    desk: scratchDesk(cluster.quotas, () => undefined),
    isQuotaKnown,
    ...(namespace === undefined ? {} : { namespace }),
  }
}

function inNamespace(object: PlacedObject, namespace: string | undefined): PlacedObject {
  if (namespace === undefined || object.value.kind === 'Namespace') return object
  const { metadata } = object.value
  const fields = metadata !== null && typeof metadata === 'object' && !Array.isArray(metadata) ? metadata : {}
  return { ...object, value: { ...object.value, metadata: { ...fields, namespace } } }
}

/** Lines of an unrendered template in the document of an object: from the end of the document before it to that of its own. */
function unknownLines(
  object: PlacedObject,
  objects: readonly PlacedObject[],
  leftOut: readonly LeftOut[],
): readonly Issue[] {
  const { file, line } = placeOf(object)
  const next = Math.min(...objects.map(other => placeOf(other).line).filter(other => other > line), Infinity)
  const isFirst = objects.every(other => placeOf(other).line >= line)
  const lines = leftOut.filter(entry => (isFirst || entry.line >= line) && entry.line < next)
  const [first] = lines
  if (first === undefined) return []
  const others = lines.length === 1 ? '' : ` and ${lines.length - 1} more such lines`
  return [
    {
      at: `${file}:${first.line}`,
      problem: `what ${first.text}${others} will say is not known`,
      remedy: 'render it first: helm template CHART | sluice review -f -',
    },
  ]
}

function placeOf({ at }: PlacedObject): { readonly file: string; readonly line: number } {
  const [, file = at, line = '1'] = /^(.*):(\d+)(?: items\[\d+\])?$/.exec(at) ?? []
  return { file, line: Number(line) }
}

// A pod of which lines are missing may ask for what it seems to lack, so neither a verdict nor a patch would be worth anything.
function withDoubts(review: TemplateReview, issues: readonly Issue[]): TemplateReview {
  if (issues.length === 0 || review.verdict === 'exempt') return review
  return {
    ...review,
    verdict: 'undecidable',
    operations: [],
    injections: [],
    warnings: [],
    denials: [],
    undecidable: [...review.undecidable, ...issues],
  }
}
