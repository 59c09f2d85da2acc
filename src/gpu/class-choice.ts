import type { Candidate, Candidates, ClassTable, DeviceCandidate } from './class-table.ts'
import { quoted } from './findings.ts'
import type { NodeSelection } from './node-selection.ts'
import { implicitDeviceClass } from './resource-names.ts'

/** Where a request is counted, and what a reader should know about how that was decided. */
export interface Choice<C extends Candidate = Candidate> {
  readonly candidate: C
  readonly note?: string
}

/** The class of one extended resource, or undefined for a resource that no class lists. */
export function chooseForResource(resource: string, selection: NodeSelection, table: ClassTable): Choice | undefined {
  const candidates = candidatesOf(resource, table)
  if (candidates === undefined) return undefined
  const { candidate, note } = choose(quoted(resource), candidates, selection)
  const most = selection.classes?.get(candidate.class) ?? candidate.milliGpus
  const chosen = most < candidate.milliGpus ? { ...candidate, milliGpus: most } : candidate
  return note === undefined ? { candidate: chosen } : { candidate: chosen, note }
}

/** The class of one DRA device request, or undefined for devices that are no accelerators (CPUs, NICs, compute domains). */
export function chooseForDevices(
  deviceClass: string,
  selectors: string,
  selection: NodeSelection,
  table: ClassTable,
): Choice<DeviceCandidate> | undefined {
  const candidates = table.byDeviceClass.get(deviceClass)
  if (candidates === undefined) return undefined
  return choose(`device class ${quoted(deviceClass)}`, mentionedIn(selectors.toLowerCase(), candidates), selection)
}

function candidatesOf(resource: string, table: ClassTable): Candidates | undefined {
  const deviceClass = implicitDeviceClass(resource)
  return deviceClass === undefined ? table.byResource.get(resource) : table.byDeviceClass.get(deviceClass)
}

function choose<C extends Candidate>(asked: string, candidates: Candidates<C>, selection: NodeSelection): Choice<C> {
  const { classes, unknown } = selection
  const usual = preferred(candidates)
  if (unknown !== undefined) return noted(usual, `no class is known for ${unknown}`)
  if (classes === undefined) {
    if (usual.class.isDefault || candidates.length === 1) return { candidate: usual }
    return noted(usual, `${candidates.length} classes share ${asked} and none is the default`)
  }

  const [first, ...others] = candidates.filter(candidate => classes.has(candidate.class))
  if (first === undefined) {
    // A class of no nodes in particular contradicts no selection of nodes.
    const anywhere = candidates.find(candidate => !candidate.class.hasNodes)
    return anywhere === undefined
      ? noted(usual, `the node selection fits no class of ${asked}`)
      : { candidate: anywhere }
  }
  if (others.length === 0) return { candidate: first }
  return noted(preferred([first, ...others]), `${others.length + 1} classes fit the node selection`)
}

/** The default, else the first by name of those that weigh most: a pod that admits a slice and a whole GPU may get the GPU. */
function preferred<C extends Candidate>(candidates: Candidates<C>): C {
  const usual = candidates.find(candidate => candidate.class.isDefault)
  return usual ?? candidates.reduce((best, candidate) => (candidate.milliGpus > best.milliGpus ? candidate : best))
}

function noted<C extends Candidate>(candidate: C, reason: string): Choice<C> {
  return { candidate, note: `${reason}; counted as ${candidate.class.name}` }
}

/**
 * The classes whose texts occur in the selectors, else those that ask for no text, else all. A text inside a longer one that
 * occurs too is the longer one's: `l40s` does not mention `l4`.
 */
function mentionedIn(selectors: string, candidates: Candidates<DeviceCandidate>): Candidates<DeviceCandidate> {
  const occurring = candidates.flatMap(({ mentions }) => mentions).filter(text => selectors.includes(text))
  const telling = new Set(occurring.filter(text => !occurring.some(other => other !== text && other.includes(text))))
  const [first, ...others] = candidates.filter(({ mentions }) => mentions.some(text => telling.has(text)))
  if (first !== undefined) return [first, ...others]
  const [general, ...generals] = candidates.filter(({ mentions }) => mentions.length === 0)
  return general === undefined ? candidates : [general, ...generals]
}
