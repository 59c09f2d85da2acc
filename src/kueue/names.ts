/** The form of names, of Kueue's objects as of ours: a DNS subdomain of RFC 1123. */
const VALID = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const MAX_LENGTH = 253
// Leaves room for the number that tells two alike apart.
const MAX_STEM = MAX_LENGTH - 6

/**
 * A name of ours for each key, no two alike: the name that is wanted where it is valid and free, else one made of it. Valid names
 * are handed out first, so that what another name turns into never takes the name of an object that had it.
 */
export function distinctNames(wanted: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  const give = (key: string, name: string) => {
    names.set(key, name)
    taken.add(name)
  }
  for (const [key, name] of wanted) if (isName(name) && !taken.has(name)) give(key, name)
  for (const [key, name] of wanted) if (!names.has(key)) give(key, free(madeValid(name), taken))
  return names
}

function isName(name: string): boolean {
  return name.length <= MAX_LENGTH && VALID.test(name)
}

function madeValid(name: string): string {
  const parts = name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .slice(0, MAX_STEM)
    .split('.')
    .map(part => part.replace(/^-+|-+$/g, ''))
    .filter(part => part !== '')
  return parts.length === 0 ? 'unnamed' : parts.join('.')
}

function free(stem: string, taken: ReadonlySet<string>): string {
  let name = stem
  for (let next = 2; taken.has(name); next += 1) name = `${stem}-${next}`
  return name
}
