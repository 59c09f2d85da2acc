import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { type AdmissionRequest, parseReview } from '../schema/review.ts'
import { textAt } from './objects.ts'

/** A review of any object, sorted by what is asked. */
export type ObjectReview =
  | {
      readonly operation: 'CREATE' | 'UPDATE'
      readonly request: AdmissionRequest
      readonly name: string
      readonly object: JsonObject
      /** As it was before an update. */
      readonly oldObject: JsonObject | undefined
    }
  | {
      readonly operation: 'DELETE'
      readonly request: AdmissionRequest
      readonly name: string
      readonly oldObject: JsonObject | undefined
    }

/** Reads a review of an object, or says why the caller has sent something else. */
export function parseObjectReview(body: unknown): Parsed<ObjectReview> {
  const review = parseReview(body)
  if (!review.ok) return review
  const { request } = review.value
  const { operation } = request
  if ((request.subResource ?? '') !== '') {
    const problem = `${request.resource.resource}/${request.subResource} is not reviewed here`
    return failed({ at: 'request.subResource', problem, remedy: 'register the webhook for the resource alone' })
  }
  const oldObject = request.oldObject ?? undefined
  switch (operation) {
    case 'CONNECT':
      return failed({ at: 'request.operation', problem: 'CONNECT is not reviewed here' })
    case 'DELETE':
      // A deletecollection names each of its objects only in the object itself (facts: admission §1).
      return named(request, oldObject, name => ({ operation, request, name, oldObject }))
    case 'CREATE':
    case 'UPDATE': {
      const object = request.object ?? undefined
      if (object === undefined) return failed({ at: 'request.object', problem: 'is missing' })
      const kind = textAt(object, 'kind')
      if (kind !== request.kind.kind) {
        return failed({ at: 'request.object.kind', problem: 'is not the kind that request.kind names' })
      }
      return named(request, object, name => ({ operation, request, name, object, oldObject }))
    }
  }
}

function named(
  request: AdmissionRequest,
  object: JsonObject | undefined,
  review: (name: string) => ObjectReview,
): Parsed<ObjectReview> {
  const name = textAt(object, 'metadata', 'name') ?? request.name ?? ''
  // A workload may still be without a name where something gives it one later; our own kinds are reviewed with theirs.
  const generated = textAt(object, 'metadata', 'generateName')
  if (name !== '') return parsed(review(name))
  if (generated !== undefined) return parsed(review(`${generated}*`))
  return failed({ at: 'request.name', problem: 'is missing, and the object has no name either' })
}
