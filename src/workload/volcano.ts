import { countAt, exactly, sum } from './counts.ts'
import { asOwner, type Draft, type Source } from './draft.ts'
import { itemsAt, objectAt, type Path, textAt } from './json.ts'

/** Volcano's own Job: tasks with replicas, of which `minAvailable` must run together (all, where it says nothing). */
export function volcanoJob(source: Source): readonly Draft[] {
  const { manifest, name, uid } = source
  const tasks = itemsAt(manifest, 'spec', 'tasks').map((task, index) => {
    const path: Path = ['spec', 'tasks', index]
    return { path, name: textAt(task, 'name') || 'default', pods: countAt(manifest, [...path, 'replicas'], exactly(1)) }
  })
  const gangSize = countAt(manifest, ['spec', 'minAvailable'], sum(...tasks.map(task => task.pods)))
  const schedulerName = textAt(manifest, 'spec', 'schedulerName') || 'volcano'
  return tasks.map(task => {
    const marks = {
      'volcano.sh/job-name': name,
      'volcano.sh/task-spec': task.name,
      'volcano.sh/task-index': '0',
      'volcano.sh/queue-name': textAt(manifest, 'spec', 'queue'),
    }
    const specPath: Path = [...task.path, 'template', 'spec']
    return {
      path: specPath,
      metadata: objectAt(manifest, ...task.path, 'template', 'metadata'),
      stamp: {
        name: `${name}-${task.name}-0`,
        labels: marks,
        annotations: { ...marks, 'scheduling.k8s.io/group-name': `${name}-${uid}` },
        defaults: { schedulerName },
        owner: asOwner(source),
      },
      replicas: task.pods,
      gangSize,
    }
  })
}
