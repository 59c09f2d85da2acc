import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parse } from 'yaml'
import type { PlacedObject } from '../admission/objects.ts'
import { type CaseResult, runSuite } from '../admission/policy-suite.ts'
import { readClusterFolder, readObjectsOf, shortPath, testSuitesBelow } from '../config/cluster-folder.ts'
import { shippedLibrary } from '../config/root.ts'
import { failed, type Parsed } from '../schema/parsed.ts'
import { type PolicySuite, parsePolicySuite } from '../schema/policy-suite.ts'
import { complain } from './cluster.ts'
import { EXIT, type ExitCode, paintFor, type Terminal } from './terminal.ts'

export interface TestOptions {
  readonly folders: readonly string[]
  readonly output: 'text' | 'json'
}

interface SuiteResult {
  readonly suite: string
  readonly cases: readonly CaseResult[]
}

/** `sluice test`: runs the suites beside the policies of each folder, with the engine that admission uses. */
export function test(options: TestOptions, terminal: Terminal): ExitCode {
  const folders = options.folders.length === 0 ? [shippedLibrary()] : options.folders
  const results: SuiteResult[] = []
  for (const folder of folders) {
    const outcome = testFolder(folder)
    if (!outcome.ok) {
      complain(outcome.issues, terminal)
      return EXIT.badInput
    }
    results.push(...outcome.value)
  }
  if (results.length === 0) {
    complain(
      [{ at: folders.join(', '), problem: 'holds no *.test.yaml', remedy: 'write a suite beside the policy' }],
      terminal,
    )
    return EXIT.badInput
  }
  show(results, options, terminal)
  return results.some(({ cases }) => cases.some(isFailed)) ? EXIT.no : EXIT.yes
}

function testFolder(folder: string): Parsed<readonly SuiteResult[]> {
  const suites = testSuitesBelow(folder)
  const library = readClusterFolder(shippedLibrary())
  const own = readClusterFolder(folder)
  if (!suites.ok) return suites
  if (!library.ok) return library
  if (!own.ok) return own
  // The library's own folder is not laid over itself.
  const isLibrary = own.value.every(({ at }) => library.value.some(object => object.at === at))
  const layers = isLibrary ? [library.value] : [library.value, own.value]

  const results: SuiteResult[] = []
  for (const file of suites.value) {
    const suite = readSuite(file)
    if (!suite.ok) return suite
    results.push({ suite: shortPath(file), cases: runSuite(suite.value, underTest(suite.value, file), layers) })
  }
  return { ok: true, value: results }
}

function readSuite(file: string): Parsed<PolicySuite> {
  try {
    return parsePolicySuite(parse(readFileSync(file, 'utf8')), shortPath(file))
  } catch (cause) {
    return failed({ at: shortPath(file), problem: cause instanceof Error ? cause.message : 'cannot be read' })
  }
}

/** The policies that a suite names, or those of the file beside it. */
function underTest(suite: PolicySuite, file: string): ReadonlySet<string> {
  if (suite.policies !== undefined) return new Set(suite.policies)
  const beside = file.replace(/\.test\.(ya?ml)$/, '.$1')
  const { objects } = readObjectsOf(beside)
  const names = objects.filter(({ value }) => value.kind === 'GpuPolicy').map(policyName)
  return new Set(names.length > 0 ? names : [basename(dirname(file))])
}

function policyName({ value }: PlacedObject): string {
  const { metadata } = value
  const isFields = metadata !== null && typeof metadata === 'object' && !Array.isArray(metadata)
  return isFields && 'name' in metadata ? String(metadata.name) : ''
}

function isFailed({ problems }: CaseResult): boolean {
  return problems.length > 0
}

function show(results: readonly SuiteResult[], { output }: TestOptions, terminal: Terminal): void {
  const cases = results.flatMap(result => result.cases)
  const failures = cases.filter(isFailed).length
  if (output === 'json') {
    terminal.out(JSON.stringify({ passed: cases.length - failures, failed: failures, suites: results }, null, 2))
    return
  }
  const paint = paintFor(terminal)
  for (const { suite, cases: own } of results) {
    terminal.out(paint.strong(suite))
    for (const { name, problems } of own) {
      terminal.out(`  ${problems.length === 0 ? paint.good('ok') : paint.bad('FAILED')}  ${name}`)
      for (const problem of problems) terminal.out(`      ${problem}`)
    }
  }
  terminal.out(`${cases.length - failures} passed, ${failures} failed`)
}
