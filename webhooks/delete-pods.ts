import type { Answer, Endpoint } from '../src/admission/endpoint.ts'
import { allowed, reviewOf } from '../src/admission/response.ts'
import { badRequest, parsePodDeletion } from '../src/admission/review-pod.ts'

const PATH = '/delete/pods'

/** Who has the pods where no API server has them. */
export interface PodKeeper {
  /** A pod has ended; false where there was none. */
  remove(uid: string): boolean
}

/**
 * `POST /delete/pods`: the review of a deletion, as an API server would send it. In a cluster the leader follows the pods itself, so
 * this is only served by a process without one. Nobody is refused it: whoever deletes a pod twice finds it gone.
 */
export function deletePods(keeper: PodKeeper): Endpoint {
  return { path: PATH, answer: body => answer(body, keeper) }
}

function answer(body: unknown, keeper: PodKeeper): Answer {
  const review = parsePodDeletion(body)
  if (!review.ok) return badRequest(review.issues)
  const { request, pod } = review.value
  const uid = pod.ok ? pod.value.metadata.uid : undefined
  if (uid !== undefined && request.dryRun !== true) keeper.remove(uid)
  return { status: 200, body: reviewOf(allowed(request, [], [])) }
}
