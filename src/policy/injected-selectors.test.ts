import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { policyOf } from '../schema/testing.ts'
import { injectedSelectors } from './injected-selectors.ts'

const LABELLING = policyOf({ inject: { labels: [{ key: 'team', value: 'a' }] } }, 'labelling')
const BY_TEAM = { objectSelector: { matchLabels: { team: 'a' } } }
const SOMETHING = { env: [{ name: 'A', value: '1' }] }

const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly want: readonly string[] }[] = [
  {
    name: 'a policy that injects where another has labelled',
    spec: { match: BY_TEAM, inject: SOMETHING },
    want: ['selects by the label team, which GpuPolicy labelling injects: on a first pass it is not there yet'],
  },
  {
    name: 'by an expression',
    spec: { match: { objectSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }, inject: SOMETHING },
    want: ['selects by the label team, which GpuPolicy labelling injects: on a first pass it is not there yet'],
  },
  {
    name: 'the label of the tier',
    spec: { match: { objectSelector: { matchLabels: { 'sluice.dev/tier': 'burst' } } }, inject: SOMETHING },
    want: [
      'selects by the label sluice.dev/tier, which the admission itself injects: on a first pass it is not there yet',
    ],
  },
  // Rules are judged on the pod as it leaves mutation.
  { name: 'a policy that only validates', spec: { match: BY_TEAM, validate: [{ expression: 'true' }] }, want: [] },
  {
    name: 'a policy that labels what has no such label',
    spec: {
      match: { objectSelector: { matchExpressions: [{ key: 'own', operator: 'DoesNotExist' }] } },
      inject: { labels: [{ key: 'own', value: 'x' }] },
    },
    want: [],
  },
  {
    name: 'another label',
    spec: { match: { objectSelector: { matchLabels: { app: 'a' } } }, inject: SOMETHING },
    want: [],
  },
]

test('a policy does not inject by what another injects', () => {
  for (const { name, spec, want } of cases) {
    const issues = injectedSelectors([LABELLING, policyOf(spec, 'other')])
    assert.deepEqual(
      issues.map(({ problem }) => problem),
      want,
      name,
    )
    for (const { at } of issues) assert.equal(at, 'GpuPolicy other: spec.match.objectSelector', name)
  }
})
