import { fieldPath } from '../schema/validator.ts'
import type { Chooser } from './class-chooser.ts'
import type { AcceleratorClass, ClassTable } from './class-table.ts'
import { type Findings, quoted } from './findings.ts'
import { least, noteOf, shareOf, WHOLE_DEVICE } from './shares.ts'

/** One accelerator resource of one container. */
export interface Line {
  readonly resource: string
  readonly class: AcceleratorClass
  readonly devices: bigint
  readonly milliGpus: bigint
  /** Whether the container takes a part of each device only. */
  readonly isPart: boolean
}

// Far beyond any node, and small enough that no sum of a pod leaves 64 bits.
const MAX_DEVICES = 1_000_000n

const NO_LINES: readonly Line[] = []

type Units = ReadonlyMap<string, bigint>

/** The accelerators among the extended resources of one container, which stand at the JSON pointer `place`. */
export function linesOf(
  units: Units,
  place: string,
  chooser: Chooser,
  table: ClassTable,
  findings: Findings,
): readonly Line[] {
  if (units.size === 0) return NO_LINES
  const lines: Line[] = []
  for (const [resource, devices] of units) {
    if (devices === 0n) continue
    const choice = chooser.forResource(resource)
    if (choice === undefined) continue
    if (devices > MAX_DEVICES) findings.refuse(tooManyDevices(place, resource))
    const { class: owner, milliGpus } = choice.candidate
    lines.push({ resource, class: owner, devices, milliGpus: devices * milliGpus, isPart: false })
  }
  return onceForOneHardware(withModifiers(units, lines, chooser, table))
}

/**
 * The largest of the parts a container takes of each device, by memory or by cores: what the largest leaves of the device is
 * all that others can use.
 */
function withModifiers(units: Units, lines: readonly Line[], chooser: Chooser, table: ClassTable): readonly Line[] {
  if (!units.keys().some(name => table.modifiers.has(name))) return lines
  let modified = lines
  const shares = new Map<string, bigint>()
  for (const [name, quantity] of units) {
    const modifier = quantity === 0n ? undefined : table.modifiers.get(name)
    if (modifier === undefined) continue
    modified = withDevice(modified, name, modifier.resources, chooser)
    for (const line of modified.filter(({ resource }) => modifier.resources.has(resource))) {
      const part = { unit: modifier.unit, digits: quantity, scale: 0 }
      chooser.note(noteOf(part, line.class))
      const share = shareOf(part, line.class)
      if (share > (shares.get(line.resource) ?? 0n)) shares.set(line.resource, share)
    }
  }
  return modified.map(line => {
    const share = shares.get(line.resource)
    if (share === undefined) return line
    const milliGpus = least(line.milliGpus, line.devices * least(share, WHOLE_DEVICE))
    return { ...line, milliGpus, isPart: true }
  })
}

/** HAMi gives one device to a container that says how much of it it takes and not how many. */
function withDevice(
  lines: readonly Line[],
  modifier: string,
  resources: ReadonlySet<string>,
  chooser: Chooser,
): readonly Line[] {
  if (lines.some(({ resource }) => resources.has(resource))) return lines
  const [resource] = resources
  const choice = resource === undefined ? undefined : chooser.forResource(resource)
  if (resource === undefined || choice === undefined) return lines
  chooser.note(`${quoted(modifier)} without ${quoted(resource)} counts as a part of one device`)
  const { class: owner, milliGpus } = choice.candidate
  return [...lines, { resource, class: owner, devices: 1n, milliGpus, isPart: true }]
}

/**
 * The Neuron plugin offers a chip and its cores under two names; a container that asks for both is given one hardware, so the
 * dearer line counts.
 */
function onceForOneHardware(lines: readonly Line[]): readonly Line[] {
  if (lines.length < 2 || !lines.some(line => line.class.vendor === 'aws')) return lines
  const dearest = new Map<AcceleratorClass, Line>()
  for (const line of lines) {
    const known = dearest.get(line.class)
    if (known === undefined || line.milliGpus > known.milliGpus) dearest.set(line.class, line)
  }
  return lines.filter(line => line.class.vendor !== 'aws' || dearest.get(line.class) === line)
}

function tooManyDevices(place: string, resource: string) {
  const problem = `more than ${MAX_DEVICES} of ${quoted(resource)}`
  return { at: fieldPath(place), problem, remedy: 'ask for what a node can have' }
}
