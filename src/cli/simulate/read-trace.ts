/** A trace by the name of its file: a table of pods, or pods as manifests, of which a cluster says what they ask for. */
import { failed, type Parsed } from '../../schema/parsed.ts'
import { readPods } from '../../simulate/trace/pods-csv.ts'
import type { Trace, TraceNode } from '../../simulate/trace/trace.ts'
import { loadCluster } from '../cluster.ts'
import { readPodManifests } from './pods-yaml.ts'
import { textOf } from './text-file.ts'

export function readTrace(file: string, folder: string | undefined, nodes: readonly TraceNode[]): Parsed<Trace> {
  if (!/\.(ya?ml|json)$/.test(file)) return textOf(file, readPods)
  if (folder === undefined) {
    return failed({ at: '--pods', problem: 'manifests need the classes of a cluster', remedy: 'give --cluster DIR' })
  }
  const cluster = loadCluster(folder)
  return cluster.ok ? readPodManifests(file, cluster.value, nodes) : cluster
}
