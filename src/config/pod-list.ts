import { readFileSync, statSync } from 'node:fs'
import type { PlacedObject } from '../admission/objects.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { isObject, type JsonValue } from '../schema/parts.ts'
import { shortPath, unreadable } from './cluster-folder.ts'
import { objectsOf, readObjects } from './yaml-objects.ts'

const STDIN = '-'
// A pod is 8 to 20 kB as kubectl prints it, so 25,000 pods fit. V8 has no strings of more than 2^29 characters.
const MAX_BYTES = 500 * 1024 * 1024

/**
 * Reads what `kubectl get pods -A -o json` (or yaml) prints: a List, single pods, several documents; `-` is standard input.
 * JSON is read some thirty times faster (10,000 pods of 19 kB in ten seconds), which matters from a hundred pods on.
 */
export function readPodList(path: string): Parsed<readonly PlacedObject[]> {
  const place = path === STDIN ? '(stdin)' : shortPath(path)
  try {
    if (path !== STDIN && statSync(path).size > MAX_BYTES) return tooLarge(place)
    const bytes = readFileSync(path === STDIN ? 0 : path)
    return bytes.length > MAX_BYTES ? tooLarge(place) : podsOf(bytes.toString('utf8'), place)
  } catch (cause) {
    return failed(unreadable(place, cause))
  }
}

function podsOf(text: string, place: string): Parsed<readonly PlacedObject[]> {
  if (text.trim() === '')
    return failed({ at: place, problem: 'is empty', remedy: 'kubectl get pods -A -o json > pods.json' })
  const json = text.trimStart().startsWith('{') ? jsonOf(text) : undefined
  if (json !== undefined) return fromJson(json, place)
  const { objects, issues } = readObjects(text, place)
  return issues.length === 0 ? parsed(objects) : failed(...issues)
}

/** Undefined where it is YAML after all, of which JSON is a part: the reader of YAML says what is wrong and where. */
function jsonOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fromJson(value: JsonValue, place: string): Parsed<readonly PlacedObject[]> {
  if (!isObject(value)) return failed({ at: place, problem: 'is not an object with apiVersion and kind' })
  try {
    return parsed(objectsOf(value, place))
  } catch (cause) {
    return failed(unreadable(place, cause))
  }
}

function tooLarge(place: string): Parsed<never> {
  return failed({
    at: place,
    problem: `is larger than ${MAX_BYTES} bytes`,
    remedy: 'leave out pods that ask for no accelerator',
  })
}
