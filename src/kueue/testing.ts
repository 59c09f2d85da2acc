/** Kueue's objects for tests: from YAML, and from a tree of quotas as its own tests have them. */
import assert from 'node:assert/strict'
import { stringify } from 'yaml'
import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { readClusterFolder } from '../config/cluster-folder.ts'
import { shippedLibrary } from '../config/root.ts'
import { readObjects } from '../config/yaml-objects.ts'
import type { Quotas } from '../quota/tiers.ts'
import { type AcceleratorClassDocument, parseDocument } from '../schema/documents.ts'
import { formatIssue, type Parsed } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue } from '../schema/testing.ts'
import { documentsOf, type Imported, importKueue } from './import.ts'

/** A quota in whole devices, as Kueue's tests have it. */
export interface QuotaDoc {
  readonly nominal: number
  readonly borrowingLimit: number | null
  readonly lendingLimit: number | null
}

/** By `flavor|resource`. */
type QuotaDocs = Readonly<Record<string, QuotaDoc>>

export interface TreeDoc {
  readonly cohorts: readonly {
    readonly name: string
    readonly parent: string | null
    readonly fairWeight?: number
    /** Named by others, and defined by nobody. */
    readonly implicit?: boolean
    readonly quotas: QuotaDocs
  }[]
  readonly queues: readonly {
    readonly name: string
    readonly cohort: string | null
    readonly fairWeight?: number
    readonly quotas: QuotaDocs
  }[]
}

const LIBRARY = parsedValue(readClusterFolder(shippedLibrary()))

export const SHIPPED: readonly AcceleratorClassDocument[] = LIBRARY.filter(
  ({ value }) => value.kind === 'AcceleratorClass',
)
  .map(({ value, at }) => parsedValue(parseDocument(value, at)))
  .flatMap(document => (document.kind === 'AcceleratorClass' ? [document] : []))

function importOf(yaml: string, accelerators: readonly string[] = []): Parsed<Imported> {
  const { objects, issues } = readObjects(yaml, 'kueue.yaml')
  assert.deepEqual(issues, [])
  return importKueue(objects, { accelerators, shipped: SHIPPED })
}

export function importedFrom(yaml: string, accelerators: readonly string[] = []): Imported {
  return parsedValue(importOf(yaml, accelerators))
}

/** Every issue of an import that must fail. */
export function issuesOf(yaml: string): readonly string[] {
  const result = importOf(yaml)
  return result.ok ? assert.fail('the import succeeded') : result.issues.map(formatIssue)
}

/** What admission makes of imported documents, by themselves. */
export function quotasOf(imported: Imported): Quotas {
  return parsedValue(assembleCluster(placed(imported))).quotas
}

/** What admission makes of imported documents over the shipped library, which is how a command loads them. */
export function clusterOf(imported: Imported): Cluster {
  return parsedValue(assembleCluster(LIBRARY, placed(imported)))
}

function placed(imported: Imported): readonly PlacedObject[] {
  return documentsOf(imported).map(document => {
    return { at: document.metadata.name, value: document as unknown as JsonObject }
  })
}

/** The finding that holds a text, as one line. */
export function findingWith(imported: Imported, text: string): string {
  const lines = imported.findings.map(
    ({ kind, at, object, field, meaning }) => `${kind}: ${at} ${object}: ${field}: ${meaning}`,
  )
  return lines.find(line => line.includes(text)) ?? assert.fail(`no finding holds ${text}:\n${lines.join('\n')}`)
}

/** A tree as the objects that an administrator would have written for it; a flavor without labels given gets one of its own. */
export function kueueYaml({ cohorts, queues }: TreeDoc, labels: ReadonlyMap<string, JsonObject> = new Map()): string {
  const named = cohorts.filter(({ implicit }) => implicit !== true)
  const objects = [
    ...flavorsIn([...cohorts, ...queues]).map(name =>
      object('ResourceFlavor', name, { nodeLabels: labels.get(name) ?? { pool: name } }),
    ),
    ...named.map(({ name, parent, fairWeight = 1, quotas }) =>
      object('Cohort', name, {
        ...(parent === null ? {} : { parentName: parent }),
        fairSharing: { weight: String(fairWeight) },
        resourceGroups: groupsOf(quotas),
      }),
    ),
    ...queues.map(({ name, cohort, fairWeight = 1, quotas }) =>
      object('ClusterQueue', name, {
        ...(cohort === null ? {} : { cohortName: cohort }),
        fairSharing: { weight: String(fairWeight) },
        namespaceSelector: {},
        resourceGroups: groupsOf(quotas),
      }),
    ),
  ]
  return objects.map(value => stringify(value)).join('---\n')
}

function object(kind: string, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: 'kueue.x-k8s.io/v1beta2', kind, metadata: { name }, spec }
}

function flavorsIn(owners: readonly { readonly quotas: QuotaDocs }[]): readonly string[] {
  return [...new Set(owners.flatMap(({ quotas }) => Object.keys(quotas).map(key => splitKey(key).flavor)))]
}

/** Flavors with the same resources stand in one group, as Kueue wants it. */
function groupsOf(quotas: QuotaDocs): readonly JsonObject[] {
  const entries = Object.entries(quotas).map(([key, quota]) => ({ ...splitKey(key), quota }))
  const flavors = [...Map.groupBy(entries, ({ flavor }) => flavor)]
  const groups = Map.groupBy(flavors, ([, own]) =>
    own
      .map(({ resource }) => resource)
      .toSorted()
      .join(),
  )
  return [...groups].map(([resources, members]) => ({
    coveredResources: resources.split(','),
    flavors: members.map(([name, own]) => ({
      name,
      resources: own.map(({ resource, quota: { nominal, borrowingLimit, lendingLimit } }) => ({
        name: resource,
        nominalQuota: nominal,
        ...(borrowingLimit === null ? {} : { borrowingLimit }),
        ...(lendingLimit === null ? {} : { lendingLimit }),
      })),
    })),
  }))
}

export function splitKey(key: string): { readonly flavor: string; readonly resource: string } {
  const [flavor = '', resource = ''] = key.split('|')
  return { flavor, resource }
}
