import { readFileSync } from 'node:fs'
import { shortPath, unreadable } from '../../config/cluster-folder.ts'
import { failed, type Parsed } from '../../schema/parsed.ts'

/** What is read of a file, or why it cannot be. */
export function textOf<T>(file: string, read: (text: string, place: string) => Parsed<T>): Parsed<T> {
  const place = shortPath(file)
  try {
    return read(readFileSync(file, 'utf8'), place)
  } catch (cause) {
    return failed(unreadable(place, cause))
  }
}
