import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { TemplateReview } from '../src/admission/manifest-review.ts'
import type { FileReview } from '../src/cli/review-files.ts'
import { mismatch } from '../src/policy/subset.ts'
import type { JsonObject } from '../src/schema/parts.ts'
import { type Container, type Pod, parsePod } from '../src/schema/pod.ts'
import {
  EXAMPLE_CLUSTER,
  examinedByOwner,
  fieldsLeft,
  inputFrom,
  inputOf,
  patchedPod,
  reviewed,
  type Setting,
  secondPatch,
} from './support/manifest-reviews.ts'
import {
  generousCluster,
  type PublicManifest,
  type PublicTemplate,
  publicManifests,
  publicTemplates,
  rendered,
  skip,
} from './support/public-manifests.ts'
import { sluiceHere } from './support/sluice-process.ts'

interface Expected {
  readonly file: string
  readonly says: string
  readonly with?: Readonly<Record<string, string>>
  readonly drop?: string
  readonly given?: string
  readonly namespace?: string
  readonly devices: Readonly<Record<string, number>>
  readonly efa?: number
  readonly templates: readonly ExpectedTemplate[]
  readonly argued?: string
}

interface ExpectedTemplate {
  readonly at: string
  readonly is: string
  readonly pods?: number
  readonly blueprint?: true
  readonly gang?: number
  readonly together?: number
  readonly gangId?: string
  readonly demand?: Readonly<Record<string, number>>
  readonly gets?: readonly string[]
  readonly warns?: readonly string[]
  readonly codes?: readonly string[]
  readonly pod?: JsonObject
}

const EXPECTED: readonly Expected[] = parse(
  readFileSync(fileURLToPath(new URL('manifests.expected.yaml', import.meta.url)), 'utf8'),
)

const EFA = 'vpc.amazonaws.com/efa'

/** As people meet them: without a cluster, and in two tenants' namespaces of the example cluster. */
const SETTINGS: readonly (Setting & { readonly name: string })[] = [
  { name: 'without a cluster' },
  { name: 'in a namespace for whole nodes', cluster: EXAMPLE_CLUSTER, namespace: 'foundation-models' },
  { name: 'in a namespace of many classes', cluster: EXAMPLE_CLUSTER, namespace: 'research' },
]

function manifestNamed(path: string): PublicManifest {
  const manifest = publicManifests().find(candidate => candidate.path === path)
  assert.ok(manifest !== undefined, `${path} is not among the public manifests`)
  return manifest
}

// The same reviews are looked at from several sides.
const known = new Map<string, Promise<FileReview>>()

function reviewedAsIs({ file }: PublicManifest, setting: Setting): Promise<FileReview> {
  const key = JSON.stringify([file, setting])
  const review = known.get(key) ?? reviewed(inputOf(file), setting)
  known.set(key, review)
  return review
}

function settingOf({ given, namespace = 'tenant' }: Expected): Setting {
  const classes = [...(given ?? '').matchAll(/^kind: AcceleratorClass\nmetadata: \{name: (.*)\}/gm)].map(
    ([, name = '']) => name,
  )
  const documents = [generousCluster(classes), ...(given === undefined ? [] : [given])].join('---\n')
  return { given: documents, ...(namespace === 'file' ? {} : { namespace }) }
}

function reviewExpected(want: Expected): Promise<FileReview> {
  const text = rendered(manifestNamed(want.file), want.with)
  const lines = text.split('\n').filter(line => want.drop === undefined || !line.includes(want.drop))
  return reviewed(inputFrom(lines.join('\n'), want.file), settingOf(want))
}

function podIn(json: JsonObject): Pod {
  const pod = parsePod(json)
  assert.ok(pod.ok)
  return pod.value
}

function containersOf({ spec }: Pod): readonly Container[] {
  return [...spec.containers, ...(spec.initContainers ?? [])]
}

/** The sum over pods, by class, in whole devices. */
function devicesOf(reviews: readonly TemplateReview[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>()
  for (const { demand, template } of reviews) {
    if (!template.createsPods) continue
    for (const [name, milliGpus] of demand?.byClass ?? []) {
      sums.set(name, (sums.get(name) ?? 0) + (template.replicas ?? 1) * Number(milliGpus))
    }
  }
  return Object.fromEntries([...sums].map(([name, milliGpus]) => [name, milliGpus / 1000]))
}

function efaOf(reviews: readonly TemplateReview[]): number {
  const ofPod = (review: TemplateReview) =>
    containersOf(podIn(patchedPod(review))).reduce(
      (sum, { resources }) => sum + Number(resources?.limits?.[EFA] ?? 0),
      0,
    )
  return reviews
    .filter(({ template }) => template.createsPods)
    .reduce((sum, review) => sum + (review.template.replicas ?? 1) * ofPod(review), 0)
}

/** What was injected, without sizes and with all preferences as one: `volume /dev/shm`, `podAffinity`. */
function injected({ injections }: TemplateReview): readonly string[] {
  const what = injections
    .filter(({ policy }) => policy !== 'quota')
    .map(injection => injection.what.replace(/^(podAffinity|volume \S+) .*/, '$1'))
  return [...new Set(what)].toSorted()
}

function codesIn(texts: readonly string[]): readonly string[] {
  return texts.map(text => /^\[([^\]]+)\]/.exec(text)?.[1] ?? text).toSorted()
}

function assertTemplate(review: TemplateReview, want: ExpectedTemplate): void {
  const { verdict, template, gang, demand } = review
  const said = review.denials.map(({ code, message }) => `[${code}] ${message}`)
  assert.equal(template.podTemplate, want.at)
  assert.equal(verdict, want.is, said.join('\n'))
  assert.deepEqual(codesIn(said), want.codes ?? [])
  assert.deepEqual(codesIn(review.warnings), want.warns ?? [])
  assert.deepEqual(injected(review), (want.gets ?? []).toSorted())
  assert.equal(template.createsPods, want.blueprint !== true)
  if (want.pods !== undefined) assert.equal(template.replicas, want.pods, 'pods')
  if (verdict === 'allowed' && want.blueprint !== true) assert.equal(gang?.size, want.gang, 'gang')
  if (want.gangId !== undefined) assert.equal(gang?.id, want.gangId)
  const demanded = [...(demand?.byClass ?? [])].map(([name, milliGpus]) => [name, Number(milliGpus) / 1000])
  if (want.demand !== undefined) assert.deepEqual(Object.fromEntries(demanded), want.demand)
  if (want.pod !== undefined) assert.equal(mismatch(want.pod, patchedPod(review)), undefined)
}

/** Pods of a gang that are charged: of a blueprint, and of what is refused, nothing is held. */
function isHeld({ is, gang = 1, blueprint }: ExpectedTemplate): boolean {
  return is === 'allowed' && gang > 1 && blueprint !== true
}

function assertFound(want: PublicTemplate, reviews: readonly TemplateReview[]): void {
  const at = `${want.object} ${want.podspec}`
  const review = reviews.find(({ kind, name, template }) => {
    return kind === want.kind && name === want.object && template.podTemplate === want.podspec
  })
  assert.ok(review !== undefined, `${at} is not found`)
  const isOpen = Object.values(want.effective).includes('UNRENDERED')
  // Of a pod with claims the verdict hangs on their templates, which need not stand in the file.
  if (want.claims === null) assert.equal(review.verdict === 'undecidable', isOpen, `${at} is ${review.verdict}`)
  const rendered = Object.entries(want.effective).filter(([, units]) => units !== 'UNRENDERED')
  const effective = [...review.effective].map(([resource, units]) => [resource, Number(units)])
  assert.deepEqual(Object.fromEntries(effective), Object.fromEntries(rendered), at)
}

/** What holds of every pod: its author's word stays, and what is added is not what the author has to choose. */
function assertLeftAsWritten(review: TemplateReview): void {
  const before = review.subject?.object ?? review.template.pod
  const after = patchedPod(review)
  const [pod, patched] = [podIn(before), podIn(after)]
  assert.equal(mismatch(before, after), undefined, 'everything that was there is there')
  for (const [index, container] of containersOf(pod).entries()) {
    const now = containersOf(patched)[index]
    assert.ok(now !== undefined && now.name === container.name)
    assert.deepEqual(now.env, container.env, `${container.name}: no variable is added`)
    assert.deepEqual(now.securityContext, container.securityContext)
    assert.deepEqual(withoutEfa(now.resources?.limits), withoutEfa(container.resources?.limits))
    const atShm = (now.volumeMounts ?? []).filter(({ mountPath }) => mountPath === '/dev/shm')
    assert.ok(atShm.length <= 1, `${container.name}: one /dev/shm`)
  }
  const own = pod.spec.tolerations ?? []
  assert.deepEqual((patched.spec.tolerations ?? []).slice(0, own.length), own, 'tolerations are added at the end')
}

function withoutEfa(amounts: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => name !== EFA))
}

if (skip !== false) test('public manifests', { skip })
else describe('public manifests', reviewAll)

function reviewAll(): void {
  test('every row has its expectation', () => {
    const rows = publicManifests().map(({ path }) => path)
    assert.deepEqual(rows.toSorted(), [...new Set(EXPECTED.map(({ file }) => file))].toSorted())
    assert.ok(rows.length >= 58)
    const paths = new Set(rows)
    assert.ok(publicTemplates().length >= 80 && publicTemplates().every(({ path }) => paths.has(path)))
  })

  for (const want of EXPECTED) {
    test(`${want.file}: ${want.says}`, async () => {
      const file = await reviewExpected(want)
      const { reviews } = file
      assert.deepEqual(
        reviews.map(({ template }) => template.podTemplate),
        want.templates.map(({ at }) => at),
      )
      for (const [index, template] of want.templates.entries()) {
        const review = reviews[index]
        assert.ok(review !== undefined)
        assertTemplate(review, template)
        assertLeftAsWritten(review)
        assert.deepEqual(secondPatch(review, file, settingOf(want)), [], 'the second patch')
        if (['not-gpu', 'exempt'].includes(review.verdict)) assert.deepEqual(review.operations, [])
      }
      assert.deepEqual(devicesOf(reviews), want.devices, 'replicas times demand')
      assert.equal(efaOf(reviews), want.efa ?? 0, 'EFA devices')
    })
  }

  for (const want of EXPECTED) {
    if (!want.templates.some(isHeld)) continue
    test(`${want.file}: each pod finds its gang by its owner alone, and what all of it needs`, async () => {
      const file = await reviewExpected(want)
      for (const [index, template] of want.templates.entries()) {
        const review = file.reviews[index]
        assert.ok(review !== undefined)
        if (!isHeld(template) || review.demand === undefined) continue
        const byOwner = examinedByOwner(review, file, settingOf(want))
        const { together = template.gang } = template
        assert.equal(byOwner.subject.workload.gang?.size, template.gang, template.at)
        assert.equal(byOwner.gang?.size, together === 1 ? undefined : together, `${template.at}: together`)
        assert.deepEqual(byOwner.gang, review.wholeGang, 'with the manifest in hand it is the same')
        // These gangs ask for one thing: a head that has no accelerator is none of those that are charged.
        const gpus = [...review.demand.byClass].map(([name, each]) => [name, each * BigInt(together ?? 0)])
        if (together !== 1) assert.deepEqual([...(byOwner.gang?.demand ?? [])], gpus)
      }
    })
  }

  for (const { name, ...setting } of SETTINGS) {
    test(`${name}, every manifest is reviewed as it is, and no pod is changed twice`, async () => {
      for (const manifest of publicManifests()) {
        const result = await reviewedAsIs(manifest, setting)
        for (const review of result.reviews) {
          const at = `${manifest.path} ${review.template.podTemplate}`
          assert.deepEqual(secondPatch(review, result, setting), [], at)
        }
      }
    })

    test(`${name}, every manifest holds what its pods get once it is written`, async () => {
      for (const manifest of publicManifests()) {
        const { surprising } = await fieldsLeft(await reviewedAsIs(manifest, setting), setting)
        assert.deepEqual(surprising, [], manifest.path)
      }
    })
  }

  for (const manifest of publicManifests()) {
    const wanted = publicTemplates().filter(({ path }) => path === manifest.path)
    if (wanted.length === 0) continue
    test(`${manifest.path}: every pod template is found under its name, with its effective request`, async () => {
      const { reviews } = await reviewedAsIs(manifest, {})
      for (const want of wanted) assertFound(want, reviews)
    })
  }

  test('the command reviews all of them in one run', async () => {
    const [first] = publicManifests()
    const [folder] = (first?.file ?? '').split('/awslabs+')
    assert.ok(folder !== undefined && dirname(first?.file ?? '').startsWith(folder))
    const { exitCode, stdout, stderr } = await sluiceHere(['review', '-f', folder])
    assert.equal(stderr, '')
    assert.equal(exitCode, 0, 'policies refuse none of them where nobody is a tenant')
    assert.match(stdout, /^\d+ pod templates: \d+ allowed, /m)
  })
}
