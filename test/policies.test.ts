import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { CODES } from '../src/admission/codes.ts'
import type { PlacedObject } from '../src/admission/objects.ts'
import { runSuite } from '../src/admission/policy-suite.ts'
import { readClusterFolder, readObjectsOf } from '../src/config/cluster-folder.ts'
import { shippedLibrary } from '../src/config/root.ts'
import { type GpuPolicyDocument, KINDS, parseDocument, type SluiceDocument } from '../src/schema/documents.ts'
import { formatIssue, type Parsed } from '../src/schema/parsed.ts'
import { type PolicySuite, parsePolicySuite } from '../src/schema/policy-suite.ts'
import { EXAMPLE_CLUSTER } from './support/manifest-reviews.ts'
import { sluiceHere } from './support/sluice-process.ts'

const LIBRARY = shippedLibrary()

interface PolicyFile {
  readonly file: string
  readonly policies: readonly GpuPolicyDocument[]
}

function value<T>(result: Parsed<T>): T {
  assert.ok(result.ok, result.ok ? '' : result.issues.map(formatIssue).join('\n'))
  return result.value
}

function policyFiles(): readonly PolicyFile[] {
  return [LIBRARY, EXAMPLE_CLUSTER].flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.endsWith('.yaml') && !name.endsWith('.test.yaml'))
      .map(name => join(folder, name))
      .map(file => ({ file, policies: policiesIn(file) }))
      .filter(({ policies }) => policies.length > 0),
  )
}

function policiesIn(file: string): readonly GpuPolicyDocument[] {
  return readObjectsOf(file)
    .objects.filter(({ value: object }) => object.kind === 'GpuPolicy')
    .map(({ value: object, at }) => value(parseDocument(object, at)) as GpuPolicyDocument)
}

function documentsOf<K extends SluiceDocument['kind']>(kind: K): readonly Extract<SluiceDocument, { kind: K }>[] {
  return value(readClusterFolder(LIBRARY))
    .filter(({ value: object }) => object.kind === kind)
    .map(({ value: object, at }) => value(parseDocument(object, at)))
    .filter((document): document is Extract<SluiceDocument, { kind: K }> => document.kind === kind)
}

/** The layers with one policy enforced in every rule, so that a case shows what it only warns of. */
function enforcing(name: string): readonly (readonly PlacedObject[])[] {
  return [LIBRARY, EXAMPLE_CLUSTER].map(folder =>
    value(readClusterFolder(folder)).map(object => {
      if (object.value.kind !== 'GpuPolicy') return object
      const document = value(parseDocument(object.value, object.at)) as GpuPolicyDocument
      if (document.metadata.name !== name) return object
      const validate = document.spec.validate?.map(({ mode: _, ...rule }) => rule)
      const spec = { ...document.spec, mode: 'Enforce', ...(validate === undefined ? {} : { validate }) }
      return { ...object, value: { ...object.value, spec: JSON.parse(JSON.stringify(spec)) } }
    }),
  )
}

/** For each case of a suite whether one policy, alone, changes the pod or says anything of it. */
function speaks(suite: PolicySuite, name: string): readonly boolean[] {
  const cases = suite.cases.map(testCase => ({ ...testCase, want: { unchanged: true } }))
  return runSuite({ cases }, new Set([name]), enforcing(name)).map(({ problems }) => problems.length > 0)
}

describe('policies', () => {
  for (const folder of [LIBRARY, EXAMPLE_CLUSTER]) {
    test(`every suite below ${folder.split('/').slice(-2).join('/')} passes`, async () => {
      const { exitCode, stdout } = await sluiceHere(['test', folder, '-o', 'json'])
      const { passed, failed, suites } = JSON.parse(stdout)
      assert.equal(exitCode, 0, JSON.stringify(suites, null, 2))
      assert.equal(failed, 0)
      assert.ok(passed > 0)
    })
  }

  for (const { file, policies } of policyFiles()) {
    for (const { metadata } of policies) {
      test(`${metadata.name} has cases in which it speaks, and cases in which it is silent`, () => {
        const beside = file.replace(/\.yaml$/, '.test.yaml')
        assert.ok(existsSync(beside), `${beside} is missing`)
        const suite = value(parsePolicySuite(parse(readFileSync(beside, 'utf8')), beside))
        const spoken = speaks(suite, metadata.name)
        assert.ok(spoken.includes(true), 'no case shows what it does')
        assert.ok(spoken.includes(false), 'no case shows what it leaves alone')
      })
    }
  }

  test('every policy says what it does', () => {
    for (const { policies } of policyFiles()) {
      for (const { metadata, spec } of policies) assert.ok((spec.description ?? '').length > 20, metadata.name)
    }
  })

  test('every rule has a code of its own, and none is of the engine', () => {
    const codes = policyFiles().flatMap(({ policies }) =>
      policies.flatMap(({ metadata, spec }) =>
        (spec.validate ?? []).map(rule => rule.code ?? `none in ${metadata.name}`),
      ),
    )
    assert.deepEqual(codes.toSorted(), [...new Set(codes)].toSorted())
    for (const code of codes) {
      assert.ok(!Object.hasOwn(CODES, code), `${code} is of the engine`)
      assert.match(code, /^(SLU-P\d{3}|[A-Z][A-Z0-9]*-[A-Z0-9]+)$/)
    }
  })

  test('every fabric profile names where its values come from', () => {
    const profiles = documentsOf('FabricProfile')
    assert.ok(profiles.length >= 10)
    for (const { metadata, spec } of profiles) assert.ok(spec.sources.length > 0, metadata.name)
  })

  // A class is read by many programs and has no field for it, so its file says where the numbers are from.
  test('every file of classes names its sources', () => {
    const classes = KINDS.find(({ kind }) => kind === 'AcceleratorClass')
    assert.ok(classes !== undefined && !JSON.stringify(classes.spec).includes('"sources"'))
    for (const file of readdirSync(join(LIBRARY, 'classes'))) {
      assert.match(readFileSync(join(LIBRARY, 'classes', file), 'utf8'), /^# .*(\bsources?\b|README)/im, file)
    }
  })

  test('every file of policies and every profile is on the page of the library', () => {
    const page = readFileSync(join(LIBRARY, 'README.md'), 'utf8')
    const files = policyFiles().filter(({ file }) => file.startsWith(LIBRARY))
    for (const { file } of files) assert.ok(page.includes(`(${relative(LIBRARY, file)})`), `${file} is not on the page`)
    for (const file of readdirSync(join(LIBRARY, 'fabric'))) assert.ok(page.includes(`(fabric/${file})`), file)
  })
})
