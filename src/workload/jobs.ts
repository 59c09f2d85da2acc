import { type Count, countAt, exactly, least, UNTOLD } from './counts.ts'
import type { Draft, Owner, Source, Stamp } from './draft.ts'
import { objectAt, type Path, textAt, valueAt } from './json.ts'

/*
 * The batch/v1 Job, and the controllers that create Jobs.
 */

const ONE = exactly(1)

/** A Job of this name, and what its creator adds to its pods beyond what a Job stamps itself. */
interface JobIdentity {
  readonly name: string
  readonly uid?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export function job(source: Source): readonly Draft[] {
  return [jobDraft(source, ['spec'], { name: source.name, ...(source.uid === '' ? {} : { uid: source.uid }) })]
}

// The controller appends the scheduled minute to the Job's name; any run stands for all of them.
export function cronJob(source: Source): readonly Draft[] {
  return [jobDraft(source, ['spec', 'jobTemplate', 'spec'], { name: `${source.name}-0` })]
}

/** KEDA's ScaledJob: each Job is on its own, and how many there are depends on a queue somewhere. */
export function scaledJob(source: Source): readonly Draft[] {
  const labels = { 'scaledjob.keda.sh/name': source.name }
  return [jobDraft(source, ['spec', 'jobTargetRef'], { name: `${source.name}-0`, labels })]
}

/** The pods of one Job: as many run at once as its parallelism says, unless fewer completions are left. */
function jobDraft(source: Source, path: Path, identity: JobIdentity): Draft {
  const replicas = jobPods(source, path)
  return {
    path: [...path, 'template', 'spec'],
    metadata: objectAt(source.manifest, ...path, 'template', 'metadata'),
    stamp: jobStamp(source, path, identity),
    replicas,
    ...(isSweep(source, path) ? { gangSize: ONE, gangMembers: ONE } : { gangSize: replicas }),
  }
}

/**
 * Pods that need not run together: later ones wait for earlier ones to finish, or each fails by itself. All other Jobs are gangs of
 * their parallelism, indexed or not: torchrun and Ray meet by a Service as well as by index. A gang admitted by halves holds its
 * devices and never runs; independent pods that are taken for a gang are refused, and their author says `backoffLimitPerIndex`.
 */
function isSweep({ manifest }: Source, path: Path): boolean {
  const completions = countAt(manifest, [...path, 'completions'], UNTOLD).value
  const parallelism = countAt(manifest, [...path, 'parallelism'], ONE).value
  const hasQueue = completions !== undefined && parallelism !== undefined && completions > parallelism
  return hasQueue || valueAt(manifest, [...path, 'backoffLimitPerIndex']) !== undefined
}

export function jobPods({ manifest }: Source, path: Path): Count {
  const parallelism = countAt(manifest, [...path, 'parallelism'], ONE)
  const hasCompletions = valueAt(manifest, [...path, 'completions']) !== undefined
  return hasCompletions ? least(parallelism, countAt(manifest, [...path, 'completions'], parallelism)) : parallelism
}

export function jobStamp({ manifest }: Source, path: Path, identity: JobIdentity): Stamp {
  const { name, uid, labels = {}, annotations = {} } = identity
  const indexed: Readonly<Record<string, string>> =
    textAt(manifest, ...path, 'completionMode') === 'Indexed' ? { 'batch.kubernetes.io/job-completion-index': '0' } : {}
  return {
    name: Object.keys(indexed).length === 0 ? `${name}-` : `${name}-0-`,
    labels: {
      ...labels,
      ...indexed,
      'batch.kubernetes.io/job-name': name,
      'job-name': name,
      ...(uid === undefined ? {} : { 'batch.kubernetes.io/controller-uid': uid, 'controller-uid': uid }),
    },
    annotations: { ...annotations, ...indexed },
    owner: jobOwner(name, uid),
  }
}

function jobOwner(name: string, uid: string | undefined): Owner {
  return { apiVersion: 'batch/v1', kind: 'Job', name, ...(uid === undefined ? {} : { uid }) }
}
