import { type Choice, chooseForDevices, chooseForResource } from './class-choice.ts'
import type { ClassTable, DeviceCandidate } from './class-table.ts'
import { migProfileOf, migWeight, USUAL_SLICES } from './mig.ts'
import type { NodeSelection } from './node-selection.ts'

/** Decides for one pod where its requests count: once per request, however many containers make it. */
export interface Chooser {
  forResource(resource: string): Choice | undefined
  forDevices(deviceClass: string, selectors: string): Choice<DeviceCandidate> | undefined
  /** Adds to what a reader should know. */
  note(text: string | undefined): void
  notes(): readonly string[]
}

export const WHOLE_GPU = 'nvidia.com/gpu'

export function createChooser(selection: NodeSelection, table: ClassTable): Chooser {
  const byResource = new Map<string, Choice>()
  const notes = new Set<string>()
  const note = (text: string | undefined) => {
    if (text !== undefined) notes.add(text)
  }
  const forResource = (resource: string): Choice | undefined => {
    const known = byResource.get(resource)
    if (known !== undefined) return known
    const choice = chooseForResource(resource, selection, table) ?? unlistedSlice(resource)
    if (choice !== undefined) byResource.set(resource, choice)
    note(choice?.note)
    return choice
  }
  /** A MIG profile that no class lists is new or misspelt: it counts by its slices, where a whole GPU of the pod would. */
  const unlistedSlice = (resource: string): Choice | undefined => {
    const profile = migProfileOf(resource)
    const whole = profile === undefined ? undefined : forResource(WHOLE_GPU)
    if (profile === undefined || whole === undefined) return undefined
    const owner = whole.candidate.class
    return { candidate: { class: owner, milliGpus: migWeight(profile, owner.migSlices ?? USUAL_SLICES) } }
  }
  return {
    forResource,
    forDevices(deviceClass, selectors) {
      const choice = chooseForDevices(deviceClass, selectors, selection, table)
      note(choice?.note)
      return choice
    },
    note,
    notes: () => [...notes],
  }
}
