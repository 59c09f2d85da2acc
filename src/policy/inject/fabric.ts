import type { InjectSpec } from '../../schema/inject.ts'
import { devicesFor, profileFor } from '../fabric.ts'
import { asksFor, requestDevice } from './devices.ts'
import { setVariable } from './env.ts'
import { injectKeyed } from './keyed.ts'
import { addVolume, isMounted, mount } from './shared-memory.ts'
import { acceleratedWorkers, containerAt, type PlacedContainer, type Target } from './target.ts'

/** Gives a pod what its platform's network needs. A pod that gets no device gets none of the tuning for it either. */
export function injectFabric(block: NonNullable<InjectSpec['fabric']>, target: Target): void {
  const profile = profileFor(block, target.subject, target.surroundings.fabric)
  if (profile === undefined) return
  // Networks are attached to a pod's own containers: an initialiser has nothing to say over them yet.
  const users = acceleratedWorkers(target.subject)
  const connected =
    profile.spec.device === undefined ? users : connect(profile.spec.device.resource, users, profile, target)
  if (connected.length === 0) return

  for (const placed of connected) {
    for (const { name, value } of profile.spec.env ?? []) setVariable(placed, name, value, 'whenAbsent', target)
    for (const capability of profile.spec.capabilities ?? []) addCapability(placed, capability, target)
    mountVolumes(placed, profile.spec.volumes ?? [], target)
  }
  injectKeyed('annotation', profile.spec.podAnnotations ?? [], target)
}

type Profile = NonNullable<ReturnType<typeof profileFor>>

/** Asks for the device where nobody has, and returns the containers that have it now. */
function connect(resource: string, users: readonly PlacedContainer[], profile: Profile, target: Target) {
  if (asksFor(resource, target)) return users.filter(placed => hasResource(placed, resource, target))
  return users.filter(placed => {
    const count = devicesFor(profile, target.subject, placed.name)
    if (count > 0) requestDevice(placed, resource, count, 'enforce', target)
    return count > 0
  })
}

function hasResource(placed: PlacedContainer, resource: string, target: Target): boolean {
  const limits = containerAt(placed, target).resources?.limits
  return limits !== undefined && Object.hasOwn(limits, resource)
}

function addCapability(placed: PlacedContainer, capability: string, target: Target): void {
  const { privileged, capabilities } = containerAt(placed, target).securityContext ?? {}
  const present = capabilities?.add ?? []
  if (privileged === true || present.includes(capability) || present.includes('ALL')) return
  target.patch.append([...placed.path, 'securityContext', 'capabilities', 'add'], capability)
  target.record(`capability ${capability}`)
}

function mountVolumes(placed: PlacedContainer, volumes: NonNullable<Profile['spec']['volumes']>, target: Target): void {
  for (const { name: wanted, mountPath, readOnly, source } of volumes) {
    if (isMounted(placed, mountPath, target)) continue
    const name = addVolume(wanted, source, target)
    mount(placed, { name, mountPath, ...(readOnly === undefined ? {} : { readOnly }) }, target)
    target.record(`volume ${mountPath}`)
  }
}
