/** The way back from the lines of a rejected plan, as whoever is sent them goes it. */
import { gunzipSync } from 'node:zlib'

// biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
export function unpacked(lines: readonly string[]): any {
  return JSON.parse(gunzipSync(Buffer.from(lines.join(''), 'base64')).toString())
}
