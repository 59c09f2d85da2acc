/** The pods of the cluster that hold something, as a collection to follow. */
import { textAt } from '../../admission/objects.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiServer, Audience, Collection } from '../api-server.ts'
import type { PodFacts } from './pod-facts.ts'

const PODS = '/api/v1/pods'

/** Leaves out those that have ended, so that completion is told as a removal, whether or not the object is deleted. */
const RUNNING = 'status.phase!=Succeeded,status.phase!=Failed'

export function presentPods(
  keep: (object: JsonObject) => PodFacts | undefined,
  audience: Audience<PodFacts>,
): Collection<PodFacts> {
  return { path: PODS, query: { fieldSelector: RUNNING }, keep, audience }
}

/** Nobody runs pods there, so that a list of its pods is an empty one; its version is that of all pods. */
const WITHOUT_PODS = '/api/v1/namespaces/kube-node-lease/pods'

const TIMEOUT_MS = 5_000

/** The version that the pods are at: a list that names no version is as new as the call. */
export async function newestPodVersion(api: ApiServer): Promise<bigint> {
  const { status, body } = await api.call({ method: 'GET', path: WITHOUT_PODS, timeoutMs: TIMEOUT_MS })
  const version = textAt(body, 'metadata', 'resourceVersion') ?? ''
  if (status === 200 && /^\d+$/.test(version)) return BigInt(version)
  throw new Error(
    `GET ${WITHOUT_PODS} was answered ${status} ${textAt(body, 'message') ?? 'without a resourceVersion'}`,
  )
}
