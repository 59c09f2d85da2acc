/**
 * Pods as the GPU traces of Alibaba have them (clusterdata, cluster-trace-gpu-v2023): one a row, times in seconds. A pod ran from
 * when it was scheduled to when it was deleted; one that never was would have run from its creation.
 */
import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'
import type { Tier } from '../../schema/parts.ts'
import { classNameOf } from '../model-class.ts'
import * as cells from './cells.ts'
import { type Cell, type Row, readTable } from './table.ts'
import { inOrder, type Size, type Trace, type TracePod } from './trace.ts'
import { twins } from './twins.ts'

const COLUMNS = {
  required: ['name', 'num_gpu', 'gpu_milli', 'qos', 'creation_time', 'deletion_time'],
  optional: ['scheduled_time', 'gpu_spec', 'namespace'],
}

/** What is promised to latency-sensitive pods is reserved, best effort takes what is idle, and the rest shares a pool. */
const TIER_OF_QOS: ReadonlyMap<string, Tier> = new Map([
  ['LS', 'reserved'],
  ['Burstable', 'shared'],
  ['Guaranteed', 'shared'],
  ['BE', 'burst'],
])

// A table of another kind is wrong in every row, and nobody reads a thousand lines of the same.
const MOST_ISSUES = 20

/** `models`: those that nodes have, of which a pod may name some; null where they are not known. */
export function readPods(text: string, file: string, models: readonly string[] | null): Parsed<Trace> {
  const table = readTable(text, file, COLUMNS)
  if (!table.ok) return failed(...table.issues.slice(0, MOST_ISSUES))
  const issues: Issue[] = []
  const read = table.value.map(row => podOf(row, models, issues))
  issues.push(...twins(table.value, 'name', 'pod'))
  if (issues.length > 0) return failed(...issues.slice(0, MOST_ISSUES))
  const pods = read.filter(pod => pod !== undefined)
  return parsed({
    pods: inOrder(pods.filter(({ size }) => size.gpus > 0)),
    withoutGpus: read.length - pods.filter(({ size }) => size.gpus > 0).length,
  })
}

function podOf(row: Row, known: readonly string[] | null, issues: Issue[]): TracePod | undefined {
  const name = cells.name(row.cell('name'), issues)
  const tier = tierOf(row.cell('qos'), issues)
  const size = sizeOf(row, issues)
  const createdAtMs = cells.seconds(row.cell('creation_time'), issues)
  const runMs = runOf(row, createdAtMs ?? 0, issues)
  if (
    name === undefined ||
    tier === undefined ||
    size === undefined ||
    createdAtMs === undefined ||
    runMs === undefined
  )
    return undefined
  const models = modelsOf(row.cell('gpu_spec'))
  if (size.gpus > 0 && known !== null) issues.push(...strangeModels(models, known, row.cell('gpu_spec')))
  const namespace = row.cell('namespace')?.text ?? ''
  return {
    name,
    namespace: namespace === '' ? null : namespace,
    at: (row.cell('namespace') ?? row.cell('name'))?.at ?? '',
    tier,
    size,
    models,
    createdAtMs: createdAtMs ?? 0,
    runMs,
  }
}

function tierOf(cell: Cell | undefined, issues: Issue[]): Tier | undefined {
  const tier = TIER_OF_QOS.get(cell?.text ?? '')
  if (tier === undefined && cell !== undefined) {
    const known = [...TIER_OF_QOS.keys()].join(', ')
    issues.push({
      at: cell.at,
      problem: `no tier belongs to the QoS ${JSON.stringify(cell.text)}`,
      remedy: `use one of ${known}`,
    })
  }
  return tier
}

function sizeOf(row: Row, issues: Issue[]): Size | undefined {
  const gpus = cells.wholeNumber(row.cell('num_gpu'), issues)
  const milli = cells.wholeNumber(row.cell('gpu_milli'), issues)
  if (gpus === undefined || milli === undefined) return undefined
  if (gpus === 1 && (milli === 0 || milli > 1000)) {
    const at = row.cell('gpu_milli')?.at ?? ''
    issues.push({ at, problem: `${milli} is no part of one GPU`, remedy: 'write 1 to 1000 thousandths' })
  }
  return { gpus, milliOfEach: gpus === 1 ? milli : 1000 }
}

function runOf(row: Row, createdAtMs: number, issues: Issue[]): number | undefined {
  const scheduledAtMs = cells.seconds(row.cell('scheduled_time'), issues)
  const deleted = row.cell('deletion_time')
  const deletedAtMs = cells.seconds(deleted, issues)
  if (deletedAtMs === undefined || scheduledAtMs === undefined || deleted === undefined) return undefined
  const startedAtMs = scheduledAtMs ?? createdAtMs
  if (deletedAtMs !== null && deletedAtMs >= startedAtMs) return deletedAtMs - startedAtMs
  issues.push({ at: deleted.at, problem: 'is missing, or before the pod started', remedy: 'give when the pod ended' })
  return undefined
}

function modelsOf(cell: Cell | undefined): readonly string[] {
  const named = (cell?.text ?? '').split('|').filter(model => model !== '')
  return [...new Set(named)].toSorted()
}

/** A model that no node has is almost always a name misspelt; its pods could never run. Models are told apart by their classes. */
function strangeModels(models: readonly string[], known: readonly string[], cell: Cell | undefined): readonly Issue[] {
  const classes = new Set(known.map(classNameOf))
  return models
    .filter(model => !classes.has(classNameOf(model)))
    .map(model => ({
      at: cell?.at ?? '',
      problem: `no node has the model ${JSON.stringify(model)}`,
      remedy: `use one of ${known.join(', ')}, or leave the cell empty`,
    }))
}
