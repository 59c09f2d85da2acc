import { denialText } from '../admission/denial.ts'
import type { TemplateReview } from '../admission/manifest-review.ts'
import { isRefusal, isSafe, type PodChange, type QuotaChange } from '../admission/quota-change.ts'
import type { RunningPods } from '../admission/running-pods.ts'
import { asciiLine } from '../admission/text.ts'
import { type Amount, formatGpus, ZERO } from '../quantity/amount.ts'
import type { Standing } from '../quota/standing.ts'
import type { NamespaceMove, StandingChange, WhatIf } from '../quota/what-if.ts'
import { formatIssue } from '../schema/parsed.ts'
import { remarkLines } from './pods.ts'
import { columns, type Paint, paintFor, type Terminal } from './terminal.ts'
import { orphanLine, oversubscriptionLine, section } from './usage-text.ts'

type NoticeOf = (tenant: string) => number

/** A change of quotas as a platform engineer reads it: what moves, who is over, which pods are refused, and in the end a verdict. */
export function whatIfText(change: QuotaChange, pods: RunningPods, noticeOf: NoticeOf, terminal: Terminal): string {
  const paint = paintFor(terminal)
  const { quotas, warnings } = change
  const sections = [
    section('changes, before -> after', changeLines(quotas.changed, paint), paint),
    section(
      'namespaces that change hands; pods that run stay charged where they are',
      quotas.moves.map(moveLine),
      paint,
    ),
    section('over their new limits', overLines(quotas, noticeOf).map(paint.note), paint),
    section(
      'pods, before -> after',
      change.pods.flatMap(pod => podLines(pod, paint)),
      paint,
    ),
    section(
      'new warnings',
      warnings.map(issue => paint.note(asciiLine(formatIssue(issue)))),
      paint,
    ),
    section('running pods that need a look', remarkLines(pods), paint),
    [verdictLine(change, paint)],
  ]
  return sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')
}

// A change high up in a tree reaches every tenant below; nobody reads thousands of lines.
const MAX_ROWS = 100

function changeLines(all: readonly StandingChange[], paint: Paint): readonly string[] {
  const changed = all.filter(({ before, after }) => isWorthARow(before) || isWorthARow(after))
  if (changed.length === 0) return []
  const shown = changed.slice(0, MAX_ROWS)
  const [head = '', ...rows] = columns([
    ['tenant', 'class', 'tier', 'limit', 'used', 'fits now', ''],
    ...shown.map(changeRow),
  ])
  const rest = changed.length - shown.length
  return [
    paint.faint(head.trimEnd()),
    ...rows.map(row => row.trimEnd()),
    ...(rest === 0 ? [] : [`and ${rest} more; -o json has all of them`]),
  ]
}

// A tier that gives nothing and holds nothing tells nobody anything.
function isWorthARow(standing: Standing | null): boolean {
  return standing !== null && (standing.limit > ZERO || standing.used > ZERO)
}

function changeRow({ tenant, class: className, tier, before, after }: StandingChange): readonly string[] {
  const numbers = [
    shift(before, after, one => one.limit),
    shift(before, after, one => one.used),
    shift(before, after, one => one.available),
  ]
  return [tenant, className, tier, ...numbers, moved(before, after)]
}

/** `26 -> 13`, or `24` where it stays. */
function shift(before: Standing | null, after: Standing | null, part: (standing: Standing) => Amount): string {
  const [from, to] = [before, after].map(side => (side === null ? '-' : formatGpus(part(side))))
  return from === to ? `${to}` : `${from} -> ${to}`
}

function moved(before: Standing | null, after: Standing | null): string {
  if (before === null || after === null) return before === null ? 'new' : 'gone'
  return before.cohort === after.cohort ? '' : `cohort ${before.cohort} -> ${after.cohort}`
}

function moveLine({ namespace, before, after }: NamespaceMove): string {
  return `${namespace}: ${before ?? 'no tenant'} -> ${after ?? 'no tenant'}`
}

function overLines({ over, oversubscribed, orphans }: WhatIf, noticeOf: NoticeOf): readonly string[] {
  return [
    ...over.map(({ after }) => overLine(after, noticeOf)),
    ...oversubscribed.map(({ after }) => oversubscriptionLine(after)),
    ...orphans.map(orphanLine),
  ]
}

/** `research h100 reserved: 24 of 13 in use; 11 stays until pods end, and nothing new is admitted there`. */
function overLine(standing: Standing, noticeOf: NoticeOf): string {
  const { tenant, class: className, tier, used, limit, over } = standing
  const outcome =
    tier === 'burst'
      ? `up to ${formatGpus(over)} can be reclaimed with ${noticeOf(tenant)} s notice`
      : `${formatGpus(over)} stays until pods end, and nothing new is admitted there`
  return `${tenant} ${className} ${tier}: ${formatGpus(used)} of ${formatGpus(limit)} in use; ${outcome}`
}

function podLines(pod: PodChange, paint: Paint): readonly string[] {
  const { before, after } = pod
  const { kind, namespace, name, template } = after
  const [from, to] = [outcomeOf(before), outcomeOf(after)]
  const outcome = from === to ? to : `${from} -> ${to}`
  const colour = isRefusal(pod) ? paint.bad : paint.good
  const refusal = after.denials.length === 0 ? [] : denialText(after.denials).split('\n')
  return [
    `${asciiLine(`${kind} ${namespace}/${name}`)}  ${paint.faint(asciiLine(template.podTemplate))}`,
    `  ${after.verdict === 'denied' || before.verdict === 'denied' ? colour(outcome) : outcome}`,
    ...refusal.map(line => `  ${line}`),
  ]
}

function outcomeOf({ verdict, tiers, tier, pods }: TemplateReview): string {
  if (verdict === 'denied')
    return pods.wanted === 1 ? 'refused' : `refused after ${pods.admitted} of ${pods.wanted} pods`
  if (verdict !== 'allowed') return verdict
  const parts = [...tiers].map(([name, count]) => (tiers.size === 1 ? name : `${count} ${name}`))
  return `allowed in ${parts.join(', ') || (tier ?? 'no tier')}`
}

function verdictLine(change: QuotaChange, paint: Paint): string {
  if (isSafe(change)) return paint.good('safe: nobody is over a new limit, and no pod is refused that was admitted')
  const { over, oversubscribed, orphans } = change.quotas
  const refused = change.pods.filter(isRefusal).length
  const parts = [
    ...(over.length === 0 ? [] : [`${tenantsOf(over)} over a new limit`]),
    ...(orphans.length === 0 ? [] : [`${tenantsOf(orphans)} gone and still in use`]),
    ...(oversubscribed.length === 0 ? [] : [`${oversubscribed.length} oversubscribed`]),
    ...(refused === 0 ? [] : [`${refused} of ${change.pods.length} pod templates newly refused`]),
  ]
  return paint.bad(`not safe: ${parts.join(', ')}`)
}

function tenantsOf(places: readonly { readonly tenant: string }[]): string {
  const count = new Set(places.map(({ tenant }) => tenant)).size
  return count === 1 ? '1 tenant' : `${count} tenants`
}
