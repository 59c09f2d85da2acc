import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PlacedObject } from '../admission/objects.ts'
import type { LeftOut } from '../config/template-text.ts'
import { readObjects } from '../config/yaml-objects.ts'
import { formatIssue } from '../schema/parsed.ts'
import { readLayers } from './cluster.ts'
import { type FileReview, fileReviewer } from './review-files.ts'

const LAYERS = readLayers(undefined)

async function reviewOf(text: string, leftOut: readonly LeftOut[] = [], namespace?: string): Promise<FileReview> {
  assert.ok(LAYERS.ok)
  const reviewer = fileReviewer({
    layers: LAYERS.value,
    isQuotaKnown: false,
    ...(namespace === undefined ? {} : { namespace }),
  })
  assert.ok(reviewer.ok)
  const objects: readonly PlacedObject[] = readObjects(text, 'file').objects
  const reviewed = await reviewer.value.review({ file: 'file', objects, issues: [], leftOut })
  assert.ok(reviewed.ok, reviewed.ok ? '' : reviewed.issues.map(formatIssue).join('\n'))
  return reviewed.value
}

function pod(name: string, spec: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, ${spec}}]}\n`
}

const GPU = 'resources: {limits: {nvidia.com/gpu: 1}}'

describe('the review of one file', () => {
  test('a claim template of the file is there when its pods are created, in whatever namespace that is', async () => {
    const template = `apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: two, namespace: elsewhere}
spec: {spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}]}}}
`
    const claim = 'resources: {claims: [{name: g}]}}], resourceClaims: [{name: g, resourceClaimTemplateName: two'
    const { reviews } = await reviewOf(`${template}---\n${pod('a', claim)}`, [], 'here')
    assert.deepEqual(
      reviews.map(({ verdict, namespace, demand }) => [verdict, namespace, demand?.byClass.get('h100')]),
      [['allowed', 'here', 2000n]],
    )
  })

  test('nothing is decided of a document of which lines are unknown, and the others are decided', async () => {
    // The first document begins on line 1, the second on line 6, and a line before the first is the first's.
    const visible = 'env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]'
    const text = `${pod('a', visible)}---\n${pod('b', GPU)}`
    const early = await reviewOf(text, [{ line: 3, text: '{{- toYaml .x }}' }])
    assert.deepEqual(
      early.reviews.map(({ verdict, denials, operations }) => [verdict, denials.length, operations.length > 0]),
      [
        ['undecidable', 0, false],
        ['allowed', 0, true],
      ],
    )
    assert.match(
      early.reviews[0]?.undecidable.map(formatIssue).join('\n') ?? '',
      /^file:3: what \{\{- toYaml \.x \}\} will say is not known \(render it first: helm template/,
    )
    const late = await reviewOf(text, [{ line: 8, text: '{{- toYaml .x }}' }])
    assert.deepEqual(
      late.reviews.map(({ verdict }) => verdict),
      ['denied', 'undecidable'],
    )
  })

  test('an object of the cluster that cannot be read is told of with its place', async () => {
    assert.ok(LAYERS.ok)
    const broken = {
      at: 'class.yaml:1',
      value: { apiVersion: 'sluice.dev/v1alpha1', kind: 'AcceleratorClass', spec: {} },
    }
    const reviewer = fileReviewer({ layers: [...LAYERS.value, [broken]], isQuotaKnown: false })
    assert.equal(reviewer.ok, false)
    assert.match(reviewer.ok ? '' : reviewer.issues.map(formatIssue).join('\n'), /class\.yaml:1/)
  })
})
