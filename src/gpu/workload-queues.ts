import type { QueueSystem } from '../schema/parts.ts'
import { annotation, gate, label, type Place, podGroup, scheduler } from './workload-places.ts'
import type { ObjectSource, Sign, WorkloadRule } from './workload-rule.ts'

/**
 * Systems that queue and count pods on their own, and how a pod shows that one of them does. A scheduler is its own proof:
 * without it nobody binds the pod. Kueue's marks are labels and gates, which a tenant can write as well; whoever exempts a
 * pod because of them must know that Kueue runs there.
 */
export const QUEUES: readonly { readonly system: QueueSystem; readonly anyOf: readonly Sign[] }[] = [
  {
    system: 'kueue',
    anyOf: [
      { at: gate('kueue.x-k8s.io/admission') },
      { at: gate('kueue.x-k8s.io/elastic-job') },
      { at: label('kueue.x-k8s.io/managed'), is: ['true'] },
      { at: label('kueue.x-k8s.io/podset') },
      { at: label('kueue.x-k8s.io/pod-group-name') },
    ],
  },
  { system: 'kai', anyOf: [{ at: scheduler, is: ['kai-scheduler'] }] },
  { system: 'volcano', anyOf: [{ at: scheduler, is: ['volcano'] }] },
  { system: 'yunikorn', anyOf: [{ at: scheduler, is: ['yunikorn'] }] },
]

const group = (apiGroup: string, name: Place, kind = 'PodGroup'): readonly ObjectSource[] => [
  { group: apiGroup, kind: [kind], name: [name] },
]

/**
 * Gangs that a scheduler is told of directly. A row here says who runs together, never what the workload is.
 */
export const POD_GROUPS: readonly WorkloadRule[] = [
  {
    when: [{ at: podGroup }],
    gang: { scope: 'PodGroup.scheduling.k8s.io', id: [[podGroup]] },
    objects: group('scheduling.k8s.io', podGroup),
  },
  {
    when: [{ at: annotation('pod-group-name') }],
    gang: { scope: 'PodGroup.scheduling.run.ai', id: [[annotation('pod-group-name')]] },
    objects: group('scheduling.run.ai', annotation('pod-group-name')),
  },
  {
    when: [{ at: annotation('scheduling.k8s.io/group-name') }],
    gang: { scope: 'PodGroup.scheduling.volcano.sh', id: [[annotation('scheduling.k8s.io/group-name')]] },
    objects: group('scheduling.volcano.sh', annotation('scheduling.k8s.io/group-name')),
  },
  {
    when: [{ at: annotation('scheduling.volcano.sh/group-name') }],
    gang: { scope: 'PodGroup.scheduling.volcano.sh', id: [[annotation('scheduling.volcano.sh/group-name')]] },
    objects: group('scheduling.volcano.sh', annotation('scheduling.volcano.sh/group-name')),
  },
  {
    when: [{ at: label('scheduling.x-k8s.io/pod-group') }],
    gang: {
      scope: 'PodGroup.scheduling.x-k8s.io',
      id: [[label('scheduling.x-k8s.io/pod-group')]],
      labels: ['scheduling.x-k8s.io/pod-group'],
    },
    objects: group('scheduling.x-k8s.io', label('scheduling.x-k8s.io/pod-group')),
  },
  {
    when: [{ at: label('grove.io/podgang') }],
    gang: { scope: 'PodGang.grove.io', id: [[label('grove.io/podgang')]], labels: ['grove.io/podgang'] },
    objects: group('scheduler.grove.io', label('grove.io/podgang'), 'PodGang'),
  },
  {
    // An application id alone only groups pods for accounting; a task group is what makes them wait for one another.
    when: [{ at: annotation('yunikorn.apache.org/task-group-name') }],
    gang: {
      scope: 'Application.yunikorn.apache.org',
      id: [
        [label('yunikorn.apache.org/app-id')],
        [annotation('yunikorn.apache.org/app-id')],
        [label('applicationId')],
        [label('spark-app-selector')],
      ],
      size: [{ taskGroups: 'yunikorn.apache.org/task-groups' }],
      labels: ['yunikorn.apache.org/app-id', 'applicationId'],
    },
  },
  {
    when: [{ at: label('kueue.x-k8s.io/pod-group-name') }],
    gang: {
      scope: 'PodGroup.kueue.x-k8s.io',
      id: [[label('kueue.x-k8s.io/pod-group-name')]],
      size: [{ count: annotation('kueue.x-k8s.io/pod-group-total-count') }],
      labels: ['kueue.x-k8s.io/pod-group-name'],
    },
    // Kueue names the Workload of a group of pods after the group.
    objects: group('kueue.x-k8s.io', label('kueue.x-k8s.io/pod-group-name'), 'Workload'),
  },
]
