/**
 * Writes what is generated from the schemas and the tables: CRD manifests, defaults of the chart and reference pages. With `--check` it writes nothing
 * and fails when a file is not what would be written, so that a change of a schema and its manifests land together.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { codesPage } from '../admission/codes-page.ts'
import { readClusterFolder } from '../config/cluster-folder.ts'
import { packageRoot, shippedLibrary } from '../config/root.ts'
import { customResourceDefinition } from '../schema/crd.ts'
import { type GpuPolicyDocument, KINDS, parseDocument } from '../schema/documents.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { JsonValue } from '../schema/parts.ts'
import { referencePage } from '../schema/reference.ts'
import { chartPage, valuesFile } from './chart-values.ts'
import { loadCluster } from './cluster.ts'
import { webhookManifests, webhookTemplate } from './webhook-manifests.ts'

// kubectl and Helm read YAML 1.1, where a plain On or Off is a boolean.
const READ_BY_KUBECTL = { version: '1.1' } as const

interface GeneratedFile {
  readonly path: string
  readonly content: string
}

function generated(): readonly GeneratedFile[] {
  const crds = KINDS.map(kind => ({
    path: `charts/sluice/crds/${kind.plural}.yaml`,
    content: `# Generated from src/schema by npm run generate: do not edit.\n${stringify(customResourceDefinition(kind), { lineWidth: 120, ...READ_BY_KUBECTL })}`,
  }))
  const values = chartValues()
  const cluster = loadCluster(undefined)
  if (!cluster.ok) throw new Error(cluster.issues.map(formatIssue).join('\n'))
  return [
    ...crds,
    { path: 'charts/sluice/values.yaml', content: valuesFile(values) },
    { path: 'charts/sluice/templates/webhooks.yaml', content: webhookTemplate(cluster.value) },
    { path: 'webhooks/manifests/webhooks.yaml', content: webhookManifests(cluster.value) },
    { path: 'docs/reference/chart.md', content: chartPage(values) },
    { path: 'docs/reference/api.md', content: referencePage(KINDS) },
    { path: 'docs/reference/codes.md', content: codesPage(shippedPolicies()) },
  ]
}

function chartValues(): JsonValue {
  return JSON.parse(readFileSync(join(packageRoot(), 'charts/sluice/values.schema.json'), 'utf8'))
}

function shippedPolicies(): readonly GpuPolicyDocument[] {
  const objects = readClusterFolder(shippedLibrary())
  if (!objects.ok) throw new Error(objects.issues.map(issue => `${issue.at}: ${issue.problem}`).join('\n'))
  return objects.value
    .filter(({ value }) => value.kind === 'GpuPolicy')
    .map(({ value, at }) => parseDocument(value, at))
    .flatMap(document => (document.ok && document.value.kind === 'GpuPolicy' ? [document.value] : []))
}

function isCurrent({ path, content }: GeneratedFile): boolean {
  try {
    return readFileSync(join(packageRoot(), path), 'utf8') === content
  } catch {
    return false
  }
}

const stale = generated().filter(file => !isCurrent(file))
if (process.argv.includes('--check')) {
  for (const { path } of stale) process.stderr.write(`${path} is out of step: run npm run generate\n`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const { path, content } of stale) {
    const file = join(packageRoot(), path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    process.stdout.write(`wrote ${path}\n`)
  }
}
