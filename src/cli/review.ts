import { reviewJson } from '../admission/review-json.ts'
import type { Issue } from '../schema/parsed.ts'
import { complain, readLayers } from './cluster.ts'
import { type FileReview, fileReviewer } from './review-files.ts'
import { readInputs } from './review-input.ts'
import { reviewText } from './review-text.ts'
import { manifestYaml } from './template-patch.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

export const REVIEW_OUTPUTS = ['text', 'json', 'yaml', 'patch'] as const

export interface ReviewOptions {
  readonly files: readonly string[]
  readonly cluster?: string
  readonly namespace?: string
  readonly output: (typeof REVIEW_OUTPUTS)[number]
}

/** `sluice review`: what both webhooks would say to manifests, without a cluster. */
export async function review(options: ReviewOptions, terminal: Terminal): Promise<ExitCode> {
  const { files, issues } = await reviewInputs(options)
  if (files.length > 0) terminal.out(render(files, options, terminal))
  complain(issues, terminal)
  if (issues.length > 0) return EXIT.badInput
  return files.some(file => file.reviews.some(({ verdict }) => verdict === 'denied')) ? EXIT.no : EXIT.yes
}

async function reviewInputs(options: ReviewOptions) {
  const { cluster, namespace } = options
  const layers = readLayers(cluster)
  if (!layers.ok) return { files: [], issues: layers.issues }
  const isQuotaKnown = cluster !== undefined
  const reviewer = fileReviewer({
    layers: layers.value,
    isQuotaKnown,
    ...(namespace === undefined ? {} : { namespace }),
  })
  if (!reviewer.ok) return { files: [], issues: reviewer.issues }

  const files: FileReview[] = []
  const issues: Issue[] = []
  for (const input of readInputs(options.files)) {
    issues.push(...input.issues)
    if (input.objects.length === 0 && input.issues.length > 0) continue
    const reviewed = await reviewer.value.review(input)
    if (reviewed.ok) files.push(reviewed.value)
    else issues.push(...reviewed.issues)
  }
  return { files, issues }
}

function render(files: readonly FileReview[], { output }: ReviewOptions, terminal: Terminal): string {
  switch (output) {
    case 'text':
      return reviewText(files, terminal)
    case 'json':
      return json({ reviews: files.flatMap(({ file, reviews }) => reviews.map(entry => reviewJson(file, entry))) })
    case 'patch':
      return json(files.flatMap(({ reviews }) => reviews.map(patchJson)))
    case 'yaml':
      return files
        .flatMap(file => file.objects.map(object => manifestYaml(object, file.reviews)))
        .join('---\n')
        .trimEnd()
  }
}

function patchJson({ kind, name, namespace, template, operations }: FileReview['reviews'][number]) {
  return { kind, name, namespace, podTemplate: template.podTemplate, patch: operations }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
