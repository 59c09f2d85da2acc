/** What is done to a pod: its metadata is patched, or it is evicted. Always to this pod and no other of its name. */
import { fieldAt, textAt } from '../../admission/objects.ts'
import { isList, type JsonObject } from '../../schema/parts.ts'
import type { ApiAnswer, ApiServer } from '../api-server.ts'
import { graceOfEviction } from './grace.ts'
import type { Outcome } from './hands.ts'

export interface PodName {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

export interface EndingPod extends PodName {
  /** Its own. */
  readonly graceSeconds: number
}

export interface Patched {
  readonly outcome: Outcome
  /** The version that the pod has now; undefined where it was not patched. */
  readonly version?: bigint
  /** The tenant's own annotations leave no room for ours: Kubernetes takes 256 KiB of them. */
  readonly isFull?: true
}

const CALL_MS = 5_000

/** Never rejects. */
export function patchPod(api: ApiServer, pod: PodName, metadata: JsonObject): Promise<Patched> {
  return attempted(async () => {
    // A UID that is not the pod's own is refused.
    const body = { metadata: { ...metadata, uid: pod.uid } }
    const call = { method: 'PATCH', patch: 'merge', path: pathOf(pod), body, isMetadataEnough: true } as const
    const answer = await api.call({ ...call, timeoutMs: CALL_MS })
    const outcome = outcomeOf(answer)
    if (outcome.kind !== 'done') return hasFullAnnotations(answer) ? { outcome, isFull: true } : { outcome }
    return { outcome, version: BigInt(textAt(answer.body, 'metadata', 'resourceVersion') ?? '0') }
  })
}

/** `isRehearsal`: nothing happens, and what would be in the way is told. Never rejects. */
export async function evictPod(api: ApiServer, pod: EndingPod, isRehearsal = false): Promise<Outcome> {
  const { outcome } = await attempted(async () => {
    // Of another pod of its name the API server would take ten seconds to say so: it takes a precondition that fails for a conflict.
    const read = await api.call({ method: 'GET', path: pathOf(pod), isMetadataEnough: true, timeoutMs: CALL_MS })
    if (read.status === 200 && textAt(read.body, 'metadata', 'uid') !== pod.uid) return { outcome: ANOTHER }
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.name, namespace: pod.namespace },
      deleteOptions: { preconditions: { uid: pod.uid }, gracePeriodSeconds: graceOfEviction(pod.graceSeconds) },
    }
    const query = isRehearsal ? { query: { dryRun: 'All' } } : {}
    const path = `${pathOf(pod)}/eviction`
    return { outcome: outcomeOf(await api.call({ method: 'POST', path, body, ...query, timeoutMs: CALL_MS })) }
  })
  return outcome
}

const ANOTHER: Outcome = { kind: 'stale', why: 'another pod has its name' }

async function attempted(act: () => Promise<Patched>): Promise<Patched> {
  try {
    return await act()
  } catch (cause) {
    return { outcome: { kind: 'failed', cause } }
  }
}

function outcomeOf({ status, body }: ApiAnswer): Outcome {
  if (status < 300) return { kind: 'done' }
  const why = `${status} ${textAt(body, 'message') ?? ''}`.trim()
  switch (status) {
    // It is gone, or another has its name: a UID cannot be changed.
    case 404:
    case 409:
    case 422:
      return { kind: 'stale', why }
    // What the Eviction API says where a PodDisruptionBudget is in the way.
    case 429:
      return { kind: 'blocked', why }
    default:
      return { kind: 'failed', cause: new Error(why) }
  }
}

function hasFullAnnotations({ status, body }: ApiAnswer): boolean {
  const causes = fieldAt(body, 'details', 'causes')
  if (status !== 422 || !isList(causes)) return false
  // Of another pod of the name all that is wrong is listed, its UID among it.
  const fields = causes.map(cause => textAt(cause, 'field'))
  return fields.length > 0 && fields.every(field => field === 'metadata.annotations')
}

function pathOf({ namespace, name }: PodName): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`
}

/** What came of several that belong together: the worst of it. Those who are gone are no reason to call the others stale. */
export function together(outcomes: readonly Outcome[]): Outcome {
  const of = (kind: Outcome['kind']) => outcomes.find(outcome => outcome.kind === kind)
  return of('failed') ?? of('blocked') ?? of('done') ?? of('stale') ?? { kind: 'stale', why: 'nobody is left' }
}
