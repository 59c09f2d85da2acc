import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { assertPlain } from '../support/plain-text.ts'
import { EXAMPLES, folderOf, sluice, sluiceHere } from '../support/sluice-process.ts'

const CLUSTER = ['--cluster', join(EXAMPLES, 'cluster')]
const manifest = (name: string) => join(EXAMPLES, 'manifests', name)

const ADMITTED = readFileSync(manifest('vllm-deployment.yaml'), 'utf8')
const DENIED = readFileSync(manifest('denied-visible-devices.yaml'), 'utf8')

function podOf(name: string, gpus: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: research}\nspec: {containers: [{name: a, image: x, resources: {limits: {nvidia.com/gpu: ${gpus}}}}]}\n`
}

interface Review {
  readonly file: string
  readonly name: string
  readonly podTemplate: string
  readonly verdict: string
  readonly tier: string | null
  readonly patch: readonly unknown[]
  readonly injected: readonly unknown[]
  readonly denials: readonly Readonly<Record<string, unknown>>[]
  readonly undecidable: readonly { readonly at: string; readonly problem: string }[]
}

async function reviewsOf(
  args: readonly string[],
): Promise<{ readonly exitCode: number | null; readonly reviews: readonly Review[]; readonly stderr: string }> {
  const { exitCode, stdout, stderr } = await sluiceHere(['review', ...args, ...CLUSTER, '-o', 'json'])
  return { exitCode, stderr, reviews: stdout === '' ? [] : JSON.parse(stdout).reviews }
}

describe('the exit code of sluice review, as the shell sees it', { concurrency: 2 }, () => {
  test('is 0 where every pod is admitted, from standard input', async () => {
    const { exitCode, stdout, stderr } = await sluice(['review', '-f', '-', ...CLUSTER], ADMITTED)
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /Deployment assistant-serving\/qwen3-32b/)
    assert.match(stdout, /allowed .*tier reserved .*h100=4 .*2 pods/)
    // Nobody looks, so nothing is coloured.
    assertPlain(stdout)
  })

  test('is 1 where one is denied', async () => {
    const { exitCode, stdout } = await sluice(['review', '-f', '-', ...CLUSTER], `${ADMITTED}---\n${DENIED}`)
    assert.equal(exitCode, 1)
    assert.match(stdout, /\[SLU-P120\]/)
    assert.match(stdout, /allowed/)
  })

  test('is 2 where a file is not there', async () => {
    const { exitCode, stderr } = await sluice(['review', '-f', 'no-such.yaml', ...CLUSTER])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: no-such\.yaml: does not exist \(/)
  })

  test('is 2 where standard input is no YAML', async () => {
    const { exitCode, stderr } = await sluice(['review', '-f', '-', ...CLUSTER], 'kind: [Pod\nmetadata: {}')
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: \(stdin\):\d+:\d+: /)
  })
})

describe('what sluice review reads', () => {
  test('a folder: each of its manifests, by itself', async t => {
    // 8 of 26 reserved H100 each: one after the other in one file, the fourth would not be reserved any more.
    const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map(name => [`${name}.yaml`, podOf(name, '8')]))
    const { exitCode, reviews } = await reviewsOf(['-f', folderOf(t, { ...files, 'notes.txt': 'not a manifest' })])
    assert.equal(exitCode, 0)
    assert.deepEqual(
      reviews.map(review => review.name),
      ['a', 'b', 'c', 'd', 'e'],
    )
    assert.deepEqual(
      reviews.map(review => basename(review.file)),
      ['a.yaml', 'b.yaml', 'c.yaml', 'd.yaml', 'e.yaml'],
    )
  })

  test('a file of several documents, one after the other against one ledger', async t => {
    const text = Array.from({ length: 7 }, (_, index) => podOf(`p${index}`, '8')).join('---\n')
    const folder = folderOf(t, {
      'all.yaml': text.replaceAll(
        'containers:',
        'nodeSelector: {node.kubernetes.io/instance-type: p5.48xlarge}, containers:',
      ),
    })
    const { exitCode, reviews } = await reviewsOf(['-f', join(folder, 'all.yaml')])
    assert.equal(exitCode, 1)
    const tiers = reviews.map(({ verdict, tier }) => (verdict === 'allowed' ? tier : verdict))
    assert.deepEqual(tiers, ['reserved', 'reserved', 'reserved', 'shared', 'burst', 'burst', 'denied'])
  })

  test('a List, item by item, and JSON as well as YAML', async t => {
    const pod = (name: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'research' },
      spec: { containers: [{ name: 'a' }] },
    })
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [pod('one'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }, pod('two')],
    }
    const { exitCode, reviews } = await reviewsOf([
      '-f',
      join(folderOf(t, { 'list.json': JSON.stringify(list) }), 'list.json'),
    ])
    assert.equal(exitCode, 0)
    assert.deepEqual(
      reviews.map(({ name, verdict }) => [name, verdict]),
      [
        ['one', 'not-gpu'],
        ['two', 'not-gpu'],
      ],
    )
  })

  test('good documents beside a broken one, which is told and decides the exit code', async t => {
    const folder = folderOf(t, { 'mixed.yaml': `${podOf('good', '1')}---\nkind: [\n---\n${podOf('also-good', '1')}` })
    const { exitCode, reviews, stderr } = await reviewsOf(['-f', join(folder, 'mixed.yaml')])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: .*mixed\.yaml:\d+:\d+: /)
    assert.deepEqual(
      reviews.map(review => review.name),
      ['good', 'also-good'],
    )
  })

  for (const { name, quantity } of [
    { name: 'a shell variable', quantity: '"${GPUS}"' },
    { name: 'a Helm value in quotes', quantity: '"{{ .Values.gpus }}"' },
    { name: 'a Helm value without quotes, which YAML reads as a map', quantity: '{{ .Values.gpus }}' },
  ]) {
    test(`a template with ${name}: undecidable with its place, and no failure`, async t => {
      const { exitCode, reviews, stderr } = await reviewsOf([
        '-f',
        join(folderOf(t, { 't.yaml': podOf('templated', quantity) }), 't.yaml'),
      ])
      assert.equal(stderr, '')
      assert.equal(exitCode, 0)
      const [review] = reviews
      assert.equal(review?.verdict, 'undecidable')
      assert.equal(review?.undecidable[0]?.at, 'spec.containers[0].resources.limits["nvidia.com/gpu"]')
      assert.deepEqual(review?.patch, [])
    })
  }

  test('everything as if it were created in one namespace', async () => {
    const { reviews } = await reviewsOf(['-f', manifest('vllm-deployment.yaml'), '-n', 'search-serving'])
    assert.deepEqual(
      reviews.map(review => Reflect.get(review, 'tenant')),
      ['search-serving'],
    )
  })

  test('no cluster: then policies alone decide, and no quota is told of', async () => {
    const { exitCode, stdout } = await sluiceHere([
      'review',
      '-f',
      manifest('denied-over-burst-limit.yaml'),
      '-o',
      'json',
    ])
    assert.equal(exitCode, 0)
    const [review] = JSON.parse(stdout).reviews
    assert.deepEqual([review.verdict, review.tenant, review.denials], ['allowed', null, []])
  })
})

describe('the forms of its answer', () => {
  test('json has these keys, for an admitted pod as for a denied one', async () => {
    const { exitCode, reviews } = await reviewsOf([
      '-f',
      manifest('vllm-deployment.yaml'),
      '-f',
      manifest('denied-over-burst-limit.yaml'),
    ])
    assert.equal(exitCode, 1)
    const keys = [
      'file',
      'kind',
      'name',
      'namespace',
      'podTemplate',
      'verdict',
      'tenant',
      'tier',
      'demand',
      'effective',
      'gang',
      'patch',
      'injected',
      'warnings',
      'denials',
    ]
    for (const review of reviews) for (const key of keys) assert.ok(Object.hasOwn(review, key), key)
    assert.deepEqual(
      reviews.map(review => review.verdict),
      ['allowed', 'denied'],
    )
    for (const key of ['code', 'policy', 'field', 'message', 'fix'])
      assert.ok(Object.hasOwn(reviews[1]?.denials[0] ?? {}, key), key)
    assert.match(String(reviews[1]?.denials[0]?.message), /^exceeded quota: /)
  })

  test('patch is what the webhook would answer, template by template', async () => {
    const { exitCode, stdout } = await sluiceHere([
      'review',
      '-f',
      manifest('jobset-pretrain.yaml'),
      ...CLUSTER,
      '-o',
      'patch',
    ])
    assert.equal(exitCode, 0)
    const patches = JSON.parse(stdout)
    assert.ok(patches.length >= 2)
    for (const entry of patches) {
      assert.deepEqual(Object.keys(entry), ['kind', 'name', 'namespace', 'podTemplate', 'patch'])
      for (const { op, path } of entry.patch) assert.match(`${op} ${path}`, /^(add|replace|remove) \/(spec|metadata)\//)
    }
    assert.ok(patches.some((entry: { patch: readonly unknown[] }) => entry.patch.length > 0))
  })

  test('yaml keeps every document, the ones without pods as well', async () => {
    const { stdout } = await sluiceHere(['review', '-f', manifest('vllm-deployment.yaml'), ...CLUSTER, '-o', 'yaml'])
    const kinds = (text: string) => {
      const documents = parseAllDocuments(text)
      assert.ok(Array.isArray(documents))
      return documents.map(document => document.toJS().kind)
    }
    assert.deepEqual(kinds(stdout), kinds(ADMITTED))
  })

  test('yaml reviewed again has nothing injected, whatever the workload', async t => {
    const names = [
      'vllm-deployment',
      'nemo-finetune-job',
      'jobset-pretrain',
      'pytorchjob',
      'leaderworkerset-deepseek',
      'rayjob',
      'trainjob',
      'mpijob-nccl-tests',
      'llm-d-prefill-decode',
      'kserve-inferenceservice',
      'dra-claims',
      'spot-sweep',
      'kai-fraction',
      'argo-workflow',
    ]
    const outputs = new Map<string, string>()
    for (const name of names) {
      const { exitCode, stdout, stderr } = await sluiceHere([
        'review',
        '-f',
        manifest(`${name}.yaml`),
        ...CLUSTER,
        '-o',
        'yaml',
      ])
      assert.equal(exitCode, 0, `${name}: ${stderr}`)
      outputs.set(`${name}.yaml`, stdout)
    }
    const { exitCode, reviews } = await reviewsOf(['-f', folderOf(t, Object.fromEntries(outputs))])
    assert.equal(exitCode, 0)
    // What the form of a manifest cannot hold is said above it, and is given to the pods at admission as before.
    const isUnheld = ({ file, podTemplate }: Review) =>
      outputs.get(basename(file))?.startsWith(`# Given to the pods of ${podTemplate} at admission`) === true
    const again = reviews.filter(review => (review.injected.length > 0 || review.patch.length > 0) && !isUnheld(review))
    assert.deepEqual(
      again.map(({ file, podTemplate, injected, patch }) => ({ file: basename(file), podTemplate, injected, patch })),
      [],
    )
    assert.deepEqual([...new Set(reviews.filter(isUnheld).map(review => basename(review.file)))], ['trainjob.yaml'])
    assert.ok(reviews.length >= names.length)
  })
})
