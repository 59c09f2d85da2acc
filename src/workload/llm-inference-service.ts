import type { JsonObject } from '../schema/parts.ts'
import { deploymentStamp } from './apps.ts'
import { type Count, countAt, exactly, quotient } from './counts.ts'
import type { Draft, Source } from './draft.ts'
import { isObject, objectAt, type Path, valueAt } from './json.ts'
import { groupDrafts } from './leader-worker-set.ts'

/*
 * KServe's LLMInferenceService. Its templates are pod specs, not pod templates. A pool without a worker is a Deployment of
 * `template`; with one it is a LeaderWorkerSet, and `template` is its leader. There is a main pool and perhaps one for
 * prefill, which then makes the main one decode.
 */

const ONE = exactly(1)
const PART = 'llminferenceservice'

interface Pool {
  /** The object that holds `template`, `worker`, `replicas` and `parallelism`. */
  readonly path: Path
  readonly isPrefill: boolean
  readonly role: string
}

export function llmInferenceService(source: Source): readonly Draft[] {
  const hasPrefill = isObject(valueAt(source.manifest, ['spec', 'prefill']))
  const main: Pool = { path: ['spec'], isPrefill: false, role: hasPrefill ? 'decode' : 'both' }
  const prefill: Pool = { path: ['spec', 'prefill'], isPrefill: true, role: 'prefill' }
  return [...poolDrafts(source, main), ...(hasPrefill ? poolDrafts(source, prefill) : []), ...scheduler(source)]
}

/** A preset that services refer to: its pods are theirs. */
export function llmInferenceServiceConfig(source: Source): readonly Draft[] {
  return llmInferenceService(source).map(draft => ({ ...draft, createsPods: false }))
}

function poolDrafts(source: Source, pool: Pool): readonly Draft[] {
  const has = (field: string) => isObject(valueAt(source.manifest, [...pool.path, field]))
  if (has('worker')) return multiNode(source, pool, has('template'))
  return has('template') ? [singleNode(source, pool)] : []
}

function singleNode(source: Source, pool: Pool): Draft {
  const suffix = pool.isPrefill ? '-prefill' : ''
  return {
    path: [...pool.path, 'template'],
    metadata: metadataOf(source, pool),
    stamp: deploymentStamp(`${source.name}-kserve${suffix}`, {
      labels: { ...serviceLabels(source, `workload${suffix}`), ...servingLabels(pool.role) },
    }),
    replicas: replicasOf(source, pool),
  }
}

function multiNode(source: Source, pool: Pool, hasLeader: boolean): readonly Draft[] {
  const suffix = pool.isPrefill ? '-prefill' : ''
  const metadata = metadataOf(source, pool)
  return groupDrafts({
    name: `${source.name}-kserve-mn${suffix}`,
    replicas: replicasOf(source, pool),
    size: groupSize(source, pool),
    leader: hasLeader
      ? {
          path: [...pool.path, 'template'],
          metadata,
          labels: { ...serviceLabels(source, `workload-leader${suffix}`), ...servingLabels(pool.role) },
        }
      : undefined,
    worker: {
      path: [...pool.path, 'worker'],
      metadata,
      // Workers answer requests themselves only where no leader does.
      labels: {
        ...serviceLabels(source, `workload-worker${suffix}`),
        ...(hasLeader ? {} : servingLabels(pool.role)),
      },
    },
  })
}

// Data parallel ranks over the ranks of one pod, else pipeline stages (one pod each).
function groupSize({ manifest }: Source, pool: Pool): Count {
  const field = (name: string) => [...pool.path, 'parallelism', name]
  const isDataParallel = ['data', 'dataLocal'].some(name => valueAt(manifest, field(name)) !== undefined)
  return isDataParallel
    ? quotient(countAt(manifest, field('data'), ONE), countAt(manifest, field('dataLocal'), ONE))
    : countAt(manifest, field('pipeline'), ONE)
}

// The endpoint picker of the router: it needs no accelerator, and counts if somebody gives it one.
function scheduler(source: Source): readonly Draft[] {
  const path: Path = ['spec', 'router', 'scheduler', 'template']
  if (valueAt(source.manifest, path) === undefined) return []
  const labels = serviceLabels(source, 'router-scheduler')
  return [{ path, stamp: deploymentStamp(`${source.name}-kserve-router-scheduler`, { labels }), replicas: ONE }]
}

function replicasOf({ manifest }: Source, pool: Pool): Count {
  return countAt(manifest, [...pool.path, 'replicas'], ONE)
}

function metadataOf({ manifest }: Source, pool: Pool): JsonObject {
  return {
    labels: objectAt(manifest, ...pool.path, 'labels'),
    annotations: objectAt(manifest, ...pool.path, 'annotations'),
  }
}

function serviceLabels({ name }: Source, component: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/part-of': PART,
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/component': `${PART}-${component}`,
  }
}

function servingLabels(role: string): Readonly<Record<string, string>> {
  return { 'kserve.io/component': 'workload', 'llm-d.ai/role': role }
}
