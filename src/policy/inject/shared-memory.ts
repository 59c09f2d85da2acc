import type { InjectSpec } from '../../schema/inject.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { acceleratedContainers, type PlacedContainer, type Target } from './target.ts'

const VOLUME_NAME = 'sluice-shm'

/**
 * Mounts a memory-backed emptyDir. Presence is judged by the mount path, not by the name of the volume: people call it shm,
 * dshm, shmem or shared-memory, and a host path serves as well.
 */
export function injectSharedMemory(block: NonNullable<InjectSpec['sharedMemory']>, target: Target): void {
  const mountPath = block.mountPath ?? '/dev/shm'
  const lacking = acceleratedContainers(target.subject).filter(placed => !isMounted(placed, mountPath))
  if (lacking.length === 0) return
  const size = target.text({
    ...(block.sizeLimit === undefined ? {} : { value: block.sizeLimit }),
    ...(block.expression === undefined ? {} : { expression: block.expression }),
  })
  if (size === undefined) return

  addVolume(VOLUME_NAME, { emptyDir: { medium: 'Memory', sizeLimit: size } }, target)
  for (const placed of lacking) mount(placed, { name: VOLUME_NAME, mountPath }, target)
  target.record(`volume ${mountPath} ${size}`)
}

export function isMounted({ container }: PlacedContainer, mountPath: string): boolean {
  return (container.volumeMounts ?? []).some(entry => withoutSlash(entry.mountPath) === withoutSlash(mountPath))
}

export function addVolume(name: string, source: JsonObject, target: Target): void {
  const volumes = (target.patch.get(['spec', 'volumes']) ?? []) as readonly JsonObject[]
  if (!volumes.some(volume => volume.name === name)) target.patch.append(['spec', 'volumes'], { name, ...source })
}

export function mount(placed: PlacedContainer, volumeMount: JsonObject, target: Target): void {
  target.patch.append([...placed.path, 'volumeMounts'], volumeMount)
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
