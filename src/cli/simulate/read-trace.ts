/** A trace by the name of its file: a table of pods, or pods as manifests, of which a cluster says what they ask for. */
import { failed, type Parsed } from '../../schema/parsed.ts'
import { readPods } from '../../simulate/trace/pods-csv.ts'
import type { Trace, TraceNode } from '../../simulate/trace/trace.ts'
import { loadCluster } from '../cluster.ts'
import { readPodManifests } from './pods-yaml.ts'
import { textOf } from './text-file.ts'

/** `nodes`: all of them, whatever part takes part; undefined where they could not be read. */
export function readTrace(
  file: string,
  folder: string | undefined,
  nodes: readonly TraceNode[] | undefined,
): Parsed<Trace> {
  if (!isManifests(file)) {
    const models = nodes === undefined ? null : [...new Set(nodes.map(({ model }) => model))].toSorted()
    return textOf(file, (text, place) => readPods(text, place, models))
  }
  if (folder === undefined) {
    return failed({ at: '--pods', problem: 'manifests need the classes of a cluster', remedy: 'give --cluster DIR' })
  }
  const cluster = loadCluster(folder)
  return cluster.ok ? readPodManifests(file, cluster.value, nodes) : cluster
}

/** What to do about pods whose namespace no tenant has. */
export function strayRemedy(file: string, folder: string | undefined): string {
  if (folder === undefined) return 'give --cluster DIR, or leave the column namespace out'
  return isManifests(file) ? 'add it to a TenantQuota' : 'add it to a TenantQuota, or leave the cell empty'
}

function isManifests(file: string): boolean {
  return /\.(ya?ml|json)$/.test(file)
}
