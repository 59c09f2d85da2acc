import { isDeepStrictEqual } from 'node:util'
import type { Cluster } from '../src/admission/cluster.ts'
import type { Answer, Call, Endpoint } from '../src/admission/endpoint.ts'
import { type Judgement, judgeDelete, judgeWrite, type Live } from '../src/admission/guard.ts'
import { judgeLedger, type User } from '../src/admission/ledger-guard.ts'
import { fieldAt } from '../src/admission/objects.ts'
import { allowed, refused, reviewOf } from '../src/admission/response.ts'
import { type ObjectReview, parseObjectReview } from '../src/admission/review-object.ts'
import { badRequest } from '../src/admission/review-pod.ts'
import { API_GROUP } from '../src/schema/kind.ts'
import { failed, type Parsed, parsed } from '../src/schema/parsed.ts'
import type { ResourceRule, WebhookDeclaration } from './declaration.ts'
import { objectDecision } from './object-decision.ts'

const PATH = '/validate/objects'

/** All but GpuUsages, which a namespace must be able to take along when it goes. Statuses are subresources, which this does not match. */
const GUARDED_RESOURCES: readonly ResourceRule[] = [
  {
    apiGroups: [API_GROUP],
    apiVersions: ['*'],
    resources: ['acceleratorclasses', 'cohorts', 'fabricprofiles', 'gpupolicies', 'quotaledgers', 'tenantquotas'],
  },
]

/**
 * What nobody has checked is not stored: the most that an unavailable guard stops is a change of configuration, and pods go on being
 * admitted by what is in force.
 */
export const GUARD_WRITES: WebhookDeclaration = {
  name: 'objects.validate.sluice.dev',
  phase: 'validating',
  path: PATH,
  operations: ['CREATE', 'UPDATE'],
  resources: GUARDED_RESOURCES,
  about: 'guarded-objects',
  failurePolicy: 'Fail',
  sideEffects: 'None',
  timeoutSeconds: 10,
}

/**
 * Where Sluice is gone and its registration is not, its objects could never be removed. A reference that is left behind that way is
 * found when the objects are assembled, and told in conditions.
 */
export const GUARD_DELETES: WebhookDeclaration = {
  ...GUARD_WRITES,
  name: 'deletions.validate.sluice.dev',
  operations: ['DELETE'],
  failurePolicy: 'Ignore',
}

export interface GuardDeps {
  /** What is in force. */
  readonly cluster: () => Cluster
  /** All there is, as `assembleCluster` takes it: the shipped library, then what the API server holds. */
  readonly layers: () => Live['layers']
  /**
   * The same, as the API server has it at this moment. A watch is behind by milliseconds, and `kubectl apply` of a cohort and its
   * tenants by no more: so nothing is refused on what was heard alone. Rejects when the API server does not answer.
   */
  readonly reread?: () => Promise<Live['layers']>
  /** The ledgers as of the last versions seen. */
  readonly ledger: { book: Live['bookOf'] }
  /** Whether this is Sluice's own service account. */
  readonly isSelf: (user: User) => boolean
}

/** `POST /validate/objects`: refuses documents of sluice.dev that make no sense, before they are stored. */
export function validateObjects(deps: GuardDeps): Endpoint {
  return { path: PATH, answer: (body, call) => answer(body, call, deps) }
}

async function answer(body: unknown, call: Call, deps: GuardDeps): Promise<Answer> {
  const startedMs = performance.now()
  const parsedReview = parseGuarded(body)
  if (!parsedReview.ok) return badRequest(parsedReview.issues, `an object of ${API_GROUP}`)
  const review = parsedReview.value

  const { denials, warnings } = isUnchanged(review) ? NOTHING : await judge(review, deps)
  const codes = [...new Set(denials.map(({ code }) => code))]
  const verdict = denials.length === 0 ? 'allowed' : 'denied'
  call.log.decision(objectDecision(review, { webhook: 'guard', verdict, codes, startedMs }))
  const { request, name } = review
  const response =
    denials.length === 0 ? allowed(request, [], warnings, 'sluice whatif') : refused(request, name, denials, warnings)
  return { status: 200, body: reviewOf(response) }
}

const NOTHING: Judgement = { denials: [], warnings: [] }

async function judge(review: ObjectReview, deps: GuardDeps): Promise<Judgement> {
  const { kind } = review.request.kind
  if (kind === 'QuotaLedger') return judgeLedger(review, deps.isSelf)
  if (kind === 'GpuUsage') return NOTHING
  const heard = judgeAmong(review, deps.layers(), deps)
  if (heard.denials.length === 0 || deps.reread === undefined) return heard
  return judgeAmong(review, await deps.reread(), deps)
}

function judgeAmong(review: ObjectReview, layers: Live['layers'], { cluster, ledger }: GuardDeps): Judgement {
  const name = { kind: review.request.kind.kind, name: review.name }
  const live = { cluster: cluster(), layers, bookOf: (tree: string) => ledger.book(tree) }
  return review.operation === 'DELETE' ? judgeDelete(name, live) : judgeWrite(review.object, name, live)
}

function parseGuarded(body: unknown): Parsed<ObjectReview> {
  const review = parseObjectReview(body)
  if (!review.ok) return review
  const { group } = review.value.request.kind
  if (group === API_GROUP) return parsed(review.value)
  const remedy = `register it for apiGroups: ["${API_GROUP}"]`
  return failed({ at: 'request.kind.group', problem: `this webhook reviews ${API_GROUP} alone`, remedy })
}

/** Labels, annotations, finalizers and what is reported of a document change nothing of what it says; one that is going is let go. */
function isUnchanged(review: ObjectReview): boolean {
  if (review.operation !== 'UPDATE' || review.oldObject === undefined) return false
  const { object, oldObject } = review
  if (fieldAt(object, 'metadata', 'deletionTimestamp') !== undefined) return true
  return isDeepStrictEqual(fieldAt(object, 'spec'), fieldAt(oldObject, 'spec'))
}
