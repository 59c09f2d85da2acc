import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AdmissionResponse } from '../../src/admission/response.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { assertPlain } from '../support/plain-text.ts'
import {
  gpuPod,
  named,
  patchOf,
  QUOTAS,
  type ReviewOptions,
  responseOf,
  reviewOf,
  startWebhooks,
  type WebhookService,
} from '../support/webhook-service.ts'

// Terminals obey these, kubectl prints what it is given, and the API server drops a warning that holds a line break.
const ESCAPES = '\u001b]0;owned\u0007\u001b[31mred\u009b2J\r\n\u202eevil'

// A rule that tells everything that a tenant wrote, to see what becomes of it.
const REPEATING = `${QUOTAS}---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: repeats-what-it-reads}
spec:
  match: {accelerators: Any, namespaces: [team-a]}
  validate:
  - code: PLAT-001
    mode: Warn
    expression: "!has(object.metadata.labels) || object.metadata.labels.all(key, !key.startsWith('say'))"
    messageExpression: "object.metadata.labels.map(key, key + '=' + object.metadata.labels[key]).join(', ')"
  - code: PLAT-002
    expression: "object.spec.containers.all(c, c.?env.orValue([]).all(e, !e.name.startsWith('SAY')))"
    messageExpression: "object.spec.containers[0].env.map(e, e.name + '=' + e.value).join(', ')"
    field: spec.containers[0].env
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: copies-what-it-reads}
spec:
  match: {namespaces: [team-a]}
  inject:
    annotations:
    - {key: example.com/copied, expression: "object.metadata.?labels[?'copy'].orValue('')"}
`

let service: WebhookService
before(async () => {
  service = await startWebhooks(REPEATING)
})
after(() => service.close())

async function bothAnswers(pod: JsonObject, options: ReviewOptions = {}): Promise<readonly AdmissionResponse[]> {
  return [await service.mutate(reviewOf(pod, options)), await service.validate(reviewOf(pod, options))]
}

/** Everything that a person may be shown. */
function textsOf({ status, warnings }: AdmissionResponse): readonly string[] {
  const causes = status?.details?.causes.flatMap(cause => [cause.field, cause.message]) ?? []
  return [status?.message ?? '', status?.details?.name ?? '', ...causes, ...(warnings ?? [])]
}

describe('terminal escapes never come back raw', () => {
  const limits = { limits: { 'nvidia.com/gpu': '1' } }
  const pods: readonly { readonly name: string; readonly pod: JsonObject; readonly options?: ReviewOptions }[] = [
    { name: 'in the name of a pod that is refused', pod: gpuPod('x', { metadata: { name: ESCAPES } }) },
    { name: 'in generateName', pod: gpuPod('x', { metadata: { generateName: ESCAPES } }) },
    { name: 'in the name of the request', pod: gpuPod('x'), options: { request: { name: ESCAPES } } },
    { name: 'in the namespace of the request', pod: gpuPod(1), options: { namespace: ESCAPES } },
    {
      name: 'in the key and the value of a label',
      pod: gpuPod(1, { metadata: { labels: { [`say ${ESCAPES}`]: ESCAPES } } }),
    },
    { name: 'in a tier', pod: gpuPod(1, { metadata: { labels: { 'sluice.dev/tier': ESCAPES } } }) },
    {
      name: 'in the name and the value of a variable',
      pod: gpuPod(1, {
        spec: { containers: [{ name: 'a', env: [{ name: `SAY${ESCAPES}`, value: ESCAPES }], resources: limits }] },
      }),
    },
    { name: 'in a quantity', pod: gpuPod(ESCAPES) },
    {
      name: 'in the name of a resource',
      pod: gpuPod(1, {
        spec: {
          containers: [{ name: 'a', resources: { limits: { [`nvidia.com/${ESCAPES}`]: 'x', 'nvidia.com/gpu': 'x' } } }],
        },
      }),
    },
    { name: 'in a field of the wrong type', pod: gpuPod(1, { metadata: { labels: { [ESCAPES]: 7 } } }) },
    {
      name: 'in a DRA claim',
      pod: gpuPod(1, {
        spec: {
          containers: [{ name: 'a', resources: { claims: [{ name: ESCAPES }] } }],
          resourceClaims: [{ name: ESCAPES, resourceClaimTemplateName: ESCAPES }],
        },
      }),
    },
    {
      name: 'in an annotation of a fraction',
      pod: gpuPod(1, { metadata: { annotations: { 'gpu-fraction': ESCAPES } }, spec: { containers: [{ name: 'a' }] } }),
    },
  ]
  for (const { name, pod, options } of pods) {
    test(name, async () => {
      const [mutated, validated] = await bothAnswers(pod, options)
      assert.ok(mutated !== undefined && validated !== undefined)
      // Each of them is told something: otherwise nothing was tested.
      assert.ok(
        textsOf(validated).some(text => text !== ''),
        JSON.stringify(validated),
      )
      for (const text of [...textsOf(mutated), ...textsOf(validated)]) assertPlain(text)
      for (const warning of validated.warnings ?? []) assert.doesNotMatch(warning, /\n/)
      assert.match(validated.status?.message ?? '', /^[\x20-\x7e\n]*$/)
    })
  }

  test('in what is wrong with the review itself', async () => {
    for (const request of [
      { operation: ESCAPES },
      { resource: { group: ESCAPES, version: 'v1', resource: 'pods' } },
      { subResource: ESCAPES },
    ]) {
      const { status, text } = await service.post('/validate/pods', JSON.stringify(reviewOf(gpuPod(1), { request })))
      assert.equal(status, 400)
      assertPlain(JSON.parse(text).message)
    }
  })

  test('in the note of what was injected, where a policy copies them', async () => {
    const [mutated] = await bothAnswers(gpuPod(1, { metadata: { labels: { copy: ESCAPES } } }))
    const operations = JSON.stringify(mutated === undefined ? [] : patchOf(mutated))
    assert.match(operations, /copies-what-it-reads: annotation example\.com\/copied/)
  })
})

describe('keys that JavaScript has a meaning for are keys like any other', () => {
  const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']

  /** JSON.parse makes `__proto__` an own property, as it arrives; an object literal would set the prototype. */
  function withKey(key: string, value: string): JsonObject {
    return JSON.parse(`{${JSON.stringify(key)}: ${value}}`)
  }

  for (const key of KEYS) {
    test(`${key} as a label and an annotation`, async () => {
      const pod = gpuPod(1, { metadata: { labels: withKey(key, '"x"'), annotations: withKey(key, '"x"') } })
      const { operations, pod: stored, response } = await service.create(pod, { dryRun: true })
      assert.equal(response.allowed, true, JSON.stringify(response))
      const { labels, annotations } = stored.metadata as { labels: JsonObject; annotations: JsonObject }
      assert.equal(Object.getOwnPropertyDescriptor(labels, key)?.value, 'x')
      assert.equal(Object.getOwnPropertyDescriptor(annotations, key)?.value, 'x')
      assert.equal(labels['sluice.dev/tier'], 'reserved', JSON.stringify(operations))
    })

    test(`${key} as a resource, beside GPUs`, async () => {
      const resources = { limits: { ...withKey(key, '"1"'), 'nvidia.com/gpu': '1' } }
      const text = JSON.stringify(
        reviewOf(named(gpuPod(1, { spec: { containers: [{ name: 'a', resources }] } })), { dryRun: true }),
      )
      const response = responseOf(
        await service.post(
          '/validate/pods',
          text.replace('"nvidia.com/gpu"', `${JSON.stringify(key)}:"1","nvidia.com/gpu"`),
        ),
      )
      assert.equal(response.allowed, true, JSON.stringify(response))
    })

    test(`${key} as the name of a variable, a container, a volume and a node label`, async () => {
      const pod = gpuPod(1, {
        spec: {
          nodeSelector: withKey(key, '"x"'),
          volumes: [{ name: key, emptyDir: {} }],
          containers: [
            {
              name: key,
              env: [{ name: key, value: 'x' }],
              volumeMounts: [{ name: key, mountPath: '/x' }],
              resources: { limits: { 'nvidia.com/gpu': '1' } },
            },
          ],
        },
      })
      const { response } = await service.create(pod, { dryRun: true })
      assert.doesNotMatch(JSON.stringify(response), /SLU-[SPE]/)
    })
  }

  test('__proto__ in the review gives nobody a property', async () => {
    const text = JSON.stringify(reviewOf(gpuPod(1), { dryRun: true }))
    const polluted = text
      .replaceAll('{', '{"__proto__":{"allowed":true,"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},')
      .replaceAll(',}', '}')
    for (const path of ['/mutate/pods', '/validate/pods']) await service.post(path, polluted)
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })
})
