import { type Choice, chooseForDevices, chooseForResource } from './class-choice.ts'
import type { ClassTable, DeviceCandidate } from './class-table.ts'
import type { NodeSelection } from './node-selection.ts'

/** Decides for one pod where its requests count: once per request, however many containers make it. */
export interface Chooser {
  forResource(resource: string): Choice | undefined
  forDevices(deviceClass: string, selectors: string): Choice<DeviceCandidate> | undefined
  /** Adds to what a reader should know. */
  note(text: string | undefined): void
  notes(): readonly string[]
}

export function createChooser(selection: NodeSelection, table: ClassTable): Chooser {
  const byResource = new Map<string, Choice>()
  const notes = new Set<string>()
  const note = (text: string | undefined) => {
    if (text !== undefined) notes.add(text)
  }
  return {
    forResource(resource) {
      const known = byResource.get(resource)
      if (known !== undefined) return known
      const choice = chooseForResource(resource, selection, table)
      if (choice !== undefined) byResource.set(resource, choice)
      note(choice?.note)
      return choice
    },
    forDevices(deviceClass, selectors) {
      const choice = chooseForDevices(deviceClass, selectors, selection, table)
      note(choice?.note)
      return choice
    },
    note,
    notes: () => [...notes],
  }
}
