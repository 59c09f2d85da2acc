/** The chart as Helm renders it. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { isObject, type JsonObject } from '../../../src/schema/parts.ts'
import { ROOT } from '../../support/sluice-process.ts'

export const CHART = join(ROOT, 'charts', 'sluice')
const VALUES = join(ROOT, 'test', 'chart', 'values')

/** The sets of values that the chart is rendered with, by name. */
export const VALUE_SETS = readdirSync(VALUES)
  .map(file => basename(file, '.yaml'))
  .toSorted()

const HELM = installed('helm')

/** The reason for `node:test` to skip what needs Helm; where it is required, a test without it fails instead. */
export const skipWithoutHelm: string | false =
  HELM === undefined && process.env.SLUICE_REQUIRE_HELM !== '1'
    ? 'helm is neither on PATH nor in the folder of Go'
    : false

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** On PATH, or where `go install` puts programs. */
export function installed(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), process.env.GOBIN ?? join(homedir(), 'go', 'bin')]
  return folders.map(folder => join(folder, program)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** `env` adds to this process's own: the cluster to speak to, where there is one. */
export function helm(args: readonly string[], env: Readonly<Record<string, string>> = {}): Finished {
  const { status, stdout, stderr } = spawnSync(helmProgram(), args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 16 * 1024 * 1024,
  })
  return { exitCode: status, stdout, stderr }
}

export function helmProgram(): string {
  if (HELM === undefined) throw new Error('SLUICE_REQUIRE_HELM is set, but helm is nowhere')
  return HELM
}

export function valuesOf(set: string): string {
  return join(VALUES, `${set}.yaml`)
}

/** The oldest version of Kubernetes that the chart is for: a Helm that was built from source takes any cluster for an ancient one. */
const KUBE_VERSION = '1.30.0'
const RELEASE = ['sluice', CHART, '--namespace', 'sluice-system', '--kube-version', KUBE_VERSION]

export function template(set: string, ...flags: readonly string[]): Finished {
  return helm(['template', ...RELEASE, '--values', valuesOf(set), ...flags])
}

export function lint(set: string): Finished {
  return helm(['lint', '--strict', '--kube-version', KUBE_VERSION, '--values', valuesOf(set), CHART])
}

const manifests = new Map<string, string>()

/** What would be applied, hooks included. */
export function manifestOf(set: string): string {
  const known = manifests.get(set)
  if (known !== undefined) return known
  const { exitCode, stdout, stderr } = template(set)
  if (exitCode !== 0) throw new Error(`helm template with ${set}: ${stderr}`)
  manifests.set(set, stdout)
  return stdout
}

export function objectsOf(set: string): readonly JsonObject[] {
  return parseAllDocuments(manifestOf(set)).map((document): JsonObject => {
    const object: unknown = document.toJS()
    if (!isObject(object)) throw new Error(`helm template with ${set}: a document is no object`)
    return object
  })
}

export function ofKind(set: string, ...kinds: readonly string[]): readonly JsonObject[] {
  return objectsOf(set).filter(({ kind }) => typeof kind === 'string' && kinds.includes(kind))
}
