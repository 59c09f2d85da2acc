import type { JsonObject } from '../schema/parts.ts'
import { statefulStamp } from './apps.ts'
import { type Count, countAt, exactly, lessOne, product } from './counts.ts'
import type { Draft, Source, Stamp } from './draft.ts'
import { objectAt, type Path, valueAt } from './json.ts'

/*
 * LeaderWorkerSet: every group of one leader and its workers is a gang.
 */

const ONE = exactly(1)

/** A LeaderWorkerSet, whether written by a person or laid under a serving stack. */
interface LeaderWorkerSet {
  readonly name: string
  readonly replicas: Count
  readonly size: Count
  readonly leader: GroupTemplate | undefined
  readonly worker: GroupTemplate
}

interface GroupTemplate {
  /** The place of the pod spec. */
  readonly path: Path
  readonly metadata: JsonObject
  readonly labels?: Readonly<Record<string, string>>
}

export function leaderWorkerSet(source: Source): readonly Draft[] {
  const path: Path = ['spec', 'leaderWorkerTemplate']
  const leader: Path = [...path, 'leaderTemplate']
  const group = (template: Path): GroupTemplate => ({
    path: [...template, 'spec'],
    metadata: objectAt(source.manifest, ...template, 'metadata'),
  })
  return groupDrafts({
    name: source.name,
    replicas: countAt(source.manifest, ['spec', 'replicas'], ONE),
    size: countAt(source.manifest, [...path, 'size'], ONE),
    leader: valueAt(source.manifest, leader) === undefined ? undefined : group(leader),
    worker: group([...path, 'workerTemplate']),
  })
}

export function groupDrafts(set: LeaderWorkerSet): readonly Draft[] {
  const { replicas, size, leader, worker } = set
  // Without a template of their own, leaders are made of the workers'.
  const workersOfGroup = leader === undefined ? size : lessOne(size)
  const counts = { replicas: product(replicas, workersOfGroup), gangSize: size, gangMembers: workersOfGroup }
  const drafts =
    leader === undefined
      ? []
      : [draftOf(leader, leaderStamp(set, leader), { replicas, gangSize: size, gangMembers: ONE })]
  return [...drafts, draftOf(worker, workerStamp(set, worker), counts)]
}

type Counts = Required<Pick<Draft, 'replicas' | 'gangSize' | 'gangMembers'>>

function draftOf({ path, metadata }: GroupTemplate, stamp: Stamp, counts: Counts): Draft {
  return { path, metadata, stamp, ...counts }
}

function leaderStamp(set: LeaderWorkerSet, { labels }: GroupTemplate): Stamp {
  const base = statefulStamp({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: set.name }, set.name, 0)
  return { ...base, labels: { ...labels, ...base.labels, ...groupLabels(set, 0) }, annotations: sizeOf(set) }
}

function workerStamp(set: LeaderWorkerSet, { labels }: GroupTemplate): Stamp {
  const group = `${set.name}-0`
  const base = statefulStamp({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: group }, group, 1)
  return {
    ...base,
    labels: { ...labels, ...base.labels, ...groupLabels(set, 1) },
    annotations: { ...sizeOf(set), 'leaderworkerset.sigs.k8s.io/leader-name': group },
  }
}

function groupLabels({ name }: LeaderWorkerSet, workerIndex: number): Readonly<Record<string, string>> {
  return {
    'leaderworkerset.sigs.k8s.io/name': name,
    'leaderworkerset.sigs.k8s.io/group-index': '0',
    'leaderworkerset.sigs.k8s.io/worker-index': String(workerIndex),
    'leaderworkerset.sigs.k8s.io/group-key': `${name}-0`,
  }
}

function sizeOf({ size }: LeaderWorkerSet): Readonly<Record<string, string>> {
  return size.value === undefined ? {} : { 'leaderworkerset.sigs.k8s.io/size': String(size.value) }
}
