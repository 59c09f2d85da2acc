import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { assembleCluster } from '../admission/cluster.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { shortPath } from '../config/cluster-folder.ts'
import { documentsOf, type Imported, importKueue } from '../kueue/import.ts'
import { type AcceleratorClassDocument, parseDocument, type SluiceDocument } from '../schema/documents.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { complain, readLayers } from './cluster.ts'
import { importReport } from './import-report.ts'
import { readInputs } from './review-input.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

export interface ImportKueueOptions {
  readonly files: readonly string[]
  readonly outputDir?: string
  readonly accelerators: readonly string[]
}

/** `sluice import kueue`: the documents on standard output or in a folder, and what to know about them on standard error. */
export function importFromKueue(options: ImportKueueOptions, terminal: Terminal): ExitCode {
  const checked = importChecked(options)
  if (!checked.ok) {
    complain(checked.issues, terminal)
    return EXIT.badInput
  }
  const { imported, warnings } = checked.value
  const files = filesOf(imported)
  if (options.outputDir === undefined) {
    terminal.out([...files.values()].join('---\n').trimEnd())
  } else {
    const written = writeFiles(options.outputDir, files)
    if (!written.ok) {
      complain(written.issues, terminal)
      return EXIT.badInput
    }
    for (const path of written.value) terminal.out(`wrote ${path}`)
  }
  terminal.err(importReport(imported, warnings, terminal))
  return EXIT.yes
}

interface Checked {
  readonly imported: Imported
  /** What is odd about the quotas as Sluice sees them. */
  readonly warnings: readonly Issue[]
}

/** Nothing is written that would not load. */
function importChecked({ files, accelerators }: ImportKueueOptions): Parsed<Checked> {
  const inputs = readInputs(files)
  const layers = readLayers(undefined)
  const issues = [...inputs.flatMap(input => input.issues), ...(layers.ok ? [] : layers.issues)]
  if (!layers.ok || issues.length > 0) return failed(...issues)

  const objects = inputs.flatMap(input => input.objects)
  const imported = importKueue(objects, { accelerators, shipped: classesAmong(layers.value.flat()) })
  if (!imported.ok) return imported
  const own = documentsOf(imported.value).map(placed)
  const cluster = assembleCluster(...layers.value, own)
  return cluster.ok ? parsed({ imported: imported.value, warnings: cluster.value.warnings }) : cluster
}

function classesAmong(objects: readonly PlacedObject[]): readonly AcceleratorClassDocument[] {
  return objects
    .filter(({ value }) => value.kind === 'AcceleratorClass')
    .map(({ value, at }) => parseDocument(value, at))
    .flatMap(result => (result.ok && result.value.kind === 'AcceleratorClass' ? [result.value] : []))
}

function placed(document: SluiceDocument): PlacedObject {
  return { at: `${document.kind} ${document.metadata.name}`, value: document as unknown as JsonObject }
}

/** File names with their texts, in the order in which a reader understands them. */
function filesOf({ classes, yielding, cohorts, tenants }: Imported): ReadonlyMap<string, string> {
  const sets: readonly (readonly [string, string, readonly SluiceDocument[]])[] = [
    ['classes.yaml', 'One class for each flavor and accelerator resource that Kueue has quota for.', classes],
    [
      'shipped-classes.yaml',
      'Classes that Sluice ships, written again: what they share with the imported ones counts in those.',
      yielding,
    ],
    [
      'cohorts.yaml',
      'Cohorts of Kueue. capacity is what is promised in each: replace it by the true number, or by a nodeSelector.',
      cohorts,
    ],
    [
      'tenants.yaml',
      'One tenant for each ClusterQueue: its nominal quota is reserved, what it borrows is burst.',
      tenants,
    ],
  ]
  return new Map(
    sets
      .filter(([, , documents]) => documents.length > 0)
      .map(([name, comment, documents]) => [name, `# ${comment}\n${documents.map(yamlOf).join('---\n')}`]),
  )
}

function yamlOf(document: SluiceDocument): string {
  // kubectl reads YAML 1.1, where a plain `on` (which may be a namespace) is a boolean.
  return stringify(document, { version: '1.1', lineWidth: 120, indentSeq: false, aliasDuplicateObjects: false })
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): Parsed<readonly string[]> {
  const paths = [...files].map(([name, text]) => ({ path: join(folder, name), text }))
  const existing = paths.filter(({ path }) => existsSync(path))
  if (existing.length > 0) {
    const remedy = 'remove it, or give another folder'
    return failed(...existing.map(({ path }) => ({ at: shortPath(path), problem: 'is there already', remedy })))
  }
  try {
    mkdirSync(folder, { recursive: true })
    for (const { path, text } of paths) writeFileSync(path, text, { flag: 'wx' })
    return parsed(paths.map(({ path }) => shortPath(path)))
  } catch (cause) {
    const problem = `cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`
    return failed({ at: shortPath(folder), problem, remedy: 'give a folder that this user may write to' })
  }
}
