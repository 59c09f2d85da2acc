/**
 * 64 bits that stand for an id in a ledger, where ids may be long: two rounds of FNV-1a, in 14 characters. They are only ever looked up
 * together with a tenant, so what a collision costs stays with one tenant.
 */
export function idBits(id: string): string {
  return `${fnv1a(id, 0x811c9dc5)}${fnv1a(id, 0x01000193)}`
}

function fnv1a(text: string, seed: number): string {
  let hash = seed
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36).padStart(7, '0')
}
