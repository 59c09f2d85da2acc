import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { readClusterFolder } from '../config/cluster-folder.ts'
import { shippedLibrary } from '../config/root.ts'
import { failed, formatIssue, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import type { Terminal } from './terminal.ts'

/** The shipped library, and over it the objects of a cluster folder, if one is given. */
export function readLayers(folder: string | undefined): Parsed<readonly (readonly PlacedObject[])[]> {
  const library = readClusterFolder(shippedLibrary())
  const own = folder === undefined ? parsed([]) : readClusterFolder(folder)
  const issues = [library, own].flatMap(read => (read.ok ? [] : read.issues))
  if (!library.ok || !own.ok) return failed(...issues)
  return parsed([library.value, own.value])
}

export function loadCluster(folder: string | undefined): Parsed<Cluster> {
  const layers = readLayers(folder)
  return layers.ok ? assembleCluster(...layers.value) : layers
}

/** Shows what is wrong with input, one line an issue. */
export function complain(issues: readonly Issue[], terminal: Terminal): void {
  for (const issue of issues) terminal.err(`error: ${formatIssue(issue)}`)
}
