import { lenderName } from '../admission/quota-text.ts'
import type { RunningPods } from '../admission/running-pods.ts'
import type { TenantUsage, UsageReport } from '../admission/usage-report.ts'
import { formatGpus, ZERO } from '../quantity/amount.ts'
import type { Orphan, Oversubscription, Standing } from '../quota/standing.ts'
import { remarkLines } from './pods.ts'
import { columns, type Paint, paintFor, type Terminal } from './terminal.ts'

/** Usage as a person reads it: a table for each tenant, then what is held beyond what there is. */
export function usageText(report: UsageReport, pods: RunningPods, terminal: Terminal): string {
  const paint = paintFor(terminal)
  const sections = [
    ...report.tenants.map(tenant => tenantLines(tenant, paint)),
    section('oversubscribed', report.oversubscribed.map(oversubscriptionLine), paint),
    section('tenants that are not defined', report.orphans.map(orphanLine), paint),
    section('pods that need a look', remarkLines(pods), paint),
  ].filter(lines => lines.length > 0)
  return sections.length === 0 ? 'no tenants' : sections.map(lines => lines.join('\n')).join('\n\n')
}

/** A titled list; nothing where the list is empty. */
export function section(title: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length === 0 ? [] : [paint.strong(title), ...lines.map(line => `  ${line}`)]
}

function tenantLines({ tenant, cohort, noticeSeconds, standings }: TenantUsage, paint: Paint): readonly string[] {
  // A tier that gives nothing and holds nothing tells nobody anything.
  const told = standings.filter(({ used, claimed, limit }) => used > ZERO || claimed > ZERO || limit > ZERO)
  const rows = told.map(one => [
    one.class,
    one.tier,
    formatGpus(one.used),
    formatGpus(one.limit),
    formatGpus(one.available),
    remarkOf(one, noticeSeconds),
  ])
  const [head = '', ...lines] = columns([['class', 'tier', 'used', 'limit', 'fits now', ''], ...rows])
  return [
    `${paint.strong(tenant)}  cohort ${cohort}`,
    `  ${paint.faint(head.trimEnd())}`,
    ...lines.map((line, index) => `  ${(told[index]?.over ?? ZERO) > ZERO ? paint.note(line) : line}`.trimEnd()),
  ]
}

/** `borrows 8 from the burst pool of research; can be reclaimed with 60 s notice; 4 more held for pods to come`. */
function remarkOf(standing: Standing, noticeSeconds: number): string {
  const { tier, used, claimed, tenant, lenders } = standing
  const from = lenders.map(lender => `${formatGpus(lender.amount)} from ${lenderName(lender, tenant)}`).join(', ')
  const borrowed = [`borrows ${from || formatGpus(used)}`, `can be reclaimed with ${noticeSeconds} s notice`]
  const held = claimed > ZERO ? [`${formatGpus(claimed)} more held for pods to come`] : []
  return [...(tier === 'burst' && used > ZERO ? borrowed : []), ...held, ...overWords(standing)].join('; ')
}

/** What is used beyond the limits, and what comes of it; empty where nothing is. */
function overWords({ tier, over, limit }: Standing): readonly string[] {
  if (over <= ZERO) return []
  return tier === 'burst'
    ? [`up to ${formatGpus(over)} of it must be given back`]
    : [
        `${formatGpus(over)} above its limit of ${formatGpus(limit)}: stays until pods end, and nothing new is admitted here`,
      ]
}

/** `cohort research: 44 of 40 h100; 3 are burst and can be reclaimed, 1 stays until pods end`. */
export function oversubscriptionLine(excess: Oversubscription): string {
  const { kind, cohort, class: className, used, limit, reclaimable, stuck } = excess
  const where = kind === 'pool' ? `the shared pool of ${cohort}` : `cohort ${cohort}`
  const parts = [
    ...(reclaimable > ZERO ? [`${formatGpus(reclaimable)} is burst and can be reclaimed`] : []),
    ...(stuck > ZERO ? [`${formatGpus(stuck)} is reserved or shared and stays until pods end`] : []),
  ]
  return `${where}: ${formatGpus(used)} of ${formatGpus(limit)} ${className} in use; ${parts.join(', ')}`
}

export function orphanLine({ tenant, class: className, tier, used }: Orphan): string {
  return `${tenant} holds ${formatGpus(used)} ${className} in ${tier}: counted as burst at the root until its pods end`
}
