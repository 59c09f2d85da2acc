import type { Answer, Reading } from '../src/admission/endpoint.ts'
import { questionRefused } from '../src/admission/question.ts'
import type { HeldPod } from '../src/rebalance/snapshot.ts'

const PATH = '/pods'

/**
 * `GET /pods?namespace=`: the pods of a namespace where no API server has them, whether they run, and whether they have to go. Amounts
 * are milli-GPUs, times RFC 3339.
 */
export function readPods(podsIn: (namespace: string) => readonly HeldPod[]): Reading {
  return { path: PATH, answer: query => answer(query, podsIn) }
}

function answer(query: URLSearchParams, podsIn: (namespace: string) => readonly HeldPod[]): Answer {
  const namespace = query.get('namespace')
  if (namespace === null) {
    return questionRefused(400, [{ at: 'query', problem: 'says no namespace', remedy: 'give one' }])
  }
  return { status: 200, body: { pods: podsIn(namespace).map(podJson) } }
}

function podJson({ uid, name, tenant, tier, amounts, createdAtMs, startedAtMs, notice }: HeldPod) {
  return {
    ...{ uid, name, tenant, tier },
    heldMilliGpus: Object.fromEntries([...amounts].map(([key, amount]) => [key, Number(amount)])),
    createdAt: time(createdAtMs),
    startedAt: startedAtMs === null ? null : time(startedAtMs),
    notice: notice === null ? null : { deadline: time(notice.deadlineMs), need: notice.need },
  }
}

function time(atMs: number): string {
  return new Date(atMs).toISOString()
}
