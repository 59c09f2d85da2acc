import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { PlacedObject } from '../admission/objects.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { readObjects } from './yaml-objects.ts'

const MANIFEST = /\.(ya?ml|json)$/
const TEST_SUITE = /\.test\.ya?ml$/
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** Reads every object of a folder and the folders below it, in the order of their names. Test suites are passed over. */
export function readClusterFolder(folder: string): Parsed<readonly PlacedObject[]> {
  const issues: Issue[] = []
  const objects: PlacedObject[] = []
  for (const file of filesBelow(folder, issues)) {
    if (!MANIFEST.test(file) || TEST_SUITE.test(file)) continue
    const read = readObjectsOf(file)
    objects.push(...read.objects)
    issues.push(...read.issues)
  }
  return issues.length === 0 ? parsed(objects) : failed(...issues)
}

export function readObjectsOf(file: string): ReturnType<typeof readObjects> {
  const place = shortPath(file)
  try {
    if (statSync(file).size > MAX_FILE_BYTES) {
      return { objects: [], issues: [{ at: place, problem: `is larger than ${MAX_FILE_BYTES} bytes` }] }
    }
    return readObjects(readFileSync(file, 'utf8'), place)
  } catch (cause) {
    return { objects: [], issues: [unreadable(place, cause)] }
  }
}

/** The manifests below a folder, in the order of their names. */
export function manifestFilesBelow(folder: string): readonly string[] {
  return filesBelow(folder, []).filter(file => MANIFEST.test(file) && !TEST_SUITE.test(file))
}

/** The suites of tests below a folder, in the order of their names. */
export function testSuitesBelow(folder: string): Parsed<readonly string[]> {
  const issues: Issue[] = []
  const suites = filesBelow(folder, issues).filter(file => TEST_SUITE.test(file))
  return issues.length === 0 ? parsed(suites) : failed(...issues)
}

function filesBelow(folder: string, issues: Issue[]): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .filter(file => !relative(folder, file).split('/').includes('node_modules'))
      .toSorted()
  } catch (cause) {
    issues.push(unreadable(shortPath(folder), cause))
    return []
  }
}

/** What keeps a file from being read, in words. */
export function unreadable(at: string, cause: unknown): Issue {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const problem =
    code === 'ENOENT' ? 'does not exist' : `cannot be read: ${cause instanceof Error ? cause.message : code}`
  return { at, problem, remedy: 'give the path of a file or folder that this user may read' }
}

// People read relative paths, where they are shorter.
export function shortPath(path: string): string {
  const short = relative(process.cwd(), resolve(path))
  return short.startsWith('..') || short === '' ? path : short
}
