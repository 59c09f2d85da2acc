import { type Count, countAt, exactly, product, sum } from './counts.ts'
import type { Draft, Source } from './draft.ts'
import { jobPods, jobStamp } from './jobs.ts'
import { itemsAt, listAt, objectAt, type Path, textAt, valueAt } from './json.ts'

/*
 * JobSet, and the runtimes of Kubeflow Trainer v2, which are JobSets in waiting.
 */

const ONE = exactly(1)
const EXCLUSIVE_TOPOLOGY = 'alpha.jobset.sigs.k8s.io/exclusive-topology'

interface ReplicatedJob {
  readonly name: string
  /** The Job's spec. */
  readonly path: Path
  readonly jobs: Count
  readonly pods: Count
}

export function jobSet(source: Source): readonly Draft[] {
  const spec: Path = ['spec']
  return drafts(source, spec, replicatedJobs(source, spec))
}

/** TrainingRuntime and ClusterTrainingRuntime: a TrainJob that names one makes pods of it, with as many nodes as it says. */
export function trainingRuntime(source: Source): readonly Draft[] {
  const spec: Path = ['spec', 'template', 'spec']
  const nodes = countAt(source.manifest, ['spec', 'mlPolicy', 'numNodes'], ONE)
  const jobs = replicatedJobs(source, spec).map(job => (isTrainer(source, job) ? { ...job, pods: nodes } : job))
  const env = nodes.value === undefined ? {} : { PET_NNODES: String(nodes.value) }
  return drafts(source, spec, jobs).map((draft, index) => {
    const job = jobs[index]
    const stamp = job !== undefined && isTrainer(source, job) ? { ...draft.stamp, env } : draft.stamp
    return { ...draft, stamp, createsPods: false }
  })
}

function isTrainer({ manifest }: Source, { path }: ReplicatedJob): boolean {
  const labels = [...path.slice(0, -1), 'metadata', 'labels']
  return textAt(manifest, ...labels, 'trainer.kubeflow.org/trainjob-ancestor-step') === 'trainer'
}

function replicatedJobs(source: Source, spec: Path): readonly ReplicatedJob[] {
  return itemsAt(source.manifest, ...spec, 'replicatedJobs').map((item, index) => {
    const path: Path = [...spec, 'replicatedJobs', index, 'template', 'spec']
    const jobs = countAt(source.manifest, [...spec, 'replicatedJobs', index, 'replicas'], ONE)
    return { name: textAt(item, 'name'), path, jobs, pods: product(jobs, jobPods(source, path)) }
  })
}

function drafts(source: Source, spec: Path, jobs: readonly ReplicatedJob[]): readonly Draft[] {
  const over = finishedFirst(source, spec)
  const gangSize = sum(...jobs.filter(({ name }) => !over.has(name)).map(({ pods }) => pods))
  const allJobs = sum(...jobs.map(job => job.jobs))
  return jobs.map(job => {
    const identity = jobSetLabels(source, job, allJobs)
    return {
      path: [...job.path, 'template', 'spec'],
      metadata: objectAt(source.manifest, ...job.path, 'template', 'metadata'),
      stamp: jobStamp(source, job.path, {
        name: `${source.name}-${job.name}-0`,
        labels: identity,
        annotations: { ...identity, ...exclusiveTopology(source, job) },
      }),
      replicas: job.pods,
      ...(over.has(job.name) ? {} : { gangSize }),
    }
  })
}

// The one annotation that the controller hands down: its own webhook reads it on the pods.
function exclusiveTopology({ manifest }: Source, { path }: ReplicatedJob): Readonly<Record<string, string>> {
  const ofJob = textAt(manifest, ...path.slice(0, -1), 'metadata', 'annotations', EXCLUSIVE_TOPOLOGY)
  const topology = ofJob === '' ? textAt(manifest, 'metadata', 'annotations', EXCLUSIVE_TOPOLOGY) : ofJob
  return topology === '' ? {} : { [EXCLUSIVE_TOPOLOGY]: topology }
}

// A job that others wait for to complete, such as an initializer, is gone when they start: it never runs beside them.
function finishedFirst({ manifest }: Source, spec: Path): ReadonlySet<string> {
  const waits = itemsAt(manifest, ...spec, 'replicatedJobs').flatMap(item => listAt(item, 'dependsOn'))
  return new Set(waits.filter(wait => valueAt(wait, ['status']) === 'Complete').map(wait => textAt(wait, 'name')))
}

function jobSetLabels(source: Source, job: ReplicatedJob, allJobs: Count): Readonly<Record<string, string>> {
  return {
    'jobset.sigs.k8s.io/jobset-name': source.name,
    ...(source.uid === '' ? {} : { 'jobset.sigs.k8s.io/jobset-uid': source.uid }),
    'jobset.sigs.k8s.io/replicatedjob-name': job.name,
    'jobset.sigs.k8s.io/job-index': '0',
    'jobset.sigs.k8s.io/restart-attempt': '0',
    ...(job.jobs.value === undefined ? {} : { 'jobset.sigs.k8s.io/replicatedjob-replicas': String(job.jobs.value) }),
    ...(allJobs.value === undefined ? {} : { 'jobset.sigs.k8s.io/global-replicas': String(allJobs.value) }),
  }
}
