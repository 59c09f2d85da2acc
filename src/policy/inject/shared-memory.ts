import type { InjectSpec } from '../../schema/inject.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { sameJson } from '../patch.ts'
import { acceleratedContainers, containerAt, type PlacedContainer, type Target } from './target.ts'
import { isSize } from './values.ts'

const SHARED_MEMORY = '/dev/shm'
const MAX_VOLUME_NAME_LENGTH = 63

/**
 * Mounts a memory-backed emptyDir. Presence is judged by the mount path, not by the name of the volume: people call it shm,
 * dshm, shmem or shared-memory, and a host path serves as well.
 */
export function injectSharedMemory(block: NonNullable<InjectSpec['sharedMemory']>, target: Target): void {
  const mountPath = block.mountPath ?? SHARED_MEMORY
  const lacking = acceleratedContainers(target.subject).filter(placed => !isMounted(placed, mountPath, target))
  if (lacking.length === 0) return
  const size = target.text({
    ...(block.sizeLimit === undefined ? {} : { value: block.sizeLimit }),
    ...(block.expression === undefined ? {} : { expression: block.expression }),
  })
  if (size === undefined) return
  if (!isSize(size)) {
    target.fail('sharedMemory: the expression gives no size')
    return
  }
  const name = addVolume(volumeName(mountPath), { emptyDir: { medium: 'Memory', sizeLimit: size } }, target)
  for (const placed of lacking) mount(placed, { name, mountPath }, target)
  target.record(`volume ${mountPath} ${size}`)
}

export function isMounted(placed: PlacedContainer, mountPath: string, target: Target): boolean {
  const mounts = containerAt(placed, target).volumeMounts ?? []
  return mounts.some(entry => withoutSlash(entry.mountPath) === withoutSlash(mountPath))
}

/** One for each place: two policies that mount two of them mean two. */
function volumeName(mountPath: string): string {
  if (withoutSlash(mountPath) === SHARED_MEMORY) return 'sluice-shm'
  const place = mountPath.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return ['sluice-shm', ...place].join('-').slice(0, MAX_VOLUME_NAME_LENGTH).replace(/-$/, '')
}

/** Declares a volume and returns its name: where another volume has the name, it gets the next that is free. */
export function addVolume(wanted: string, source: JsonObject, { patch }: Target): string {
  const volumes = (patch.get(['spec', 'volumes']) ?? []) as readonly JsonObject[]
  for (let number = 1; ; number += 1) {
    const name = numbered(wanted, number)
    const present = volumes.find(volume => volume.name === name)
    if (present === undefined) patch.append(['spec', 'volumes'], { name, ...source })
    if (present === undefined || sameJson(present, { name, ...source })) return name
  }
}

export function mount(placed: PlacedContainer, volumeMount: JsonObject, target: Target): void {
  target.patch.append([...placed.path, 'volumeMounts'], volumeMount)
}

/** `/dev/shm/` and `/dev/shm` are one place. */
export function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function numbered(name: string, number: number): string {
  if (number === 1) return name
  const suffix = `-${number}`
  return name.slice(0, MAX_VOLUME_NAME_LENGTH - suffix.length) + suffix
}
