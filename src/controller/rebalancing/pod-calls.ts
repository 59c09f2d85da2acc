/** What is done to a pod: its metadata is patched, or it is evicted. Always to this pod and no other of its name. */
import { textAt } from '../../admission/objects.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiAnswer, ApiServer } from '../api-server.ts'
import type { Outcome } from './hands.ts'

export interface PodName {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

export interface Patched {
  readonly outcome: Outcome
  /** The version that the pod has now; undefined where it was not patched. */
  readonly version: bigint | undefined
}

const CALL_MS = 5_000

/** Never rejects. */
export async function patchPod(api: ApiServer, pod: PodName, metadata: JsonObject): Promise<Patched> {
  return attempted(async () => {
    // A UID that is not the pod's own is refused as a conflict.
    const body = { metadata: { ...metadata, uid: pod.uid } }
    const call = { method: 'PATCH', patch: 'merge', path: pathOf(pod), body, isMetadataEnough: true } as const
    const answer = await api.call({ ...call, timeoutMs: CALL_MS })
    const version = textAt(answer.body, 'metadata', 'resourceVersion') ?? ''
    return {
      outcome: outcomeOf(answer),
      version: answer.status === 200 && version !== '' ? BigInt(version) : undefined,
    }
  })
}

/** `isRehearsal`: nothing happens, and what would be in the way is told. Never rejects. */
export async function evictPod(api: ApiServer, pod: PodName, isRehearsal = false): Promise<Outcome> {
  const { outcome } = await attempted(async () => {
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.name, namespace: pod.namespace },
      deleteOptions: { preconditions: { uid: pod.uid } },
    }
    const path = `${pathOf(pod)}/eviction`
    const query = isRehearsal ? { query: { dryRun: 'All' } } : {}
    return {
      outcome: outcomeOf(await api.call({ method: 'POST', path, body, ...query, timeoutMs: CALL_MS })),
      version: undefined,
    }
  })
  return outcome
}

async function attempted(act: () => Promise<Patched>): Promise<Patched> {
  try {
    return await act()
  } catch (cause) {
    return { outcome: { kind: 'failed', cause }, version: undefined }
  }
}

function outcomeOf({ status, body }: ApiAnswer): Outcome {
  if (status < 300) return { kind: 'done' }
  const why = `${status} ${textAt(body, 'message') ?? ''}`.trim()
  switch (status) {
    // It is gone, or another has its name.
    case 404:
    case 409:
      return { kind: 'stale', why }
    // What the Eviction API says where a PodDisruptionBudget is in the way.
    case 429:
      return { kind: 'blocked', why }
    default:
      return { kind: 'failed', cause: new Error(why) }
  }
}

function pathOf({ namespace, name }: PodName): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`
}

/** What came of several that belong together: the worst of it. Those who are gone are no reason to call the others stale. */
export function together(outcomes: readonly Outcome[]): Outcome {
  const of = (kind: Outcome['kind']) => outcomes.find(outcome => outcome.kind === kind)
  return of('failed') ?? of('blocked') ?? of('done') ?? of('stale') ?? { kind: 'stale', why: 'nobody is left' }
}
