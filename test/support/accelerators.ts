import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { ClaimLookup, ClaimSource } from '../../src/gpu/claims.ts'
import type { ClassTable } from '../../src/gpu/class-table.ts'
import { compileClasses } from '../../src/gpu/classes.ts'
import { type Demand, type DemandResult, demandOf } from '../../src/gpu/demand.ts'
import { type AcceleratorClassDocument, parseDocument } from '../../src/schema/documents.ts'
import { formatIssue } from '../../src/schema/parsed.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { type Pod, parsePod } from '../../src/schema/pod.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The classes as they ship, read from `policies/classes`. */
export function shippedClasses(): readonly AcceleratorClassDocument[] {
  const folder = join(ROOT, 'policies', 'classes')
  const files = readdirSync(folder).filter(file => file.endsWith('.yaml'))
  return files.toSorted().flatMap(file => classesIn(readFileSync(join(folder, file), 'utf8'), file))
}

/** The classes of a YAML text; a text that holds anything else fails the test. */
export function classesIn(text: string, at = 'test'): readonly AcceleratorClassDocument[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true })
  assert.ok(Array.isArray(documents), `${at} is empty`)
  return documents.map(document => {
    assert.deepEqual(document.errors, [], at)
    const result = parseDocument(document.toJS(), at)
    assert.ok(result.ok, result.ok ? '' : result.issues.map(formatIssue).join('\n'))
    assert.equal(result.value.kind, 'AcceleratorClass', at)
    return result.value as AcceleratorClassDocument
  })
}

export function tableOf(documents: readonly AcceleratorClassDocument[]): ClassTable {
  const compiled = compileClasses(documents)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.issues.map(formatIssue).join('\n'))
  return compiled.value
}

let shipped: ClassTable | undefined

export function shippedTable(): ClassTable {
  shipped ??= tableOf(shippedClasses())
  return shipped
}

export function podOf(spec: unknown, metadata: unknown = {}): Pod {
  const parsed = parsePod({ metadata, spec })
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.issues.map(formatIssue).join('\n'))
  return parsed.value
}

/** A pod of one container with these limits. */
export function limitsPod(limits: JsonObject, spec: JsonObject = {}, metadata: JsonObject = {}): Pod {
  return podOf({ containers: [{ name: 'main', resources: { limits } }], ...spec }, metadata)
}

/** Claim specs by name; everything else is missing. */
export function claimLookup(found: Readonly<Record<string, JsonObject>> = {}): ClaimLookup {
  const lookUp = (_namespace: string, name: string): ClaimSource =>
    Object.hasOwn(found, name) ? { kind: 'found', spec: found[name] ?? {} } : { kind: 'missing' }
  return { template: lookUp, claim: lookUp }
}

export interface Setting {
  readonly classes?: ClassTable
  readonly claims?: ClaimLookup
  readonly namespaceLabels?: Readonly<Record<string, string>>
}

export function resultFor(pod: Pod, setting: Setting = {}): DemandResult {
  const { classes = shippedTable(), claims = claimLookup(), namespaceLabels = {} } = setting
  return demandOf(pod, 'team-a', { classes, claims, namespaceLabels })
}

export function demandFor(pod: Pod, setting: Setting = {}): Demand {
  const result = resultFor(pod, setting)
  assert.equal(
    result.kind,
    'demand',
    JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
  )
  return (result as Extract<DemandResult, { kind: 'demand' }>).demand
}

/** Milli-GPU by class, as tables of tests write it. */
export function amountsOf(demand: Demand): Readonly<Record<string, number>> {
  return Object.fromEntries([...demand.byClass].map(([name, milliGpus]) => [name, Number(milliGpus)]))
}
