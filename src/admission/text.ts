/**
 * Text from tenants ends up on terminals and in logs. Terminals obey escape sequences, kubectl prints what it is given, and the API
 * server drops a warning that holds a line break, so everything foreign is brought to one line of printable ASCII.
 */
export function asciiLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[^\x20-\x7e]/g, character => SUBSTITUTES.get(character) ?? '?')
}

const SUBSTITUTES: ReadonlyMap<string, string> = new Map([
  ['\u2018', "'"],
  ['\u2019', "'"],
  ['\u201c', '"'],
  ['\u201d', '"'],
  ['\u2013', '-'],
  ['\u2014', '-'],
  ['\u2026', '...'],
])

/** A name or value of a tenant's, quoted and cut. */
export function quoted(text: string, maxLength = 63): string {
  return `"${truncate(asciiLine(text), maxLength).replaceAll('"', "'")}"`
}

export function truncate(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 3)}...`
}
