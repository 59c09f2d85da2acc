/*
 * NVIDIA multi-instance GPU. A profile `3g.40gb` is three compute slices with 40 GB of memory; the device plugin offers it as
 * `nvidia.com/mig-3g.40gb`, with the `+` of an extension written as a dot (`1g.10gb+me` → `mig-1g.10gb.me`).
 */

const RESOURCE_PREFIX = 'nvidia.com/mig-'
const RESOURCE_SUFFIX = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
// Compute instances (`1c.3g.40gb`) share the slices of their `g`; counting the `g` never counts too little.
const PROFILE = /^(?:\d{1,2}c\.)?([1-9]\d?)g\.\d{1,4}gb(?:[.+-].*)?$/
const MENTIONED_PROFILE = /\b[1-9]\d?g\.\d{1,4}gb/g

/** Compute slices of the models that no class describes: seven on every data-centre model but A30 and RTX PRO 6000. */
export const USUAL_SLICES = 7

export function migResource(profile: string): string {
  return RESOURCE_PREFIX + profile
}

/** The profile that a resource name asks for, or undefined when it is no MIG resource. */
export function migProfileOf(resource: string): string | undefined {
  return resource.startsWith(RESOURCE_PREFIX) ? resource.slice(RESOURCE_PREFIX.length) : undefined
}

/** The compute slices of a profile, or undefined when the text is not one. */
export function computeSlices(profile: string): number | undefined {
  const slices = PROFILE.exec(profile)?.[1]
  return slices === undefined ? undefined : Number(slices)
}

/** True when the profile can stand in a resource name. */
export function isResourceProfile(profile: string): boolean {
  return RESOURCE_SUFFIX.test(profile) && computeSlices(profile) !== undefined
}

/**
 * Milli-GPUs of one device of a profile: floor(1000 × g / slices), so that the seven 1g devices of a GPU stay within it.
 * A text that is no profile counts as a whole GPU: it asks for something of NVIDIA's, and nothing says that it is less.
 */
export function migWeight(profile: string, slices: number): bigint {
  return sliceWeight(computeSlices(profile) ?? slices, slices)
}

/** Milli-GPUs of some of the compute slices of a GPU; a profile of another model may have more than there are. */
export function sliceWeight(asked: number, slices: number): bigint {
  return BigInt(Math.floor((1000 * Math.min(asked, slices)) / slices))
}

/** The profiles that a text names, such as a CEL selector. */
export function mentionedProfiles(text: string): readonly string[] {
  return text.match(MENTIONED_PROFILE) ?? []
}
