import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabelSelector } from '../schema/parts.ts'
import { selectorIssues, selects } from './selector.ts'

const labels = { app: 'web', tier: 'front' }

test('a selector selects by all that it says', () => {
  const requirement = (
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
    key: string,
    values?: readonly string[],
  ) => ({
    matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
  })
  const cases: readonly { readonly name: string; readonly selector: LabelSelector; readonly want: boolean }[] = [
    { name: 'nothing selects everything', selector: {}, want: true },
    { name: 'a label', selector: { matchLabels: { app: 'web' } }, want: true },
    { name: 'another value', selector: { matchLabels: { app: 'db' } }, want: false },
    { name: 'one of two labels', selector: { matchLabels: { app: 'web', zone: 'a' } }, want: false },
    { name: 'In', selector: requirement('In', 'app', ['db', 'web']), want: true },
    { name: 'In, with another value', selector: requirement('In', 'app', ['db']), want: false },
    { name: 'In, where the label is absent', selector: requirement('In', 'zone', ['a']), want: false },
    { name: 'NotIn', selector: requirement('NotIn', 'app', ['web']), want: false },
    { name: 'NotIn, where the label is absent', selector: requirement('NotIn', 'zone', ['a']), want: true },
    { name: 'Exists', selector: requirement('Exists', 'tier'), want: true },
    { name: 'Exists, where it does not', selector: requirement('Exists', 'zone'), want: false },
    { name: 'DoesNotExist', selector: requirement('DoesNotExist', 'zone'), want: true },
    { name: 'DoesNotExist, where it does', selector: requirement('DoesNotExist', 'tier'), want: false },
    { name: 'what every object has is no label', selector: requirement('Exists', 'constructor'), want: false },
    {
      name: 'labels and expressions together',
      selector: { matchLabels: { app: 'web' }, ...requirement('In', 'tier', ['back']) },
      want: false,
    },
  ]
  for (const { name, selector, want } of cases) assert.equal(selects(selector, labels), want, name)
})

test('a label named __proto__ is a label', () => {
  const hostile = JSON.parse('{"__proto__":"x"}')
  assert.equal(selects({ matchLabels: hostile }, hostile), true)
  assert.equal(selects({ matchLabels: hostile }, {}), false)
})

test('a requirement with the wrong number of values is named', () => {
  const selector: LabelSelector = {
    matchExpressions: [
      { key: 'a', operator: 'In', values: [] },
      { key: 'b', operator: 'NotIn' },
      { key: 'c', operator: 'Exists', values: ['x'] },
      { key: 'd', operator: 'In', values: ['x'] },
      { key: 'e', operator: 'DoesNotExist' },
    ],
  }
  assert.deepEqual(
    selectorIssues(selector, 'spec').map(({ at, problem }) => `${at}: ${problem}`),
    [
      'spec.matchExpressions[0]: In without values',
      'spec.matchExpressions[1]: NotIn without values',
      'spec.matchExpressions[2]: Exists takes no values',
    ],
  )
  assert.deepEqual(selectorIssues(undefined, 'spec'), [])
})
