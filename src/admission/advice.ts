import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../schema/parts.ts'
import { podTemplates, type TemplatePod } from '../workload/templates.ts'
import type { Denial } from './denial.ts'
import type { DecisionVerdict } from './endpoint.ts'
import { type ReviewDeps, reviewManifest, type TemplateReview } from './manifest-review.ts'
import { fieldAt } from './objects.ts'
import type { ObjectReview } from './review-object.ts'

/** What the author of a workload is told of its pods. */
export interface Advice {
  readonly verdict: DecisionVerdict
  readonly warnings: readonly string[]
  /** Of what would be refused. */
  readonly codes: readonly string[]
}

export const NO_ADVICE: Advice = { verdict: 'allowed', warnings: [], codes: [] }

// A JobSet of dozens of jobs is written by a program; its first pods tell what it needs to know.
const MAX_TEMPLATES = 16

// What says more of us than of the workload: its pods will be decided at another moment.
const OF_THE_MOMENT: ReadonlySet<string> = new Set(['SLU-Q230', 'SLU-Q231', 'SLU-S500'])

/** Reviews the pods that a workload would create. The desk must be one that only previews or that charges into copies. */
export async function adviceOn(review: ObjectReview, deps: ReviewDeps): Promise<Advice> {
  const { namespace = '' } = review.request
  // Controllers read no warnings; and who has no namespace has no quota that could be told.
  if (review.operation === 'DELETE' || namespace === '' || isOwned(review.object)) return NO_ADVICE
  const templates = podTemplates(review.object, MAX_TEMPLATES + 1)
  if (templates.length === 0 || hasSameTemplates(review, templates)) return NO_ADVICE
  if (templates.length > MAX_TEMPLATES) {
    return { ...NO_ADVICE, warnings: [`has more than ${MAX_TEMPLATES} pod templates: ask sluice review about it`] }
  }
  const reviews = await reviewManifest({ at: 'object', value: review.object }, { ...deps, namespace })
  return adviceFrom(reviews)
}

function isOwned(object: JsonObject): boolean {
  const owners = fieldAt(object, 'metadata', 'ownerReferences')
  return Array.isArray(owners) && owners.some(owner => fieldAt(owner, 'controller') === true)
}

function hasSameTemplates(review: ObjectReview, templates: readonly TemplatePod[]): boolean {
  if (review.operation !== 'UPDATE' || review.oldObject === undefined) return false
  const podsOf = (some: readonly TemplatePod[]) => some.map(({ podTemplate, pod }) => [podTemplate, pod])
  return isDeepStrictEqual(podsOf(templates), podsOf(podTemplates(review.oldObject, MAX_TEMPLATES + 1)))
}

function adviceFrom(reviews: readonly TemplateReview[]): Advice {
  const told = reviews.map(review => ({ review, lines: linesOf(review) }))
  // What holds of every template need not be told of each.
  const isGeneral = (line: string) => told.every(({ lines }) => lines.some(({ text }) => text === line))
  const warnings = told.flatMap(({ review, lines }) =>
    lines.map(({ text, about }) => (isGeneral(text) ? text : about(nameOf(review.template)))),
  )
  const codes = reviews.flatMap(({ denials }) => denials.filter(isLasting).map(({ code }) => code))
  const isGpu = reviews.some(({ verdict }) => verdict !== 'not-gpu')
  return { verdict: isGpu ? 'allowed' : 'not-gpu', warnings: [...new Set(warnings)], codes: [...new Set(codes)] }
}

interface Line {
  readonly text: string
  /** The same with the name of the template it is about. */
  readonly about: (template: string) => string
}

// The worst first: only a few lines are shown.
function linesOf({ denials, warnings }: TemplateReview): readonly Line[] {
  const lasting = denials.filter(isLasting)
  // Where the time was up before all of its pods were judged, how many fit is not known.
  const remarks = lasting.length < denials.length ? [] : warnings
  return [
    ...lasting.map(({ code, message }) => ({
      text: `[${code}] would be refused: ${message}`,
      about: (template: string) => `[${code}] ${template} would be refused: ${message}`,
    })),
    ...remarks.map(text => ({ text, about: (template: string) => `${template}: ${text}` })),
  ]
}

function isLasting({ code }: Denial): boolean {
  return !OF_THE_MOMENT.has(code)
}

/** `worker` of `spec.replicatedJobs.[worker].template.spec.template.spec`; the whole path where no item has a name. */
function nameOf({ podTemplate }: TemplatePod): string {
  return [...podTemplate.matchAll(/\[([^\]]+)\]/g)].at(-1)?.[1] ?? podTemplate
}
