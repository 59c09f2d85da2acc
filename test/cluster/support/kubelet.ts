/** What a scheduler and the kubelets of nodes do with pods, done by hand: nothing runs here. */
import { textAt } from '../../../src/admission/objects.ts'
import type { JsonObject } from '../../../src/schema/parts.ts'
import type { ApiClient } from './api-client.ts'
import { podsIn } from './counted.ts'

/** A pod is bound to a node, and its container has just started. */
export async function runOn(api: ApiClient, pod: JsonObject, node: string): Promise<void> {
  const path = pathOf(pod)
  await api.must('POST', `${path}/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: textAt(pod, 'metadata', 'name') ?? '' },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  })
  const startTime = new Date().toISOString()
  const containerStatuses = [
    {
      name: 'main',
      ready: true,
      started: true,
      restartCount: 0,
      image: 'x',
      imageID: 'x',
      state: { running: { startedAt: startTime } },
    },
  ]
  // One that is not ready is not what a PodDisruptionBudget keeps.
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: startTime }]
  await api.must('PATCH', `${path}/status`, { status: { phase: 'Running', startTime, containerStatuses, conditions } })
}

/** The pods that have been asked to end do so; their names. */
export async function endLeaving(api: ApiClient, namespace: string): Promise<readonly string[]> {
  const leaving = (await podsIn({ api }, namespace)).filter(isLeaving)
  for (const pod of leaving) await api.must('DELETE', `${pathOf(pod)}?gracePeriodSeconds=0`)
  return leaving.map(nameOf)
}

export function isLeaving(pod: JsonObject): boolean {
  return textAt(pod, 'metadata', 'deletionTimestamp') !== undefined
}

export function nameOf(pod: JsonObject): string {
  return textAt(pod, 'metadata', 'name') ?? ''
}

export function pathOf(pod: JsonObject): string {
  return `/api/v1/namespaces/${textAt(pod, 'metadata', 'namespace')}/pods/${nameOf(pod)}`
}
