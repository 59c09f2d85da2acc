/** Pods of whole H100 nodes until none is idle: the tiers fill up one after the other, and what is idle is lent. */
import { tierOf } from './creating.ts'
import { type Job, type JobController, type JobRun, jobController } from './job.ts'
import { heading, type Stage, say } from './stage.ts'

const PRETRAIN: Job = { namespace: 'foundation-models', name: 'pretrain', pods: 12 }

const OTHERS: readonly Job[] = [
  { namespace: 'speech-training', name: 'transcribe', pods: 1 },
  { namespace: 'assistant-serving', name: 'digest', pods: 7 },
]

export interface Borrowers {
  readonly pretrain: JobController
  readonly others: readonly JobController[]
}

/** Jobs that hold what they are owed, and borrow all that others leave idle. */
export async function fillUp(stage: Stage): Promise<Borrowers> {
  heading(stage, 'Until it is full', 'whole-node H100 pods of foundation-models, one after the other, no tier named')
  const pretrain = jobController(PRETRAIN, stage)
  sayRun(await pretrain.createMissing(), PRETRAIN, stage)

  heading(stage, 'Until all of it is lent', 'two more Jobs take what is left, their own first')
  const others = OTHERS.map(job => jobController(job, stage))
  for (const one of others) sayRun(await one.createMissing(), one.job, stage)
  return { pretrain, others }
}

/** What a controller got, tier by tier, and the event that says why it got no more. */
export function sayRun({ admitted, event }: JobRun, { namespace, name }: Job, stage: Stage): void {
  for (const [tier, pods] of Map.groupBy(admitted, tierOf)) {
    const noun = pods.length === 1 ? 'pod' : 'pods'
    say(stage, 'good', 'admitted', `${pods.length} ${noun} of ${namespace}/${name} with h100=8 each, in ${tier}`)
    // That of the last pod, which borrows from the most.
    const warning = pods.at(-1)?.response.warnings?.[0]
    if (warning !== undefined) say(stage, 'note', 'Warning:', warning)
  }
  if (event.length > 0) say(stage, 'bad', 'denied', ...event)
}
