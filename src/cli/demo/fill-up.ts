/** Pods of whole H100 nodes until none is idle: the tiers fill up one after the other, and what is idle is lent. */
import type { Created } from '../webhook-client.ts'
import { tierOf } from './creating.ts'
import { type Job, type JobController, type JobRun, jobController } from './job.ts'
import { heading, type Stage, say } from './stage.ts'

const PRETRAIN: Job = { namespace: 'foundation-models', name: 'pretrain', pods: 12 }

const BORROWERS: readonly Job[] = [
  { namespace: 'research-sweeps', name: 'sweep', pods: 2, tier: 'burst' },
  { namespace: 'speech-training', name: 'transcribe', pods: 2, tier: 'burst' },
  { namespace: 'assistant-serving', name: 'digest', pods: 4, tier: 'burst' },
]

export interface Borrowers {
  readonly pretrain: JobController
  readonly others: readonly JobController[]
}

export async function fillUp(stage: Stage): Promise<Borrowers> {
  heading(stage, 'Until it is full', 'whole-node H100 pods of foundation-models, one after the other, no tier named')
  const pretrain = jobController(PRETRAIN, stage)
  sayRun(await pretrain.createMissing(), pretrain.job, stage)

  heading(stage, 'Until all of it is lent', 'three more Jobs borrow what is still idle, in burst')
  const others = BORROWERS.map(job => jobController(job, stage))
  for (const one of others) sayRun(await one.createMissing(), one.job, stage)
  return { pretrain, others }
}

/** What a controller got, tier by tier, and the event that says why it got no more. */
export function sayRun({ admitted, event }: JobRun, { namespace, name }: Job, stage: Stage): void {
  for (const [tier, pods] of Map.groupBy(admitted, tierOf)) {
    const [count, noun] = [pods.length, pods.length === 1 ? 'pod' : 'pods']
    const warnings = warningsOf(pods).map(warning => stage.paint.note(`Warning: ${warning}`))
    say(stage, 'good', 'admitted', `${count} ${noun} of ${namespace}/${name}, 8 h100 each, in ${tier}`, ...warnings)
  }
  if (event.length > 0) say(stage, 'bad', 'denied', ...event)
}

/** Those of the last pod, which has borrowed from the most. */
function warningsOf(pods: readonly Created[]): readonly string[] {
  return pods.at(-1)?.response.warnings ?? []
}
