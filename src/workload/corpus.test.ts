import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { type KnownWorkload, workloadOf } from '../gpu/workload.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { parsePod } from '../schema/pod.ts'
import { textAt } from './json.ts'
import { flattenLists } from './lists.ts'
import { podTemplates, type TemplatePod } from './templates.ts'

/*
 * Real manifests of public projects, kept beside the repository: which pod specs they hold, and what an expert says of them.
 */

const DATA = fileURLToPath(new URL('../../../shared/data/manifests/', import.meta.url))
const skip = existsSync(DATA) ? false : '../shared/data is absent'

/** Kinds whose pods the expert's list leaves out, because no pod spec stands in them as it is. */
const BUILT_KINDS: ReadonlySet<string> = new Set(['Workflow', 'InferenceService'])

interface ExpectedTemplate {
  readonly repo: string
  readonly path: string
  readonly kind: string
  readonly object: string
  readonly podspec: string
  readonly effective: Readonly<Record<string, number | string>>
}

interface Found {
  readonly manifest: JsonObject
  readonly template: TemplatePod
}

function lines(file: string): readonly string[] {
  return readFileSync(`${DATA}${file}`, 'utf8').trimEnd().split('\n')
}

function expectedTemplates(): readonly ExpectedTemplate[] {
  return lines('templates.jsonl').map(line => JSON.parse(line))
}

/** Repository, path, and the expert's total of devices for each file. */
function files(): readonly { readonly repo: string; readonly path: string; readonly devices: string }[] {
  return lines('manifests.tsv')
    .slice(1)
    .map(line => line.split('\t'))
    .map(([repo = '', path = '', , , , , devices = '']) => ({ repo, path, devices }))
}

function manifestsOf(repo: string, path: string): readonly JsonObject[] {
  const text = readFileSync(`${DATA}files/${repo.replace('/', '+')}/${path}`, 'utf8')
  const documents = parseAllDocuments(text)
  assert.ok(Array.isArray(documents))
  for (const document of documents) assert.deepEqual(document.errors, [], path)
  return flattenLists(documents.map(document => document.toJS() as JsonValue))
}

function foundIn(repo: string, path: string): readonly Found[] {
  return manifestsOf(repo, path).flatMap(manifest => podTemplates(manifest).map(template => ({ manifest, template })))
}

function keyOf({ manifest, template }: Found): string {
  return [textAt(manifest, 'kind'), textAt(manifest, 'metadata', 'name'), template.podTemplate].join(' ')
}

function acceleratorsOf({ effective }: ExpectedTemplate): number {
  const counts = ['nvidia.com/gpu', 'amd.com/gpu', 'google.com/tpu', 'habana.ai/gaudi'].map(
    name => effective[name] ?? 0,
  )
  return counts.reduce<number>((sum, count) => sum + Number(count), 0)
}

function workloads(path: string, known: (template: TemplatePod) => KnownWorkload = () => ({})) {
  const file = files().find(entry => entry.path.endsWith(path))
  assert.ok(file !== undefined, path)
  return foundIn(file.repo, file.path).map(({ template }) => {
    const pod = parsePod(template.pod)
    assert.ok(pod.ok)
    return workloadOf(pod.value, 'ns', known(template))
  })
}

describe('real manifests of public projects', { skip }, () => {
  test('every pod spec of the real manifests is found, under its exact name, and nothing else', () => {
    const expected = expectedTemplates()
    for (const { repo, path } of files()) {
      const want = expected.filter(row => row.repo === repo && row.path === path)
      const found = foundIn(repo, path).filter(({ manifest }) => !BUILT_KINDS.has(textAt(manifest, 'kind')))
      const keys = want.map(({ kind, object, podspec }) => [kind, object, podspec].join(' '))
      assert.deepEqual(found.map(keyOf).sort(), keys.sort(), path)
      for (const { template } of found) assert.ok(template.isPodSpec, `${path}: ${template.podTemplate}`)
    }
  })

  test('every real template makes a pod that parses', () => {
    for (const { repo, path } of files()) {
      for (const { template } of foundIn(repo, path)) {
        const pod = parsePod(template.pod)
        assert.ok(pod.ok, `${path} ${template.podTemplate}: ${pod.ok ? '' : JSON.stringify(pod.issues)}`)
      }
    }
  })

  test('replicas times demand is what the expert counted', () => {
    const expected = expectedTemplates()
    let checked = 0
    for (const { repo, path, devices } of files()) {
      // "2 x 8 nvidia.com/gpu = 16; EFA 2x32"; where placeholders stand there is no sum.
      const total = /= (\d+)/.exec(devices)?.[1]
      const rows = expected.filter(row => row.repo === repo && row.path === path)
      if (total === undefined || rows.length === 0 || /DRA/.test(devices)) continue
      const found = foundIn(repo, path)
      const sums = rows.map(row => {
        const template = found.find(item => keyOf(item) === [row.kind, row.object, row.podspec].join(' '))?.template
        return (template?.replicas ?? Number.NaN) * acceleratorsOf(row)
      })
      // Claims count in another module; these manifests have devices only through them.
      if (rows.every(row => acceleratorsOf(row) === 0)) continue
      assert.equal(
        sums.reduce((sum, value) => sum + value, 0),
        Number(total),
        path,
      )
      checked += 1
    }
    assert.ok(checked >= 12, `only ${checked} files have a total`)
  })

  test('the real manifests make the workloads and gangs the expert names', () => {
    const size = ({ gangSize }: TemplatePod): KnownWorkload => ({ gangSize })
    const summary = (path: string) =>
      workloads(path, size).map(({ kind, role, gang, multiPod, queuedBy }) =>
        [kind, role, gang?.id ?? '-', gang?.size ?? '-', multiPod ?? '?', queuedBy ?? '-'].join(' '),
      )
    const cases: readonly { readonly name: string; readonly want: readonly string[] }[] = [
      {
        name: 'nccl-tests/kubernetes/nccl-tests.yaml',
        want: [
          'MPIJob launcher ns/training.kubeflow.org/nccl-tests 2 true -',
          'MPIJob worker ns/training.kubeflow.org/nccl-tests 2 true -',
        ],
      },
      {
        name: 'uccl-ep-benchmark/kubernetes/test-intranode.yaml',
        want: [
          'MPIJob launcher ns/training.kubeflow.org/uccl-ep-intranode 1 false -',
          'MPIJob worker ns/training.kubeflow.org/uccl-ep-intranode 1 false -',
        ],
      },
      {
        name: 'docs/batch/pytorch-job.yaml',
        want: [
          'PyTorchJob master ns/training.kubeflow.org/pytorch-dist-mnist-nccl 3 true kai',
          'PyTorchJob worker ns/training.kubeflow.org/pytorch-dist-mnist-nccl 3 true kai',
        ],
      },
      {
        name: 'batch/external-podgroup-job.yaml',
        want: ['Job  ns/PodGroup.scheduling.run.ai/external-batch-job 2 true kai'],
      },
      {
        name: 'dra/jobset.yaml',
        want: ['JobSet workers ns/PodGroup.scheduling.k8s.io/training-workers 6 true -'],
      },
      { name: 'v6e-jax-workload.yaml', want: ['JobSet slice ns/JobSet/v6e-multislice 8 true kueue'] },
      {
        name: 'vllm/GPU/lws.yaml',
        want: [
          'LeaderWorkerSet leader ns/LeaderWorkerSet/vllm/0 2 true -',
          'LeaderWorkerSet worker ns/LeaderWorkerSet/vllm/0 2 true -',
        ],
      },
      {
        name: 'dreamzero-sft.yaml',
        want: [
          'RayJob submitter - - false -',
          'RayCluster head ns/RayCluster/dreamzero-sft-x2x2x 2 true -',
          'RayCluster worker ns/RayCluster/dreamzero-sft-x2x2x 2 true -',
        ],
      },
      {
        name: 'train-lora-hyperpod-elastic-g6e.yaml',
        want: ['HyperPodPyTorchJob  ns/owner/HyperPodPyTorchJob/lora-hyperpod-elastic 4 true kueue'],
      },
      { name: 'train-grpo-singlenode.yaml', want: ['Pod  - - false -'] },
      {
        name: '1-imagenet-gpu-team-a.yaml',
        want: [
          'Deployment  - - false kueue',
          'PyTorchJob worker ns/training.kubeflow.org/imagenet-gpu-team-a-1 3 true kueue',
        ],
      },
      {
        name: 'llm-inference-service-pd-qwen2-7b-gpu.yaml',
        want: ['LLMInferenceService decode - - true -', 'LLMInferenceService prefill - - true -'],
      },
      { name: 'autoscale_gpu.yaml', want: ['InferenceService predictor - - false -'] },
      { name: 'resource-claims-template-override.yaml', want: ['Workflow  - - false -', 'Workflow  - - false -'] },
      { name: 'gpt-oss-20b-disagg.yaml', want: [] },
      { name: 'hyperpod-eks/endpoint.yaml', want: [] },
    ]
    for (const { name, want } of cases) assert.deepEqual(summary(name), want, name)
  })

  test('a workflow step takes its own claims, else those of the workflow', () => {
    const found = files()
      .filter(({ path }) => path.endsWith('resource-claims-template-override.yaml'))
      .flatMap(({ repo, path }) => foundIn(repo, path))
    const claims = found.map(({ template }) => {
      const pod = parsePod(template.pod)
      assert.ok(pod.ok)
      return pod.value.spec.resourceClaims?.map(claim => claim.resourceClaimTemplateName)
    })
    assert.deepEqual(claims, [['example-device-claim-template'], ['example-large-device-claim-template']])
  })

  test('a training runtime is a blueprint, and what is not rendered is said', () => {
    const [runtime] = files()
      .filter(({ path }) => path.endsWith('pointworld-runtime.yaml'))
      .flatMap(({ repo, path }) => foundIn(repo, path))
    assert.equal(runtime?.template.createsPods, false)
    assert.equal(runtime?.template.replicas, undefined)
    assert.deepEqual(
      runtime?.template.undecidable.map(issue => issue.at),
      ['spec.mlPolicy.numNodes'],
    )
  })
})
