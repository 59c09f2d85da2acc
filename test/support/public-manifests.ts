/**
 * Manifests of public projects that create GPU pods, with an expert's word on each. They stand beside the repository, because they
 * are other people's files.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shippedClasses } from './accelerators.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/manifests', import.meta.url))

export const skip = existsSync(DATA) ? false : '../shared/data is absent: the public manifests are not reviewed'

export interface PublicManifest {
  /** The path within its project, which is unique. */
  readonly path: string
  readonly file: string
}

/** One pod template of a manifest, and what its pods ask for after the Kubernetes rule for init containers. */
export interface PublicTemplate {
  readonly path: string
  readonly kind: string
  readonly object: string
  readonly podspec: string
  readonly effective: Readonly<Record<string, number | 'UNRENDERED'>>
  readonly claims: readonly unknown[] | null
}

export function publicManifests(): readonly PublicManifest[] {
  if (skip !== false) return []
  return lines('manifests.tsv')
    .slice(1)
    .map(line => line.split('\t'))
    .map(([repo = '', path = '']) => ({ path, file: join(DATA, 'files', repo.replace('/', '+'), path) }))
}

export function publicTemplates(): readonly PublicTemplate[] {
  return skip === false ? lines('templates.jsonl').map(line => JSON.parse(line)) : []
}

function lines(file: string): readonly string[] {
  return readFileSync(join(DATA, file), 'utf8').trimEnd().split('\n')
}

/** What a user of the templates would fill in for two p5.48xlarge. */
const VALUES: Readonly<Record<string, string>> = {
  NAMESPACE: 'tenant',
  NUM_NODES: '2',
  INSTANCE_TYPE: 'p5.48xlarge',
  GPU_PER_NODE: '8',
  GPUS_PER_NODE: '8',
  NUM_GPU_PER_NODE: '8',
  EFA_PER_NODE: '32',
  NUM_EFA_PER_NODE: '32',
  FI_PROVIDER: 'efa',
  FI_EFA_USE_DEVICE_RDMA: '1',
  HEAD_CPU: '4',
  HEAD_MEMORY: '16Gi',
  WORKER_CPU: '90',
  WORKER_MEMORY: '1000Gi',
  CPU_REQUEST: '90',
  CPU_LIMIT: '96',
  MEMORY_REQUEST: '1000Gi',
  MEMORY_LIMIT: '1100Gi',
  SHM_SIZE: '200Gi',
  NCCL_DEBUG: 'WARN',
}

/** A manifest as `envsubst` would render it. Variables of scripts stay. */
export function rendered({ file }: PublicManifest, values: Readonly<Record<string, string>> = {}): string {
  const known = new Map(Object.entries({ ...VALUES, ...values }))
  return readFileSync(file, 'utf8').replace(
    /\$(?:\{([A-Z_]+)\}|([A-Z_]+))/g,
    (variable, braced, bare) => known.get(braced ?? bare) ?? variable,
  )
}

/** A cluster with quota of every class for one tenant, so that policies decide and everything is counted. */
export function generousCluster(more: readonly string[] = []): string {
  const classes = [...shippedClasses().map(({ metadata }) => metadata.name), ...more]
  // Where nothing else tells the instances, those of the default class do.
  const types = (name: string) => (name === 'h100' ? ', instanceTypes: [p5.48xlarge]' : '')
  return `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: all}
spec:
  classes:
${classes.map(name => `  - {class: ${name}, capacity: {gpus: 10000}${types(name)}}`).join('\n')}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: tenant}
spec:
  namespaces: [tenant, other]
  cohort: all
  classes:
${classes.map(name => `  - {class: ${name}, reserved: 10000}`).join('\n')}
`
}
