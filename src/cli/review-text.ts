import { denialText } from '../admission/denial.ts'
import type { ReviewVerdict, TemplateReview } from '../admission/manifest-review.ts'
import { asciiLine } from '../admission/text.ts'
import { formatGpus } from '../quantity/amount.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { FileReview } from './review-files.ts'
import { columns, type Paint, paintFor, type Terminal } from './terminal.ts'

/** The reviews as a person reads them: for each pod template the verdict, what is injected by which policy, and the refusal. */
export function reviewText(files: readonly FileReview[], terminal: Terminal): string {
  const paint = paintFor(terminal)
  const blocks = files.map(file => fileText(file, paint))
  const reviews = files.flatMap(file => file.reviews)
  return [...blocks, ...(reviews.length > 1 ? [summary(reviews)] : [])].join('\n\n')
}

function fileText(file: FileReview, paint: Paint): string {
  const { reviews } = file
  const body = reviews.length === 0 ? [`  ${noPods(file)}`] : reviews.flatMap(review => templateLines(review, paint))
  return [paint.strong(file.file), ...body].join('\n')
}

const MAX_KINDS = 4

function noPods({ objects }: FileReview): string {
  const kinds = [...new Set(objects.map(({ value }) => asciiLine(String(value.kind))))]
  if (kinds.length === 0) return 'no objects'
  const more = kinds.length > MAX_KINDS ? ', ...' : ''
  return `no pod template in ${kinds.slice(0, MAX_KINDS).join(', ')}${more}; pods are judged when they are created`
}

function templateLines(review: TemplateReview, paint: Paint): readonly string[] {
  const { kind, namespace, name, template } = review
  const head = `  ${asciiLine(`${kind} ${namespace}/${name}`)}  ${paint.faint(asciiLine(template.podTemplate))}`
  return [head, `    ${verdictLine(review, paint)}`, ...detailLines(review, paint).map(line => `    ${line}`)]
}

/** `allowed  tenant research  tier reserved  h100=8  4 pods  gang of 4`. */
function verdictLine(review: TemplateReview, paint: Paint): string {
  return [verdictWord(review.verdict, paint), ...facts(review)].join('  ')
}

function facts(review: TemplateReview): readonly string[] {
  const { verdict, demand, tenant, pods, gang, namespace } = review
  if (verdict === 'not-gpu') return ['asks for no accelerator, left as it is']
  if (verdict === 'exempt') return [`namespace ${asciiLine(namespace)} is left alone`]
  if (demand === undefined) return []
  return [
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...tierFacts(review),
    ...[...demand.byClass].map(([className, amount]) => `${className}=${formatGpus(amount)}`),
    ...(pods.wanted === 1 ? [] : [`${pods.wanted} pods`]),
    ...(gang?.size === undefined || gang.size === 1 ? [] : [`gang of ${gang.size}`]),
    ...togetherFacts(review),
    ...(review.template.createsPods ? [] : ['a blueprint, of which others make pods']),
  ]
}

/** `needs h100=33 together`: what a gang needs at least, where that is not so many times what this pod asks for. */
function togetherFacts({ demand, gang, wholeGang }: TemplateReview): readonly string[] {
  if (demand === undefined || wholeGang === undefined) return []
  const size = BigInt(gang?.size ?? wholeGang.size)
  const isPlain =
    demand.byClass.size === wholeGang.demand.size &&
    [...demand.byClass].every(([className, amount]) => wholeGang.demand.get(className) === size * amount)
  if (isPlain) return []
  return [`needs ${[...wholeGang.demand].map(([name, amount]) => `${name}=${formatGpus(amount)}`).join(' ')} together`]
}

/** `tier reserved`, or `tiers 4 reserved, 2 burst` where the pods differ. Of refused pods it is only the one that was tried. */
function tierFacts({ verdict, tier, tiers }: TemplateReview): readonly string[] {
  if (tier === undefined || verdict === 'denied') return []
  if (tiers.size < 2) return [`tier ${tier}`]
  return [`tiers ${[...tiers].map(([name, count]) => `${count} ${name}`).join(', ')}`]
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

/**
 * One line for what a policy gave of one kind: `+ toleration nvidia.com/gpu  (gpu-tolerations)`. A preference for each level of a
 * network is one thing to a reader; the other outputs have all of them.
 */
export function injectionLines({ injections }: Pick<TemplateReview, 'injections'>): readonly string[] {
  const groups = Map.groupBy(injections, ({ what, policy }) => `${policy} ${what.split(' ', 1)[0]}`)
  const rows = [...groups.values()].map(group => {
    const [policy = ''] = group.map(entry => entry.policy)
    const [first = '', ...others] = new Set(group.map(entry => entry.what))
    return [`+ ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`, `(${policy})`]
  })
  return columns(rows)
}

function detailLines(review: TemplateReview, paint: Paint): readonly string[] {
  const isDenied = review.denials.length > 0
  const refusal = isDenied ? denialText(review.denials).split('\n') : []
  return [
    // What a refused pod would have been given is of no use to anybody.
    ...(isDenied ? [] : injectionLines(review)),
    ...review.warnings.map(warning => paint.note(`! ${asciiLine(warning)}`)),
    ...review.undecidable.map(issue => paint.note(`? ${asciiLine(formatIssue(issue))}`)),
    ...refusal.map((line, index) => (index === 0 ? paint.bad(line) : line)),
  ]
}

/** `12 pod templates: 7 allowed, 2 denied, 3 not-gpu`. */
function summary(reviews: readonly TemplateReview[]): string {
  const counts = Map.groupBy(reviews, ({ verdict }) => verdict)
  const parts = VERDICTS.flatMap(verdict => {
    const count = counts.get(verdict)?.length ?? 0
    return count === 0 ? [] : [`${count} ${verdict}`]
  })
  return `${reviews.length} pod templates: ${parts.join(', ')}`
}

const VERDICTS: readonly ReviewVerdict[] = ['allowed', 'denied', 'undecidable', 'not-gpu', 'exempt']
