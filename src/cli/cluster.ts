import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { asciiLine } from '../admission/text.ts'
import { readClusterFolder } from '../config/cluster-folder.ts'
import { shippedLibrary } from '../config/root.ts'
import { failed, formatIssue, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import type { Terminal } from './terminal.ts'

/** The shipped library as it stands under a cluster's own objects. */
export function readLibrary(): Parsed<readonly PlacedObject[]> {
  const library = readClusterFolder(shippedLibrary())
  return library.ok ? parsed(library.value.filter(isNoPriorityClass)) : library
}

/** The shipped library, and over it the objects of a cluster folder, if one is given. */
export function readLayers(folder: string | undefined): Parsed<readonly (readonly PlacedObject[])[]> {
  const library = readClusterFolder(shippedLibrary())
  const own = folder === undefined ? parsed([]) : readClusterFolder(folder)
  const issues = [library, own].flatMap(read => (read.ok ? [] : read.issues))
  if (!library.ok || !own.ok) return failed(...issues)
  return parsed([folder === undefined ? library.value : library.value.filter(isNoPriorityClass), own.value])
}

// A class that is shipped is not yet one that the cluster has, and the API server refuses a pod whose class it does not know.
function isNoPriorityClass({ value }: PlacedObject): boolean {
  return value.kind !== 'PriorityClass'
}

export function loadCluster(folder: string | undefined): Parsed<Cluster> {
  const layers = readLayers(folder)
  return layers.ok ? assembleCluster(...layers.value) : layers
}

/** Shows what is wrong with input, one line an issue. */
export function complain(issues: readonly Issue[], terminal: Terminal): void {
  for (const issue of issues) terminal.err(`error: ${asciiLine(formatIssue(issue))}`)
}
