import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { TemplateReview } from '../admission/manifest-review.ts'
import type { PatchOperation } from '../policy/patch.ts'
import type { JsonObject } from '../schema/parts.ts'
import { podTemplates } from '../workload/templates.ts'
import { manifestYaml, withPatchedTemplates } from './template-patch.ts'

const TOLERATION = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }
const TIER: PatchOperation = { op: 'add', path: '/metadata/labels/sluice.dev~1tier', value: 'reserved' }

/** Reviews of a manifest that give its pods these changes, template by template. */
function reviewsOf(
  manifest: JsonObject,
  ...operations: readonly (readonly PatchOperation[])[]
): readonly TemplateReview[] {
  return podTemplates(manifest).map((template, index) => {
    return { at: 'a', template, operations: operations[index] ?? [] } as unknown as TemplateReview
  })
}

function written(text: string, ...operations: readonly (readonly PatchOperation[])[]) {
  const value: JsonObject = parse(text)
  return withPatchedTemplates({ at: 'a', value }, reviewsOf(value, ...operations))
}

function at(manifest: JsonObject, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => Reflect.get(Object(value), step), manifest)
}

const WORKFLOW = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  tolerations: [{key: site, operator: Exists}]
  templates:
  - name: steps
    steps: [[{name: a, template: train}]]
  - name: train
    container: {image: x, resources: {limits: {nvidia.com/gpu: 1}}}
`

const SERVICE = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: s}
spec: {predictor: {model: {resources: {limits: {nvidia.com/gpu: 1}}}}}
`

// Both roles of a pool have their labels from one place.
const POOL = `
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata: {name: p}
spec:
  template: {containers: [{name: main}]}
  worker: {containers: [{name: main}]}
`

describe('patches in templates', () => {
  test('an item goes behind those of the template, although the pod has more', () => {
    const { manifest, unheld } = written(
      `
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: j}
spec: {pytorchReplicaSpecs: {Worker: {replicas: 2, template: {spec: {containers: [{name: pytorch, env: [{name: A, value: "1"}]}]}}}}}
`,
      [{ op: 'add', path: '/spec/containers/0/env/2', value: { name: 'B', value: '2' } }, TIER],
    )
    const template = 'spec.pytorchReplicaSpecs.Worker.template'
    assert.deepEqual(at(manifest, `${template}.spec.containers.0.env`), [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ])
    assert.deepEqual(at(manifest, `${template}.metadata.labels`), { 'sluice.dev/tier': 'reserved' })
    assert.deepEqual(unheld, [])
  })

  test('a step of a workflow keeps what it would have inherited, and the other steps stay', () => {
    const { manifest, unheld } = written(WORKFLOW, [
      { op: 'add', path: '/spec/tolerations/1', value: TOLERATION },
      { op: 'add', path: '/spec/containers/1/volumeMounts', value: [{ name: 'shm', mountPath: '/dev/shm' }] },
      TIER,
    ])
    assert.deepEqual(at(manifest, 'spec.templates.1'), {
      name: 'train',
      container: {
        image: 'x',
        resources: { limits: { 'nvidia.com/gpu': 1 } },
        volumeMounts: [{ name: 'shm', mountPath: '/dev/shm' }],
      },
      tolerations: [{ key: 'site', operator: 'Exists' }, TOLERATION],
      metadata: { labels: { 'sluice.dev/tier': 'reserved' } },
    })
    assert.equal(at(manifest, 'spec.templates.0.name'), 'steps')
    assert.deepEqual(unheld, [])
  })

  test('the container of a KServe model is the model', () => {
    const { manifest, unheld } = written(SERVICE, [
      { op: 'add', path: '/spec/containers/0/resources/limits/vpc.amazonaws.com~1efa', value: '1' },
      { op: 'add', path: '/spec/tolerations', value: [TOLERATION] },
      TIER,
    ])
    assert.deepEqual(at(manifest, 'spec.predictor'), {
      model: { resources: { limits: { 'nvidia.com/gpu': 1, 'vpc.amazonaws.com/efa': '1' } } },
      tolerations: [TOLERATION],
      labels: { 'sluice.dev/tier': 'reserved' },
    })
    assert.deepEqual(unheld, [])
  })

  test('a label that two templates share is written where both want it', () => {
    const both = written(POOL, [TIER], [TIER])
    assert.deepEqual(at(both.manifest, 'spec.labels'), { 'sluice.dev/tier': 'reserved' })
    assert.deepEqual(both.unheld, [])

    const differing = written(POOL, [TIER], [{ ...TIER, value: 'burst' }])
    assert.equal(at(differing.manifest, 'spec.labels'), undefined)
    assert.equal(differing.unheld.length, 2)
  })

  test('what the form cannot hold leaves the manifest alone, and is said above it', () => {
    const job: JsonObject = parse(
      'apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\nmetadata: {name: t}\nspec: {trainer: {numNodes: 2}}\n',
    )
    const operations: PatchOperation[] = [{ op: 'add', path: '/spec/tolerations', value: [TOLERATION] }, TIER]
    const text = manifestYaml({ at: 'a', value: job }, reviewsOf(job, operations))
    assert.deepEqual(parse(text), job)
    const [first] = text.split('\n')
    assert.equal(
      first,
      '# Given to the pods of spec.trainer at admission, as it cannot stand here: spec.tolerations, metadata.labels',
    )
  })

  test('the change of one object is not written into another', () => {
    const value: JsonObject = parse(SERVICE)
    const reviews = reviewsOf(value, [TIER])
    assert.deepEqual(withPatchedTemplates({ at: 'b', value }, reviews).manifest, value)
  })
})
