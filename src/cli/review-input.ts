import { readFileSync, statSync } from 'node:fs'
import type { PlacedObject } from '../admission/objects.ts'
import { manifestFilesBelow, readObjectsOf, shortPath } from '../config/cluster-folder.ts'
import { hasActions, type LeftOut, withoutActions } from '../config/template-text.ts'
import { readObjects } from '../config/yaml-objects.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'

/** The manifests of one file, and what in it could not be read. */
export interface ManifestInput {
  readonly file: string
  readonly objects: readonly PlacedObject[]
  readonly issues: readonly Issue[]
  /** Lines of an unrendered template: what they would write is not in the objects. */
  readonly leftOut: readonly LeftOut[]
}

const STDIN = '-'
const MAX_BYTES = 4 * 1024 * 1024

/** Reads each path: a file, a folder with all manifests below it, or `-` for standard input. */
export function readInputs(paths: readonly string[]): readonly ManifestInput[] {
  return paths.flatMap(path => (isFolder(path) ? readFolder(path) : [readNamed(path)]))
}

function isFolder(path: string): boolean {
  return path !== STDIN && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function readFolder(folder: string): readonly ManifestInput[] {
  const files = manifestFilesBelow(folder)
  if (files.length > 0) return files.map(readInput)
  const issue = { at: shortPath(folder), problem: 'holds no manifests', remedy: 'they end in .yaml, .yml or .json' }
  return [{ file: folder, objects: [], issues: [issue], leftOut: [] }]
}

// Whoever names a file means to have something in it: an empty one is most often what a broken pipe has left.
function readNamed(path: string): ManifestInput {
  const input = readInput(path)
  if (input.objects.length > 0 || input.issues.length > 0) return input
  const at = path === STDIN ? input.file : shortPath(path)
  return { ...input, issues: [{ at, problem: 'holds no objects', remedy: 'give at least one manifest' }] }
}

function readInput(path: string): ManifestInput {
  const file = path === STDIN ? '(stdin)' : path
  const place = path === STDIN ? file : shortPath(path)
  try {
    const size = path === STDIN ? 0 : statSync(path).size
    const bytes = size > MAX_BYTES ? undefined : readFileSync(path === STDIN ? 0 : path)
    if (bytes === undefined || bytes.length > MAX_BYTES) {
      return unreadable(file, { at: place, problem: 'is larger than 4 MiB', remedy: 'split it' })
    }
    const text = utf8(bytes)
    return text === undefined ? unreadable(file, notText(bytes, place)) : { file, ...readText(text, place) }
  } catch {
    // The reader of files knows the words for what is missing or may not be read.
    return { file, objects: [], issues: readObjectsOf(path).issues, leftOut: [] }
  }
}

function unreadable(file: string, issue: Issue): ManifestInput {
  return { file, objects: [], issues: [issue], leftOut: [] }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return bytes.includes(0) ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function notText(bytes: Uint8Array, place: string): Issue {
  const decoded = new TextDecoder().decode(bytes)
  const line = decoded.slice(0, decoded.search(/[\0\ufffd]/)).split('\n').length
  return { at: `${place}:${line}`, problem: 'is not UTF-8 text', remedy: 'save it as UTF-8' }
}

type Read = Omit<ManifestInput, 'file'>

function readText(text: string, place: string): Read {
  const plain = readObjects(text, place)
  if (!hasActions(text) || (plain.issues.length === 0 && isKept(text, plain.objects))) {
    return { objects: withKind(plain.objects), issues: [...plain.issues, ...withoutKind(plain.objects)], leftOut: [] }
  }
  const template = withoutActions(text)
  const read = readObjects(template.text, place)
  const objects = read.objects.map(({ at, value }) => ({ at, value: template.restore(value) as JsonObject }))
  const issues = read.issues.map(issue => ({ ...issue, remedy: 'it is a template: render it first' }))
  return { objects: withKind(objects), issues: [...issues, ...withoutKind(objects)], leftOut: template.leftOut }
}

// An unquoted `{{ x }}` is a map within a map to YAML. Where every action is in a text that was read, none was taken for one.
function isKept(text: string, objects: readonly PlacedObject[]): boolean {
  const count = (source: string) => source.split(/\{\{|\{%/).length
  return count(text.replace(/^\s*#.*$/gm, '')) === count(JSON.stringify(objects.map(({ value }) => value)))
}

function withKind(objects: readonly PlacedObject[]): readonly PlacedObject[] {
  return objects.filter(isTyped)
}

function withoutKind(objects: readonly PlacedObject[]): readonly Issue[] {
  return objects
    .filter(object => !isTyped(object))
    .map(({ at }) => ({ at, problem: 'has no apiVersion and kind', remedy: 'give a manifest, not the values of one' }))
}

function isTyped({ value: { apiVersion, kind } }: PlacedObject): boolean {
  return typeof apiVersion === 'string' && typeof kind === 'string'
}
