import type { Charge } from '../quota/ledger.ts'
import { isHarmless, type WhatIf, whatIf } from '../quota/what-if.ts'
import { formatIssue, type Issue } from '../schema/parsed.ts'
import type { Cluster } from './cluster.ts'
import type { ExemptNamespaces } from './exempt.ts'
import { reviewManifest, type TemplateReview } from './manifest-review.ts'
import type { PlacedObject } from './objects.ts'
import { scratchDesk } from './scratch-desk.ts'

/** What another set of quotas would mean to those who run, and to the pods of some manifests. */
export interface QuotaChange {
  readonly quotas: WhatIf
  /** Oddities that the cluster does not have yet. */
  readonly warnings: readonly Issue[]
  readonly pods: readonly PodChange[]
}

/** The pods of one template, before and after. */
export interface PodChange {
  readonly before: TemplateReview
  readonly after: TemplateReview
}

export interface Asked {
  readonly object: PlacedObject
  /** The clusters as they are when the manifest is applied, with what its file brings along. */
  readonly before: Cluster
  readonly after: Cluster
}

export interface ChangeOptions {
  readonly exempt: ExemptNamespaces
  /** Reviews every manifest as if it were created there. */
  readonly namespace?: string
}

/** Compares two clusters under the same charges. Each manifest is judged by itself: none takes anything from the next. */
export async function quotaChange(
  before: Cluster,
  after: Cluster,
  charges: readonly Charge[],
  manifests: readonly Asked[],
  options: ChangeOptions,
): Promise<QuotaChange> {
  const quotas = whatIf(before.quotas, after.quotas, charges)
  const pods: PodChange[] = []
  for (const asked of manifests) pods.push(...(await podChanges(asked, quotas.books, options)))
  return { quotas, warnings: newWarnings(before, after), pods }
}

/** Whether some pod that was admitted would be refused. */
export function isRefusal({ before, after }: PodChange): boolean {
  return before.verdict !== 'denied' && after.verdict === 'denied'
}

/** Whether nobody loses by the change: nobody is over a new limit, and nothing is refused that was admitted. */
export function isSafe({ quotas, pods }: QuotaChange): boolean {
  return isHarmless(quotas) && !pods.some(isRefusal)
}

async function podChanges(asked: Asked, books: WhatIf['books'], options: ChangeOptions): Promise<readonly PodChange[]> {
  const reviewIn = (cluster: Cluster, side: keyof WhatIf['books']) => {
    const desk = scratchDesk(cluster.quotas, tree => books[side].get(tree))
    return reviewManifest(asked.object, { ...options, cluster, desk, isQuotaKnown: true })
  }
  const before = await reviewIn(asked.before, 'before')
  const after = await reviewIn(asked.after, 'after')
  // Templates come from the manifest alone, so both sides have the same ones.
  return before.flatMap((review, index) => {
    const other = after[index]
    return other === undefined ? [] : [{ before: review, after: other }]
  })
}

function newWarnings(before: Cluster, after: Cluster): readonly Issue[] {
  const known = new Set(before.warnings.map(formatIssue))
  return after.warnings.filter(warning => !known.has(formatIssue(warning)))
}
