/** A controller in little: a Job whose missing pods are created again, as often as it is asked to. */
import type { JsonObject } from '../../schema/parts.ts'
import { controllerEvent } from '../kubectl-error.ts'
import type { HostedPod } from '../standalone/pods.ts'
import type { Created } from '../webhook-client.ts'
import { created, uidOf } from './creating.ts'
import type { Stage } from './stage.ts'

export interface Job {
  readonly namespace: string
  readonly name: string
  /** How many pods it wants. */
  readonly pods: number
}

export interface JobRun {
  readonly admitted: readonly Created[]
  /** The event that says why there are no more, and what of it is Sluice's own. */
  readonly event: readonly string[]
  readonly refusal: readonly string[]
}

export interface JobController {
  readonly job: Job
  /** Creates what is missing, until one is refused. */
  createMissing(): Promise<JobRun>
  /** It makes do with what it has got, and misses no more than that. */
  makeDo(): void
  isShort(): boolean
  /** Those that are there, in the order in which they came. */
  pods(): readonly HostedPod[]
  /** One of its pods has done its work, and the Job wants one less. */
  finish(pod: HostedPod): Promise<void>
}

export function jobController(job: Job, stage: Stage): JobController {
  const { namespace, name } = job
  let wanted = job.pods
  let made = 0
  let pods: readonly Created[] = []

  const hosted = (pod: Created) => stage.service.standalone.pods.find(uidOf(pod))

  return {
    job,
    async createMissing() {
      pods = pods.filter(pod => hosted(pod) !== undefined)
      const run = await created(stage, wanted - pods.length, index => podOf(job, made + index), namespace)
      const admitted = run.filter(({ response }) => response.allowed)
      const refused = run.find(({ response }) => !response.allowed)
      made += admitted.length
      pods = [...pods, ...admitted]
      return {
        admitted,
        event: refused === undefined ? [] : controllerEvent(refused.response, `job/${name}`),
        refusal: refused?.response.status?.message.split('\n').map(line => line.trim()) ?? [],
      }
    },
    makeDo() {
      wanted = pods.length
    },
    isShort: () => pods.filter(pod => hosted(pod) !== undefined).length < wanted,
    pods: () => pods.flatMap(pod => hosted(pod) ?? []),
    async finish({ uid }) {
      const done = pods.find(pod => uidOf(pod) === uid)
      if (done === undefined) return
      wanted -= 1
      pods = pods.filter(pod => pod !== done)
      await stage.client.delete(done.pod, namespace)
    },
  }
}

const GPUS = { 'nvidia.com/gpu': '8' }

/** A whole node of H100; no tier is named, so it gets the first that fits. */
function podOf({ namespace, name }: Job, index: number): JsonObject {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid: `${namespace}-${name}`, controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index}`,
      ownerReferences: [owner],
    },
    spec: {
      nodeSelector: { 'node.kubernetes.io/instance-type': 'p5.48xlarge' },
      containers: [{ name: 'train', image: 'registry.example/train:1', resources: { limits: GPUS, requests: GPUS } }],
    },
  }
}
