import { type Count, countAt, exactly, least, minus, sum, UNTOLD, within } from './counts.ts'
import { asOwner, type Draft, type Source } from './draft.ts'
import { itemsAt, objectAt, type Path, textAt } from './json.ts'

/**
 * Volcano's own Job: tasks with replicas, of which `minAvailable` must run together; where it says nothing, what each task needs,
 * and of a task that says nothing all.
 */
export function volcanoJob(source: Source): readonly Draft[] {
  const { manifest, name, uid } = source
  const tasks = itemsAt(manifest, 'spec', 'tasks').map((task, index) => {
    const path: Path = ['spec', 'tasks', index]
    const pods = countAt(manifest, [...path, 'replicas'], exactly(1))
    return {
      path,
      name: textAt(task, 'name') || 'default',
      pods,
      least: least(pods, countAt(manifest, [...path, 'minAvailable'], pods)),
    }
  })
  const gangSize = minimumOf(source, sum(...tasks.map(task => task.least)))
  // What each task needs comes first; more than all of them need is taken in the order in which tasks start.
  const needed = within(gangSize, [
    ...tasks.map(task => task.least),
    ...tasks.map(task => minus(task.pods, task.least)),
  ])
  const schedulerName = textAt(manifest, 'spec', 'schedulerName') || 'volcano'
  return tasks.map((task, index) => {
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
      gangMembers: sum(needed[index] ?? UNTOLD, needed[tasks.length + index] ?? UNTOLD),
    }
  })
}

// Volcano writes the sum over tasks where the field is 0 or left out.
function minimumOf({ manifest }: Source, all: Count): Count {
  const minimum = countAt(manifest, ['spec', 'minAvailable'], all)
  return minimum.value === 0 ? all : minimum
}
