import type { Pod } from '../schema/pod.ts'
import type { Chooser } from './class-chooser.ts'
import type { AcceleratorClass, ClassTable, FractionAnnotation, FractionUnit } from './class-table.ts'
import type { ContainerRef } from './container-requests.ts'
import { type Findings, isPlaceholder, quoted } from './findings.ts'
import { noteOf, type Part, shareOf } from './shares.ts'

/** What a pod asks for by annotation, instead of by a resource of its containers. */
export interface FractionCharge {
  readonly class: AcceleratorClass
  readonly milliGpus: bigint
  readonly container: ContainerRef
}

/** KAI gives the device to the container of this name, and to the first one without it. */
const CONTAINER_NAME = 'gpu-fraction-container-name'

const DECIMAL = /^\+?(\d{0,18})(?:\.(\d{0,18}))?$/
const DEVICES = /^[1-9]\d{0,5}$/

const REMEDIES: Readonly<Record<FractionUnit, string>> = {
  fraction: 'write a decimal above 0, such as "0.5"',
  percent: 'write hundredths above 0, such as "50"',
  mebibytes: 'write a number of MiB above 0, such as "2000"',
}

/**
 * The dearest of the parts that the annotations ask for. Annotations beside a device of the same kind count for nothing: KAI
 * refuses such a pod, and every other scheduler gives it the device only.
 */
export function fractionOf(
  pod: Pod,
  hasDevice: (resources: ReadonlySet<string>) => boolean,
  chooser: Chooser,
  table: ClassTable,
  findings: Findings,
): FractionCharge | undefined {
  let dearest: FractionCharge | undefined
  for (const fraction of table.fractionAnnotations) {
    const text = annotationOf(pod, fraction.annotation)
    if (text === undefined) continue
    const part = partOf(text, fraction, findings)
    const devices = devicesOf(pod, fraction, findings)
    if (part === undefined || devices === undefined) continue
    if (hasDevice(fraction.resources)) {
      chooser.note(`annotation ${quoted(fraction.annotation)} counts for nothing beside a whole device`)
      continue
    }
    const charge = chargeFor(pod, part, devices, fraction, chooser)
    if (charge !== undefined && charge.milliGpus > (dearest?.milliGpus ?? 0n)) dearest = charge
  }
  return dearest
}

/** True when a pod has one of the annotations at all. */
export function hasFraction(pod: Pod, table: ClassTable): boolean {
  const { annotations } = pod.metadata
  if (annotations === undefined) return false
  return table.fractionAnnotations.some(({ annotation }) => Object.hasOwn(annotations, annotation))
}

function chargeFor(
  pod: Pod,
  part: Part,
  devices: bigint,
  { resources }: FractionAnnotation,
  chooser: Chooser,
): FractionCharge | undefined {
  const [resource] = resources
  const choice = resource === undefined ? undefined : chooser.forResource(resource)
  if (choice === undefined) return undefined
  const owner = choice.candidate.class
  chooser.note(noteOf(part, owner))
  return { class: owner, milliGpus: devices * shareOf(part, owner), container: containerOf(pod) }
}

function partOf(text: string, { annotation, unit }: FractionAnnotation, findings: Findings): Part | undefined {
  const [, whole = '', decimals = ''] = DECIMAL.exec(text) ?? []
  const digits = whole + decimals
  if (digits !== '' && BigInt(digits) > 0n) return { unit, digits: BigInt(digits), scale: decimals.length }
  reject(annotation, text, REMEDIES[unit], findings)
  return undefined
}

function devicesOf(pod: Pod, { devicesAnnotation }: FractionAnnotation, findings: Findings): bigint | undefined {
  const text = devicesAnnotation === undefined ? undefined : annotationOf(pod, devicesAnnotation)
  if (devicesAnnotation === undefined || text === undefined) return 1n
  if (DEVICES.test(text)) return BigInt(text)
  reject(devicesAnnotation, text, 'write a whole number above 0, such as "2"', findings)
  return undefined
}

function reject(annotation: string, text: string, remedy: string, findings: Findings): void {
  const at = `metadata.annotations[${quoted(annotation)}]`
  if (isPlaceholder(text)) {
    const problem = 'a template variable stands where an amount should be'
    findings.leaveOpen({ at, problem, remedy: 'render the template first' })
  } else {
    findings.refuse({ at, problem: `${quoted(text)} is no part of a device`, remedy })
  }
}

function containerOf(pod: Pod): ContainerRef {
  const wanted = annotationOf(pod, CONTAINER_NAME)
  const { containers, initContainers = [] } = pod.spec
  for (const list of ['initContainers', 'containers'] as const) {
    const index = (list === 'containers' ? containers : initContainers).findIndex(({ name }) => name === wanted)
    if (index >= 0 && wanted !== undefined) return { list, index, name: wanted }
  }
  return { list: 'containers', index: 0, name: containers[0]?.name ?? '' }
}

function annotationOf(pod: Pod, name: string): string | undefined {
  const { annotations } = pod.metadata
  return annotations !== undefined && Object.hasOwn(annotations, name) ? annotations[name] : undefined
}
