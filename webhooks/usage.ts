import type { Cluster } from '../src/admission/cluster.ts'
import type { Answer, Reading } from '../src/admission/endpoint.ts'
import { questionRefused } from '../src/admission/question.ts'
import { usageJson } from '../src/admission/quota-json.ts'
import { tenantMeant, usageOfTenant } from '../src/admission/usage-report.ts'
import type { Book } from '../src/quota/book.ts'

const PATH = '/usage'

export interface UsageDeps {
  readonly cluster: () => Cluster
  /** The ledgers as of the last versions seen. */
  readonly ledger: { book(tree: string): Book | undefined }
}

/**
 * `GET /usage?tenant=` or `?namespace=`: what one tenant uses, may use and has borrowed, from the live ledger. One tenant at a
 * time, so that an answer costs the depth of its tree; its pods are not named.
 */
export function readUsage(deps: UsageDeps): Reading {
  return { path: PATH, answer: query => answer(query, deps) }
}

function answer(query: URLSearchParams, { cluster, ledger }: UsageDeps): Answer {
  const [tenant, namespace] = [query.get('tenant') ?? undefined, query.get('namespace') ?? undefined]
  if ((tenant === undefined) === (namespace === undefined)) {
    return questionRefused(400, [
      { at: 'query', problem: 'says neither or both of tenant and namespace', remedy: 'give one' },
    ])
  }
  const current = cluster()
  const meant = tenantMeant({ tenant, namespace }, current.quotas)
  if (!meant.ok) return questionRefused(404, meant.issues)
  return { status: 200, body: usageJson(usageOfTenant(meant.value, current, tree => ledger.book(tree))) }
}
