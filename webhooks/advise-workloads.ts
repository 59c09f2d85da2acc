import { type Advice, adviceOn, NO_ADVICE } from '../src/admission/advice.ts'
import type { Cluster } from '../src/admission/cluster.ts'
import type { Answer, Call, Clock, Endpoint } from '../src/admission/endpoint.ts'
import { type ExemptNamespaces, isExempt } from '../src/admission/exempt.ts'
import { allowed, reviewOf } from '../src/admission/response.ts'
import { type ObjectReview, parseObjectReview } from '../src/admission/review-object.ts'
import { badRequest } from '../src/admission/review-pod.ts'
import { scratchDesk } from '../src/admission/scratch-desk.ts'
import type { Book } from '../src/quota/book.ts'
import { ADVISED_RESOURCES } from '../src/workload/advised.ts'
import type { WebhookDeclaration } from './declaration.ts'
import { objectDecision } from './object-decision.ts'
import { patient } from './patient-desk.ts'
import { policyTimer } from './policy-timer.ts'

/** Advice comes in time or not at all. */
export const ADVISE_WORKLOADS: WebhookDeclaration = {
  name: 'workloads.advise.sluice.dev',
  phase: 'validating',
  path: '/advise/workloads',
  operations: ['CREATE', 'UPDATE'],
  resources: ADVISED_RESOURCES,
  about: 'applied-workloads',
  failurePolicy: 'Ignore',
  sideEffects: 'None',
  timeoutSeconds: 3,
}

// A pod costs what two reviews cost, and reviews come first: as many as this at a time take a tenth of a second. What the first pods
// of a template meet, the others meet as well.
const MAX_PODS = 16
// A deploy tool applies hundreds of objects at once; those past this many at the same time go without.
const MAX_AT_ONCE = 8

export interface AdviseDeps {
  readonly cluster: () => Cluster
  readonly exempt: ExemptNamespaces
  /** The ledgers as of the last versions seen. Nothing is written to them. */
  readonly ledger: { book(tree: string): Book | undefined }
  readonly clock: Clock
}

/** `POST /advise/workloads`: tells whoever applies a workload, as warnings, what its pods will be told. Always allows. */
export function adviseWorkloads(deps: AdviseDeps): Endpoint {
  let underWay = 0
  return {
    path: ADVISE_WORKLOADS.path,
    async answer(body, call) {
      const startedMs = performance.now()
      const review = parseObjectReview(body)
      if (!review.ok) return badRequest(review.issues, 'a workload')
      if (underWay >= MAX_AT_ONCE) return told(review.value, NO_ADVICE, call, startedMs)
      underWay += 1
      try {
        return told(review.value, await advise(review.value, call, deps), call, startedMs)
      } finally {
        underWay -= 1
      }
    },
  }
}

function told(review: ObjectReview, { verdict, warnings, codes }: Advice, call: Call, startedMs: number): Answer {
  call.log.decision(objectDecision(review, { webhook: 'advise', verdict, codes, startedMs }))
  return { status: 200, body: reviewOf(allowed(review.request, [], warnings)) }
}

async function advise(review: ObjectReview, call: Call, deps: AdviseDeps): Promise<Advice> {
  if (isExempt(review.request, deps.exempt)) return { ...NO_ADVICE, verdict: 'exempt' }
  const cluster = deps.cluster()
  // The pods that an update replaces hold quota, and which part is not known here. So it is judged as if nothing ran: what is said
  // then is what no waiting helps against.
  const bookOf = review.operation === 'CREATE' ? (tree: string) => deps.ledger.book(tree) : () => undefined
  return adviceOn(review, {
    cluster,
    exempt: deps.exempt,
    desk: patient(scratchDesk(cluster.quotas, bookOf), call, deps.clock),
    isQuotaKnown: true,
    maxPods: MAX_PODS,
    startTimer: policyTimer(deps.clock, call.deadlineMs),
  })
}
