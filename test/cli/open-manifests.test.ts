import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { TemplateReview } from '../../src/admission/manifest-review.ts'
import { EXAMPLE_CLUSTER, inputFrom, reviewed } from '../support/manifest-reviews.ts'

async function only(text: string, cluster = EXAMPLE_CLUSTER): Promise<TemplateReview> {
  const { reviews } = await reviewed(inputFrom(text), { cluster })
  const [review, ...others] = reviews
  assert.ok(review !== undefined && others.length === 0)
  return review
}

function deployment(replicas: unknown, namespace: string, limits = '{nvidia.com/gpu: 4}'): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: ${namespace}}
spec: {replicas: ${replicas}, template: {spec: {containers: [{name: c, resources: {limits: ${limits}}}]}}}
`
}

test('how many there are of a pod that asks for nothing does not matter', async () => {
  const review = await only(deployment('"$REPLICAS"', 'research', '{cpu: 1}'))
  assert.deepEqual([review.verdict, review.undecidable], ['not-gpu', []])
})

test('what is left to a serving runtime may ask for GPUs', async () => {
  const review = await only(`
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: s, namespace: research}
spec: {predictor: {model: {modelFormat: {name: huggingface}}}}
`)
  assert.equal(review.verdict, 'undecidable')
})

test('whose quota counts is open while the namespace is a placeholder', async () => {
  const review = await only(deployment(1, '"${NAMESPACE}"'))
  assert.equal(review.verdict, 'undecidable')
  assert.deepEqual(review.denials, [])
  assert.equal(review.undecidable[0]?.at, 'metadata.namespace')
})

test('a blueprint takes no quota from what stands beside it', async () => {
  const template = parse(deployment(1, 'assistant-serving')).spec.template
  const service = {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'b', namespace: 'assistant-serving' },
    template,
  }
  const many = Array.from({ length: 30 }, (_, index) => ({
    ...service,
    metadata: { ...service.metadata, name: `b${index}` },
  }))
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: many })
  const { reviews } = await reviewed(inputFrom(text), { cluster: EXAMPLE_CLUSTER })
  assert.deepEqual(
    [...new Set(reviews.map(({ verdict, tier }) => `${verdict} ${tier}`))],
    ['allowed reserved'],
    'thirty of four would not be reserved',
  )
})

test('the items of a typed list have its type', async () => {
  const { reviews } = await reviewed(
    inputFrom('{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}, spec: {containers: [{name: c}]}}]}'),
    {},
  )
  assert.deepEqual(
    reviews.map(({ kind, name }) => [kind, name]),
    [['Pod', 'a']],
  )
})
