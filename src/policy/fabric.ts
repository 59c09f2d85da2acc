import { MILLI } from '../quantity/amount.ts'
import type { FabricProfileDocument } from '../schema/documents.ts'
import type { FabricProfileSpec } from '../schema/fabric-profile.ts'
import type { InjectSpec } from '../schema/inject.ts'
import { blamedOn, type Issue } from '../schema/parsed.ts'
import type { Subject } from './subject.ts'

/** The fabric profiles of a cluster by name. */
export type FabricCatalogue = ReadonlyMap<string, FabricProfileDocument>

type Instance = NonNullable<FabricProfileSpec['instances']>[number]

/** The profile that a block names or, without a name, the automatic one of the platform that the pod's nodes belong to. */
export function profileFor(
  block: NonNullable<InjectSpec['fabric']>,
  subject: Subject,
  catalogue: FabricCatalogue,
): FabricProfileDocument | undefined {
  if (block.profile !== undefined) return catalogue.get(block.profile)
  const traffic = block.traffic ?? 'nccl'
  return [...catalogue.values()].find(
    ({ spec }) => spec.automatic === true && spec.traffic === traffic && isOnPlatform(spec, subject),
  )
}

/** Automatic profiles of one platform for one traffic: which of them a pod gets would depend on the order of files. */
export function rivalProfiles(profiles: readonly FabricProfileDocument[]): readonly Issue[] {
  const automatic = profiles.filter(({ spec }) => spec.automatic === true)
  const groups = Map.groupBy(automatic, ({ spec }) => `${spec.traffic} on ${spec.platform}`)
  return [...groups].flatMap(([what, [first, ...others]]) =>
    others.flatMap(other => {
      const at = `FabricProfile ${other.metadata.name}: spec.automatic`
      const problem = `FabricProfile ${first?.metadata.name} is automatic for ${what} already`
      const remedy = 'leave it to one of the two, and name the other in a policy'
      return blamedOn(first === undefined ? [other] : [other, first], [{ at, problem, remedy }])
    }),
  )
}

function isOnPlatform(spec: FabricProfileSpec, { instanceTypes, pod }: Subject): boolean {
  const known = new Set((spec.instances ?? []).map(instance => instance.type))
  if (instanceTypes.length > 0 && instanceTypes.every(type => known.has(type))) return true
  const selector = pod.spec.nodeSelector ?? {}
  return (spec.nodeLabels ?? []).some(({ key, values }) => {
    if (!Object.hasOwn(selector, key)) return false
    return values === undefined || values.includes(selector[key] ?? '')
  })
}

/**
 * Network devices for one container: floor(devices × its accelerators / accelerators of the instance), the smallest over
 * the instance types that the pod may land on, so that the pod fits each of them. A device is held by one pod alone, so
 * rounding up would keep a neighbour off the node.
 */
export function devicesFor(profile: FabricProfileDocument, subject: Subject, container: string): number {
  const { device, instances } = profile.spec
  if (device?.perPod !== undefined) return device.perPod
  const own = unitsOf(subject, container)
  const candidates = subject.instanceTypes.map(type => instances?.find(instance => instance.type === type))
  const hosts = candidates.filter(
    instance => instance === undefined || BigInt(instance.accelerators) >= unitsOf(subject),
  )
  const counts = hosts.map(instance => (instance === undefined ? 0 : share(instance, own)))
  return counts.length === 0 ? 0 : Math.min(...counts)
}

function share(instance: Instance, units: bigint): number {
  return Number((BigInt(instance.devices) * units) / BigInt(instance.accelerators))
}

// Whole devices only: a slice of a GPU has no claim on a network card.
function unitsOf({ demand }: Subject, container?: string): bigint {
  if (demand === undefined) return 0n
  return (container === undefined ? demand.total : (demand.perContainer.get(container) ?? 0n)) / MILLI
}
