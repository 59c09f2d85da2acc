import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { policyOf } from '../schema/testing.ts'
import { injectIssues } from './inject-issues.ts'

interface Case {
  readonly name: string
  readonly inject: JsonObject
  readonly want: readonly string[]
}

const CLAIM = { name: 'c', replaces: 'x/y' }

const CASES: readonly Case[] = [
  {
    name: 'a toleration of everything',
    inject: { tolerations: [{ operator: 'Exists' }] },
    want: ['tolerations[0]: a toleration without a key'],
  },
  {
    name: 'a value without a key',
    inject: { tolerations: [{ value: 'x' }] },
    want: ['tolerations[0]: a toleration without a key'],
  },
  {
    name: 'Exists with a value',
    inject: { tolerations: [{ key: 'k', operator: 'Exists', value: 'x' }] },
    want: ['tolerations[0]: Exists takes no value'],
  },
  {
    name: 'the taints of the class and more',
    inject: { tolerations: [{ classTaints: true, effect: 'NoExecute' }] },
    want: ['tolerations[0]: classTaints stands in'],
  },
  {
    name: 'tolerations that can be meant',
    inject: { tolerations: [{ classTaints: true }, { key: 'k' }, { key: 'k', value: 'x' }] },
    want: [],
  },
  { name: 'no value', inject: { env: [{ name: 'A' }] }, want: ['env[0]: gives none of value, expression'] },
  {
    name: 'two values',
    inject: { labels: [{ key: 'a', value: 'x', expression: "'x'" }] },
    want: ['labels[0]: gives value and expression'],
  },
  {
    name: 'no label value',
    inject: { labels: [{ key: 'a', value: 'not one' }] },
    want: ['labels[0]: "not one" cannot be'],
  },
  {
    name: 'a label value that is too long',
    inject: { nodeSelector: [{ key: 'a', value: 'x'.repeat(64) }] },
    want: [`nodeSelector[0]: "${'x'.repeat(64)}" cannot be`],
  },
  { name: 'an empty label value', inject: { labels: [{ key: 'a', value: '' }] }, want: [] },
  {
    name: 'an annotation may hold anything',
    inject: { annotations: [{ key: 'a', value: '{"not": "one"}' }] },
    want: [],
  },
  {
    name: 'the tier',
    inject: { labels: [{ key: 'sluice.dev/tier', value: 'burst' }] },
    want: ['labels[0]: sluice.dev/tier is set by the admission itself'],
  },
  {
    name: 'the note',
    inject: { annotations: [{ key: 'sluice.dev/injected', value: 'x' }] },
    want: ['annotations[0]: sluice.dev/injected is set by the admission itself'],
  },
  {
    name: 'no count',
    inject: { devices: [{ resource: 'x/y' }] },
    want: ['devices[0]: gives none of count, expression'],
  },
  {
    name: 'two counts',
    inject: { devices: [{ resource: 'x/y', count: 1, expression: '1' }] },
    want: ['devices[0]: gives count and expression'],
  },
  {
    name: 'no claim',
    inject: { deviceClaims: [CLAIM] },
    want: ['deviceClaims[0]: gives none of resourceClaimTemplateName, resourceClaimName'],
  },
  {
    name: 'a claim and a template',
    inject: { deviceClaims: [{ ...CLAIM, resourceClaimName: 'a', resourceClaimTemplateName: 'b' }] },
    want: ['deviceClaims[0]: gives resourceClaimTemplateName and resourceClaimName'],
  },
  {
    name: 'a claim name with a dot',
    inject: { deviceClaims: [{ ...CLAIM, name: 'a.b', resourceClaimName: 'a' }] },
    want: ['deviceClaims[0]: "a.b" cannot name a claim'],
  },
  { name: 'no size', inject: { sharedMemory: {} }, want: ['sharedMemory: gives none of sizeLimit, expression'] },
  {
    name: 'a size that is none',
    inject: { sharedMemory: { sizeLimit: '64GB' } },
    want: ['sharedMemory: "64GB" is no size'],
  },
  {
    name: 'a negative size',
    inject: { sharedMemory: { sizeLimit: '-1Gi' } },
    want: ['sharedMemory: "-1Gi" is no size'],
  },
  {
    name: 'a requirement without values',
    inject: { affinity: { nodes: [{ key: 'a', operator: 'In' }] } },
    want: ['affinity.nodes[0]: In without values'],
  },
]

test('what the API server would refuse every pod for is found at load', () => {
  for (const { name, inject, want } of CASES) {
    const found = injectIssues(policyOf({ inject })).map(({ at, problem }) => `${at}: ${problem}`)
    assert.equal(found.length, want.length, `${name}: ${found.join('\n')}`)
    for (const [index, text] of want.entries()) {
      assert.ok(found[index]?.startsWith(`GpuPolicy policy: spec.inject.${text}`), `${name}: ${found[index]}`)
    }
  }
})

test('every issue says what to do', () => {
  const issues = CASES.flatMap(({ inject }) => injectIssues(policyOf({ inject })))
  for (const { problem, remedy } of issues) assert.ok((remedy ?? '').length > 5, problem)
})

test('a policy that injects nothing has nothing wrong', () => {
  assert.deepEqual(injectIssues(policyOf({ validate: [{ expression: 'true' }] })), [])
})
