import { type Book, openBook } from '../quota/book.ts'
import { barsFor, decide, firstFit, type Request, type Stamp } from '../quota/decide.ts'
import { EMPTY_LEDGER } from '../quota/ledger.ts'
import type { Quotas } from '../quota/tiers.ts'
import { type Verdict, verdictOf } from '../quota/verdict.ts'
import type { TierForecast } from './mutate.ts'
import type { QuotaDesk } from './validate.ts'

// Nothing outlives the question, so nothing can expire.
const STAMP: Stamp = {
  bookedBy: 'question',
  expiresAtMs: Number.MAX_SAFE_INTEGER,
  holdUntilMs: Number.MAX_SAFE_INTEGER,
}

/**
 * A desk for those who only ask: it starts from the books it is given and charges into its own copies, so that the fourth pod
 * of a workload meets what the first three would have taken, and nobody else ever hears of it. A tree whose book is not there
 * is one in which nothing runs.
 */
export function scratchDesk(quotas: Quotas, bookOf: (tree: string) => Book | undefined): QuotaDesk & TierForecast {
  const own = new Map<string, Book>()

  function bookFor(tenant: string): Book | undefined {
    const tree = quotas.treeOfTenant.get(tenant)
    return tree === undefined ? undefined : (own.get(tree.name) ?? bookOf(tree.name) ?? openBook(tree, EMPTY_LEDGER))
  }

  function ask(request: Request, { isPreview }: { readonly isPreview: boolean }): Verdict {
    const book = bookFor(request.tenant)
    if (book === undefined) return { kind: 'barred', bars: [{ kind: 'unknown-tenant', tenant: request.tenant }] }
    const { outcome, book: after } = decide(book, asNew(request), STAMP)
    if (!isPreview) own.set(book.quota.name, after)
    return verdictOf(outcome, request, after)
  }

  return {
    peek(pod) {
      const book = bookFor(pod.tenant)
      const tenant = book?.quota.tenants.get(pod.tenant)
      if (book === undefined || tenant === undefined || barsFor(tenant, pod).length > 0) return undefined
      // A pod is charged before the next one is foretold, so no promises have to be remembered.
      return firstFit(book, tenant, pod)
    },
    charge: async request => ask(request, { isPreview: false }),
    preview: async request => ask(request, { isPreview: true }),
  }
}

/** The question is about a pod that is not there yet, whatever UID it brings: that of another's would tell of their charge. */
function asNew(request: Request): Request {
  return { ...request, uid: `asked/${request.uid}` }
}
