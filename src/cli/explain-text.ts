import { denialText } from '../admission/denial.ts'
import type { Explained, QuotaExplained } from '../admission/explanation.ts'
import type { TemplateReview } from '../admission/manifest-review.ts'
import { lenderName, limitName, podsAtOnce } from '../admission/quota-text.ts'
import type { RunningPods } from '../admission/running-pods.ts'
import { asciiLine } from '../admission/text.ts'
import { formatGpus, ZERO } from '../quantity/amount.ts'
import type { Holder } from '../quota/census.ts'
import type { ClassAnswer, TierAnswer } from '../quota/explain.ts'
import type { Lender } from '../quota/lenders.ts'
import { TIERS } from '../schema/parts.ts'
import { remarkLines } from './pods.ts'
import { injectionLines } from './review-text.ts'
import { columns, type Paint, paintFor, type Terminal } from './terminal.ts'
import { section } from './usage-text.ts'

/** What became of each template, and why, as a person reads it. */
export function explainText(explained: readonly Explained[], pods: RunningPods, terminal: Terminal): string {
  const paint = paintFor(terminal)
  const blocks = explained.length === 0 ? ['no pods'] : explained.map(one => explainedText(one, paint))
  const remarks = section('running pods that need a look', remarkLines(pods), paint)
  return [...blocks, ...(remarks.length === 0 ? [] : [remarks.join('\n')])].join('\n\n')
}

function explainedText({ review, policies, quota }: Explained, paint: Paint): string {
  const { kind, namespace, name, template, pods, warnings } = review
  const sortedPolicies = policies
    .toSorted((a, b) => Number(b.isMatch) - Number(a.isMatch))
    .map(({ policy, isMatch, because }) => [isMatch ? 'applies' : '-', policy, because])
  const parts = [
    titled('policies', columns(sortedPolicies)),
    titled('injected', injectionLines(review)),
    titled('warnings', warnings.map(asciiLine)),
    ...(quota === undefined
      ? []
      : [
          titled(limitsOf(pods.wanted, podsAtOnce(quota.explanation)), limitLines(quota, paint)),
          titled('largest pod that fits now', sizeLines(quota)),
        ]),
    refusalLines(review),
  ].filter(lines => lines.length > 0)
  return [
    paint.strong(asciiLine(`${kind} ${namespace}/${name} ${template.podTemplate}`)),
    ...columns(factsOf(review)).map(line => `  ${line}`),
    ...parts.flatMap(lines => ['', ...lines]),
  ].join('\n')
}

function factsOf(review: TemplateReview): readonly (readonly [string, string])[] {
  const { demand, tenant, tier, workload, gang } = review
  const asked = [...(demand?.byClass ?? [])].map(([name, amount]) => `${name}=${formatGpus(amount)}`)
  const owner = [workload?.kind, workload?.role, gang === undefined ? undefined : `gang ${gang.id}`]
  return [
    ['verdict', review.verdict],
    ['tenant', tenant ?? 'none'],
    ['tier', tier ?? 'none'],
    ['demand', asked.join(', ') || 'none'],
    ['workload', asciiLine(owner.filter(Boolean).join(' '))],
  ]
}

function refusalLines({ denials }: TemplateReview): readonly string[] {
  const text = denials.length === 0 ? [] : denialText(denials).split('\n')
  return text.map(line => `  ${line}`)
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map(line => `    ${line.trimEnd()}`)]
}

// Later pods meet the same limits with more in use; the refusal tells of the one that did not fit.
function limitsOf(pods: number, gangPods: number): string {
  if (gangPods > 1) return `limits that the ${gangPods} pods of the gang met together, in the order they were tried`
  return pods > 1
    ? `limits that the first of ${pods} pods met, in the order they were tried`
    : 'limits, in the order they were tried'
}

function limitLines({ explanation, lenders }: QuotaExplained, paint: Paint): readonly string[] {
  return explanation.tiers.flatMap(tier =>
    tier.classes.flatMap(answer => [
      headOf(tier, answer, paint),
      ...columns(answer.path.map(step => stepRow(answer, step))).map(line => `  ${line}`),
      ...listed('held by', answer.holders.map(holderWords)),
      ...(tier.tier === 'burst' ? burstLines(answer, lenders.get(answer.class) ?? [], explanation.tenant) : []),
    ]),
  )
}

/** Who stands in the way of borrowing, or who would lend. Reserved and shared are judged as if burst were not there. */
function burstLines({ short, borrowers }: ClassAnswer, lenders: readonly Lender[], tenant: string): readonly string[] {
  const lent = lenders.map(lender => `${formatGpus(lender.amount)} from ${lenderName(lender, tenant)}`)
  return [...listed('borrowed by', short > ZERO ? borrowers.map(holderWords) : []), ...listed('would borrow', lent)]
}

function headOf({ tier, fits }: TierAnswer, answer: ClassAnswer, paint: Paint): string {
  const { class: className, requested, available } = answer
  const numbers = `${tier} ${className}: requested ${formatGpus(requested)}, available ${formatGpus(available)}`
  return `${numbers}  ${fits ? paint.good('fits') : paint.bad('does not fit')}`
}

function stepRow({ binding }: ClassAnswer, step: ClassAnswer['binding']): readonly string[] {
  const isBinding = step.node === binding.node
  const limit = isBinding ? binding.limit : step.limit
  return [limitName(limit), `used ${formatGpus(step.used)} of ${formatGpus(step.limited)}`, isBinding ? 'binds' : '']
}

function listed(title: string, words: readonly string[]): readonly string[] {
  return words.length === 0 ? [] : [`  ${title} ${words.join(', ')}`]
}

function holderWords({ tenant, tier, amount }: Holder): string {
  return `${tenant}/${tier} ${formatGpus(amount)}`
}

function sizeLines({ explanation: { largest } }: QuotaExplained): readonly string[] {
  const rows = [...largest].map(([name, sizes]) => [name, ...TIERS.map(tier => formatGpus(sizes[tier]))])
  return columns([['class', ...TIERS], ...rows])
}
