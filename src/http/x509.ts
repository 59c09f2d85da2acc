/** Loads the certificate library when it is needed: only a self-signed start is, and the library is large. */

export type X509 = typeof import('@peculiar/x509')

/**
 * The dependency injection inside the library refuses to load without the metadata functions of an old decorator
 * proposal, though none of its classes has anything injected. They are lent to it while it loads, so that no other
 * module sees a changed `Reflect`.
 */
export async function loadX509(): Promise<X509> {
  if ('getMetadata' in Reflect) return import('@peculiar/x509')
  const lent = metadataFunctions()
  Object.assign(Reflect, lent)
  try {
    return await import('@peculiar/x509')
  } finally {
    for (const name of Object.keys(lent)) Reflect.deleteProperty(Reflect, name)
  }
}

function metadataFunctions() {
  const metadata = new WeakMap<object, Map<unknown, unknown>>()
  const read = (key: unknown, target: object): unknown => metadata.get(target)?.get(key)
  return {
    getMetadata: read,
    getOwnMetadata: read,
    defineMetadata(key: unknown, value: unknown, target: object): void {
      metadata.set(target, (metadata.get(target) ?? new Map()).set(key, value))
    },
  }
}
