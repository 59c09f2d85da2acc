import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

// Imports only go down: a module may use those of its own layer's folder and of every layer below.
const LAYERS: readonly (readonly string[])[] = [
  ['src/main.ts'],
  ['src/cli', 'src/http', 'src/web', 'src/kubernetes', 'src/prometheus', 'src/config', 'src/telemetry'],
  ['webhooks', 'src/controller', 'src/simulate'],
  ['src/admission'],
  ['src/policy', 'src/rebalance'],
  ['src/workload', 'src/gpu', 'src/quota', 'src/kueue'],
  ['src/schema', 'src/quantity'],
]

// Commands are where everything is put together, so they use their neighbours; quota and gpu know nothing of each other.
const SIDEWAYS: readonly (readonly [string, string])[] = [
  ['src/cli', 'src/http'],
  ['src/cli', 'src/config'],
  ['src/cli', 'src/telemetry'],
  ['src/cli', 'src/kubernetes'],
  ['src/cli', 'src/prometheus'],
  ['src/http', 'src/telemetry'],
  ['src/schema', 'src/quantity'],
  ['src/workload', 'src/gpu'],
  // Who is woken first when capacity returns is decided in one place, for a cluster and for a simulation of it.
  ['src/simulate', 'src/controller'],
  // The names and weights of MIG slices, and which labels name an instance type, are known in one place.
  ['src/kueue', 'src/gpu'],
]

const PURE = [
  'src/quantity',
  'src/schema',
  'src/gpu',
  'src/workload',
  'src/quota',
  'src/kueue',
  'src/policy',
  'src/rebalance',
  'src/simulate',
]

// One door each, so that a change of library is a change of one folder.
const ONLY_USERS: readonly (readonly [RegExp, ...string[]])[] = [
  [/^ajv/, 'src/schema'],
  [/^typebox/, 'src/schema'],
  [/^@marcbachmann\/cel-js/, 'src/policy/cel'],
  [/^re2js/, 'src/policy/cel'],
  [/^@kubernetes\/client-node/, 'src/kubernetes'],
  [/^express/, 'src/http'],
  [/^pino/, 'src/telemetry'],
  [/^prom-client/, 'src/telemetry'],
  [/^commander/, 'src/cli'],
  [/^yaml/, 'src/config', 'src/cli'],
]

interface Import {
  readonly from: string
  readonly target: string
}

const TEST_FILE = /(^testing|\.test|\.testing)\.ts$/

function sourceFiles(): readonly string[] {
  return ['src', 'webhooks'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !TEST_FILE.test(entry.name))
      .map(entry => relative(ROOT, join(entry.parentPath, entry.name))),
  )
}

function importsOf(file: string, source: string): readonly Import[] {
  const { module, errors } = parseSync(file, source)
  assert.deepEqual(errors, [], `${file} must parse`)
  const requests = [
    ...module.staticImports.map(entry => entry.moduleRequest.value),
    ...module.staticExports.flatMap(entry => entry.entries.flatMap(item => item.moduleRequest?.value ?? [])),
    ...module.dynamicImports.map(entry => source.slice(entry.moduleRequest.start + 1, entry.moduleRequest.end - 1)),
  ]
  return requests.map(target => ({
    from: file,
    target: target.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), target)) : target,
  }))
}

function folderOf(path: string): string | undefined {
  return LAYERS.flat()
    .filter(folder => path === folder || path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length)[0]
}

function layerOf(path: string): number {
  const layer = LAYERS.findIndex(folders => folders.some(folder => path === folder || path.startsWith(`${folder}/`)))
  assert.ok(layer >= 0, `${path} stands in no layer`)
  return layer
}

function violation({ from, target }: Import): string | undefined {
  const isOurs = target.startsWith('src/') || target.startsWith('webhooks/')
  if (!isOurs) return foreignViolation(from, target)
  const [own, other] = [folderOf(from), folderOf(target)]
  if (own === other) return undefined
  if (SIDEWAYS.some(([user, used]) => user === own && used === other)) return undefined
  return layerOf(target) > layerOf(from) ? undefined : `${from} imports ${target}, which is not below it`
}

function foreignViolation(from: string, target: string): string | undefined {
  const [, ...users] = ONLY_USERS.find(([library]) => library.test(target)) ?? []
  if (users.length > 0 && !users.some(user => from.startsWith(`${user}/`))) {
    return `${from} imports ${target}, which only ${users.join(' and ')} may use`
  }
  const isPure = PURE.some(folder => from.startsWith(`${folder}/`))
  return isPure && target.startsWith('node:') ? `${from} is pure but imports ${target}` : undefined
}

const files = sourceFiles()
const imports = files.flatMap(file => importsOf(file, readFileSync(join(ROOT, file), 'utf8')))

test('imports only go down, and each library has one user', () => {
  assert.deepEqual(
    imports.map(violation).filter(found => found !== undefined),
    [],
  )
})

test('the check has seen the modules and their imports', () => {
  assert.ok(files.length > 60, `only ${files.length} modules were seen`)
  assert.ok(imports.length > 2 * files.length, `only ${imports.length} imports were seen`)
  for (const folder of LAYERS.flat().filter(name => name !== 'src/main.ts')) {
    const exists = readdirSync(join(ROOT, dirname(folder))).includes(folder.split('/').at(-1) ?? '')
    if (exists)
      assert.ok(
        files.some(file => file.startsWith(`${folder}/`)),
        `no module was seen in ${folder}`,
      )
  }
})

test('a planted violation is found', () => {
  const planted = [
    ['src/quota/tree.ts', "import { x } from '../policy/patch.ts'", /not below/],
    ['src/quota/tree.ts', "import type { Demand } from '../gpu/demand.ts'", /not below/],
    ['src/kueue/quotas.ts', "import { compileQuotas } from '../quota/tiers.ts'", /not below/],
    ['src/gpu/demand.ts', "import { readFileSync } from 'node:fs'", /is pure/],
    ['src/admission/x.ts', "export { Ajv } from 'ajv'", /only src\/schema/],
    ['src/admission/x.ts', "const express = await import('express')", /only src\/http/],
    ['src/policy/x.ts', "import { y } from '../admission/denial.ts'", /not below/],
  ] as const
  for (const [file, source, want] of planted) {
    const found = importsOf(file, source).map(violation)
    assert.match(String(found), want, source)
  }
})

// A fault of the planner, or in the sums of the quota engine, must not be the checker's as well. What it runs of theirs is listed by name:
// how the ledger is read, how keys are made, and how amounts are written.
const CHECKER = 'src/rebalance/check'
const CHECKER_RUNS: ReadonlyMap<string, readonly string[]> = new Map([
  ['src/quota/persistent-map.ts', ['entries', 'find']],
  ['src/quota/claim.ts', ['claimKey']],
  ['src/quota/gang.ts', ['gangKey']],
  ['src/rebalance/snapshot.ts', ['DEFAULT_TERMS']],
  ['src/quantity/amount.ts', ['amount', 'formatGpus']],
  ['src/quantity/quantity.ts', ['ONE']],
  ['src/schema/parts.ts', ['TIERS']],
])

function borrowedByChecker(file: string, source: string): readonly string[] {
  return parseSync(file, source).module.staticImports.flatMap(({ moduleRequest, entries }) => {
    const target = relative(ROOT, resolve(ROOT, dirname(file), moduleRequest.value))
    if (target.startsWith(`${CHECKER}/`)) return []
    const names = entries.filter(({ isType }) => !isType).map(({ importName }) => importName.name ?? '*')
    const known = CHECKER_RUNS.get(target) ?? []
    return names.filter(name => !known.includes(name)).map(name => `${file} runs ${name} of ${target}`)
  })
}

test('the plan checker runs nothing of the planner, and none of the arithmetic of the quota engine', () => {
  const own = files.filter(file => file.startsWith(`${CHECKER}/`))
  assert.ok(own.length > 20, `only ${own.length} modules of the checker were seen`)
  assert.deepEqual(
    own.flatMap(file => borrowedByChecker(file, readFileSync(join(ROOT, file), 'utf8'))),
    [],
  )
  const planted = [
    ["import { planOf } from '../plan-of.ts'", /runs planOf of src\/rebalance\/plan-of.ts/],
    ["import { type Usage, used } from '../../quota/usage.ts'", /^src\/rebalance\/check\/x.ts runs used of/],
    ["import * as map from '../../quota/persistent-map.ts'", /runs \* of/],
  ] as const
  for (const [source, want] of planted) assert.match(borrowedByChecker(`${CHECKER}/x.ts`, source).join(), want)
})

test('pure modules know no clock, no chance and no process', () => {
  const impure = /\b(Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|setInterval|performance\.now)\b/
  const pure = files.filter(file => PURE.some(folder => file.startsWith(`${folder}/`)))
  const code = (file: string) => readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  assert.deepEqual(
    pure.filter(file => impure.test(code(file))),
    [],
  )
  assert.match('const now = Date.now()', impure)
})
