import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { TemplateReview } from '../src/admission/manifest-review.ts'
import { readObjectsOf } from '../src/config/cluster-folder.ts'
import { shippedLibrary } from '../src/config/root.ts'
import { mismatch } from '../src/policy/subset.ts'
import { isSluiceApi, parseDocument } from '../src/schema/documents.ts'
import { formatIssue } from '../src/schema/parsed.ts'
import type { JsonObject } from '../src/schema/parts.ts'
import { parsePolicySuite } from '../src/schema/policy-suite.ts'
import {
  EXAMPLE_CLUSTER,
  fieldsLeft,
  inputOf,
  patchedPod,
  reviewed,
  type Setting,
  secondPatch,
} from './support/manifest-reviews.ts'
import { EXAMPLES, sluiceHere } from './support/sluice-process.ts'

const MANIFESTS = join(EXAMPLES, 'manifests')
const SETTING: Setting = { cluster: EXAMPLE_CLUSTER }

interface ExpectedReview {
  readonly podTemplate: string
  readonly name: string
  readonly verdict: string
  readonly tenant?: string
  readonly tier?: string
  readonly demand?: Readonly<Record<string, number>>
  readonly codes?: readonly string[]
  readonly warnings?: readonly string[]
  readonly pod?: JsonObject
}

interface ExpectedFile {
  readonly file: string
  readonly reviews: readonly ExpectedReview[]
}

const KNOWN_FIELDS = ['podTemplate', 'name', 'verdict', 'tenant', 'tier', 'demand', 'codes', 'warnings', 'pod']

function expectations(): readonly ExpectedFile[] {
  return parse(readFileSync(join(EXAMPLES, 'expected.yaml'), 'utf8'))
}

function manifestFiles(): readonly string[] {
  return readdirSync(MANIFESTS).toSorted()
}

function reviewFile(file: string) {
  return reviewed(inputOf(join(MANIFESTS, file)), SETTING)
}

function assertAsExpected(review: TemplateReview, want: ExpectedReview, at: string): void {
  const unknown = Object.keys(want).filter(field => !KNOWN_FIELDS.includes(field))
  assert.deepEqual(unknown, [], `${at}: expected.yaml has fields that nothing reads`)
  const { name, verdict, template, denials, tenant, tier, demand } = review
  const said = denials.map(denialLine).join('\n')
  assert.equal(template.podTemplate, want.podTemplate, at)
  assert.equal(name, want.name, at)
  assert.equal(verdict, want.verdict, `${at}\n${said}`)
  if (want.tenant !== undefined || verdict === 'allowed') assert.equal(tenant, want.tenant, at)
  if (verdict === 'allowed') assert.equal(tier, want.tier, at)
  const demanded = Object.fromEntries([...(demand?.byClass ?? [])].map(([key, amount]) => [key, Number(amount)]))
  if (want.demand !== undefined || verdict !== 'denied') assert.deepEqual(demanded, want.demand ?? {}, at)
  const codes = new Set(denials.map(({ code }) => code))
  if (want.codes !== undefined || verdict !== 'denied') assert.deepEqual(codes, new Set(want.codes ?? []), at)
  else assert.ok([...codes].every(code => code.startsWith('SLU-Q')) && codes.size > 0, `${at}: denied for its quota`)
}

function denialLine({ code, message }: TemplateReview['denials'][number]): string {
  return `[${code}] ${message}`
}

function assertWarnings(review: TemplateReview, wanted: readonly string[], at: string): void {
  for (const part of wanted) {
    assert.ok(
      review.warnings.some(warning => warning.includes(part)),
      `${at}: no warning holds ${part}: ${review.warnings.join('; ')}`,
    )
  }
  if (review.verdict === 'denied') return
  const surprises = review.warnings.filter(warning => !wanted.some(part => warning.includes(part)))
  assert.deepEqual(surprises, [], `${at}: nobody expects these warnings`)
}

describe('examples', () => {
  test('every manifest has its expectation, and every expectation its manifest', () => {
    assert.deepEqual(
      expectations()
        .map(({ file }) => file)
        .toSorted(),
      manifestFiles(),
    )
  })

  test('every manifest is on the page of examples', () => {
    const page = readFileSync(join(EXAMPLES, 'README.md'), 'utf8')
    for (const file of manifestFiles()) assert.ok(page.includes(`(manifests/${file})`), file)
    for (const folder of ['cluster', 'kueue']) {
      for (const file of readdirSync(join(EXAMPLES, folder))) assert.ok(page.includes(`(${folder}/${file})`), file)
    }
  })

  for (const { file, reviews: wanted } of expectations()) {
    test(`${file} gets the answer that expected.yaml gives`, async () => {
      const { reviews } = await reviewFile(file)
      assert.equal(reviews.length, wanted.length, 'pod templates')
      for (const [index, want] of wanted.entries()) {
        const review = reviews[index]
        assert.ok(review !== undefined)
        assertAsExpected(review, want, want.podTemplate)
        assertWarnings(review, want.warnings ?? [], want.podTemplate)
        if (want.pod !== undefined) assert.equal(mismatch(want.pod, patchedPod(review)), undefined, want.podTemplate)
      }
    })
  }

  test('a pod that has been through mutation is not changed by it again', async () => {
    for (const file of manifestFiles()) {
      const result = await reviewFile(file)
      for (const review of result.reviews) {
        const at = `${file} ${review.template.podTemplate}`
        assert.deepEqual(secondPatch(review, result, SETTING), [], at)
      }
    }
  })

  test('a pod without accelerators and one of an exempt namespace are not touched', async () => {
    let checked = 0
    for (const file of manifestFiles()) {
      const { reviews } = await reviewFile(file)
      for (const { verdict, operations, injections } of reviews) {
        if (verdict !== 'not-gpu' && verdict !== 'exempt') continue
        assert.deepEqual({ operations, injections }, { operations: [], injections: [] }, file)
        checked += 1
      }
    }
    assert.ok(checked >= 9)
  })

  test('a manifest written with what its pods get needs nothing more, but for what its form cannot hold', async () => {
    const incomplete: string[] = []
    for (const file of manifestFiles()) {
      const { unheld, surprising } = await fieldsLeft(await reviewFile(file), SETTING)
      assert.deepEqual(surprising, [], file)
      if (unheld.length > 0) incomplete.push(file)
    }
    // The pods of a TrainJob come from a runtime that is another object.
    assert.deepEqual(incomplete, ['trainjob.yaml'])
  })

  test('sluice review says the same of all of them, and that some are denied', async () => {
    const args = ['review', '-f', MANIFESTS, '--cluster', EXAMPLE_CLUSTER, '-o', 'json']
    const { exitCode, stdout, stderr } = await sluiceHere(args)
    assert.equal(stderr, '')
    assert.equal(exitCode, 1)
    const { reviews } = JSON.parse(stdout) as { readonly reviews: readonly { verdict: string; podTemplate: string }[] }
    const byFile = expectations().toSorted((a, b) => (a.file < b.file ? -1 : 1))
    assert.deepEqual(
      reviews.map(({ verdict, podTemplate }) => `${podTemplate} ${verdict}`),
      byFile.flatMap(file => file.reviews.map(({ verdict, podTemplate }) => `${podTemplate} ${verdict}`)),
    )
  })

  test('the cases of the platform’s own policy pass', async () => {
    const { exitCode, stdout } = await sluiceHere(['test', EXAMPLE_CLUSTER])
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /^[1-9]\d* passed, 0 failed$/m)
  })

  test('every document that ships, and every suite, passes its schema', () => {
    const files = [shippedLibrary(), EXAMPLE_CLUSTER, MANIFESTS].flatMap(yamlBelow)
    const [suites, others] = [files.filter(isSuite), files.filter(file => !isSuite(file))]
    for (const file of suites) {
      const suite = parsePolicySuite(parse(readFileSync(file, 'utf8')), file)
      assert.ok(suite.ok, suite.ok ? '' : suite.issues.map(formatIssue).join('\n'))
    }
    const documents = others.flatMap(file => {
      const { objects, issues } = readObjectsOf(file)
      assert.deepEqual(issues, [], file)
      return objects.filter(({ value }) => isSluiceApi(value.apiVersion))
    })
    for (const { at, value } of documents) {
      const document = parseDocument(value, at)
      assert.ok(document.ok, document.ok ? '' : document.issues.map(formatIssue).join('\n'))
    }
    assert.ok(suites.length >= 13 && documents.length >= 70, `${suites.length} suites, ${documents.length} documents`)
  })
})

function isSuite(file: string): boolean {
  return file.endsWith('.test.yaml')
}

function yamlBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.yaml'))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
}
