const IMPLICIT_PREFIX = 'deviceclass.resource.kubernetes.io/'

/** The DRA device class that a resource name asks for without a claim: `deviceclass.resource.kubernetes.io/<class>`. */
export function implicitDeviceClass(resource: string): string | undefined {
  return resource.startsWith(IMPLICIT_PREFIX) ? resource.slice(IMPLICIT_PREFIX.length) : undefined
}

/** True for resources that device plugins and DRA offer; `cpu`, `hugepages-2Mi` and names of kubernetes.io are native. */
export function isExtendedResource(name: string): boolean {
  if (name.indexOf('/') <= 0) return false
  return !name.includes('kubernetes.io/') || name.startsWith(IMPLICIT_PREFIX)
}

/** The resource name that asks for a device of a DRA device class without a claim. */
export function implicitResource(deviceClass: string): string {
  return IMPLICIT_PREFIX + deviceClass
}
