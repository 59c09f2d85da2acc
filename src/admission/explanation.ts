import type { PolicySet } from '../policy/policy-set.ts'
import type { Book } from '../quota/book.ts'
import { type Explanation, explain } from '../quota/explain.ts'
import { type Lender, supposedLenders } from '../quota/lenders.ts'
import { type ReviewDeps, reviewManifest, type TemplateReview } from './manifest-review.ts'
import type { PlacedObject } from './objects.ts'

/** What every policy made of the pods of one template, and every limit of quota that the first of them met. */
export interface Explained {
  readonly review: TemplateReview
  readonly policies: ReturnType<PolicySet['explain']>
  /** Undefined where nothing is asked of a quota. */
  readonly quota: QuotaExplained | undefined
}

export interface QuotaExplained {
  readonly explanation: Explanation
  /** Whose capacity the first pod would stand on as burst, by class; empty where it does not fit there. */
  readonly lenders: ReadonlyMap<string, readonly Lender[]>
}

export interface ExplainDeps extends ReviewDeps {
  /** The book of a tree as it was before the question: the limits are explained on it. */
  readonly bookOf: (tree: string) => Book | undefined
}

/** Explains each template of a manifest. The desk must be one that only previews or that charges into copies. */
export async function explainManifest(object: PlacedObject, deps: ExplainDeps): Promise<readonly Explained[]> {
  const reviews = await reviewManifest(object, deps)
  return reviews.map(review => ({
    review,
    policies: review.subject === undefined ? [] : deps.cluster.policies.explain(review.subject),
    quota: limitsMet(review, deps),
  }))
}

function limitsMet(review: TemplateReview, deps: ExplainDeps): QuotaExplained | undefined {
  const { tenant, demand, subject, wholeGang } = review
  const tree = tenant === undefined ? undefined : deps.cluster.quotas.treeOfTenant.get(tenant)
  const known = tenant === undefined ? undefined : tree?.tenants.get(tenant)
  const book = tree === undefined ? undefined : deps.bookOf(tree.name)
  if (tenant === undefined || known === undefined || book === undefined || demand === undefined) return undefined
  // The label that Sluice sets says where the pod went; what its author asked for may have been less precise.
  const asked = subject?.pod.metadata.labels?.['sluice.dev/tier'] === undefined ? 'auto' : (subject.tier ?? 'auto')
  const ask = { tenant, tier: asked, demand: demand.byClass, gang: wholeGang } as const
  return { explanation: explain(book, known, ask), lenders: supposedLenders(book, known, ask) }
}
