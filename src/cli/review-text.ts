import { denialText } from '../admission/denial.ts'
import type { ReviewVerdict, TemplateReview } from '../admission/manifest-review.ts'
import { asciiLine } from '../admission/text.ts'
import { formatGpus } from '../quantity/amount.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { FileReview } from './review.ts'
import { columns, type Paint, paintFor, type Terminal } from './terminal.ts'

/** The reviews as a person reads them: for each pod template the verdict, what is injected by which policy, and the refusal. */
export function reviewText(files: readonly FileReview[], terminal: Terminal): string {
  const paint = paintFor(terminal)
  return files.map(file => fileText(file, paint)).join('\n\n')
}

function fileText({ file, reviews }: FileReview, paint: Paint): string {
  const body = reviews.length === 0 ? ['  no pods'] : reviews.flatMap(review => templateLines(review, paint))
  return [paint.strong(file), ...body].join('\n')
}

function templateLines(review: TemplateReview, paint: Paint): readonly string[] {
  const { kind, namespace, name, template } = review
  const head = `  ${kind} ${asciiLine(`${namespace}/${name}`)}  ${paint.faint(template.podTemplate)}`
  return [head, `    ${verdictLine(review, paint)}`, ...detailLines(review, paint).map(line => `    ${line}`)]
}

/** `allowed  reserved  h100=8  4 pods  gang of 4`. */
function verdictLine(review: TemplateReview, paint: Paint): string {
  const { demand, tier, tenant, pods, gang } = review
  const parts = [
    verdictWord(review.verdict, paint),
    ...(demand === undefined || tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(demand === undefined || tier === undefined ? [] : [`tier ${tier}`]),
    ...[...(demand?.byClass ?? [])].map(([className, amount]) => `${className}=${formatGpus(amount)}`),
    ...(demand === undefined || pods.wanted === 1 ? [] : [`${pods.wanted} pods`]),
    ...(demand === undefined || gang?.size === undefined || gang.size === 1 ? [] : [`gang of ${gang.size}`]),
  ]
  return parts.join('  ')
}

function verdictWord(verdict: ReviewVerdict, paint: Paint): string {
  switch (verdict) {
    case 'allowed':
      return paint.good(verdict)
    case 'denied':
      return paint.bad(verdict)
    case 'undecidable':
      return paint.note(verdict)
    case 'not-gpu':
    case 'exempt':
      return paint.faint(verdict)
  }
}

export function injectionLines(review: Pick<TemplateReview, 'injections'>): readonly string[] {
  const seen = new Set<string>()
  const rows = review.injections
    .filter(({ what, policy }) => !seen.has(`${policy} ${what}`) && seen.add(`${policy} ${what}`))
    .map(({ what, policy }) => [`+ ${what}`, `(${policy})`])
  return columns(rows)
}

function detailLines(review: TemplateReview, paint: Paint): readonly string[] {
  const refusal = review.denials.length === 0 ? [] : denialText(review.denials).split('\n')
  return [
    ...injectionLines(review),
    ...review.warnings.map(warning => paint.note(`! ${asciiLine(warning)}`)),
    ...review.undecidable.map(issue => paint.note(`? ${asciiLine(formatIssue(issue))}`)),
    ...refusal.map((line, index) => (index === 0 ? paint.bad(line) : line)),
  ]
}
