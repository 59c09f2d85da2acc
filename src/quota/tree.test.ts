import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../quantity/amount.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { NodeSpec } from './node-spec.ts'
import { forestOf, present } from './testing.ts'
import { buildForest, potential, quotaAt } from './tree.ts'

const node = (name: string, parent: string | null, nominal = 0, lendingLimit: number | null = null): NodeSpec => ({
  name,
  parent,
  quotas: new Map([
    [
      'gpu',
      {
        nominal: amount(nominal),
        borrowingLimit: null,
        lendingLimit: lendingLimit === null ? null : amount(lendingLimit),
      },
    ],
  ]),
})

test('quotas that do not form trees are refused, all faults at once', () => {
  const cases: readonly {
    readonly name: string
    readonly specs: readonly NodeSpec[]
    readonly want: readonly string[]
  }[] = [
    {
      name: 'a parent nobody defines',
      specs: [node('a', 'nowhere')],
      want: ['a: its parent nowhere does not exist (create the parent or name another)'],
    },
    {
      name: 'its own parent',
      specs: [node('a', 'a')],
      want: ['a: the parents form a cycle: a -> a (remove the parent of one of them)'],
    },
    {
      name: 'a longer cycle with something hanging from it, told once',
      specs: [node('below', 'c'), node('c', 'b'), node('b', 'd'), node('d', 'c')],
      want: ['b: the parents form a cycle: b -> d -> c -> b (remove the parent of one of them)'],
    },
    {
      name: 'one name twice',
      specs: [node('a', null), node('a', null)],
      want: ['a: two nodes have this name (rename or remove one of them)'],
    },
    {
      name: 'negative amounts',
      specs: [node('a', null, -1, -2)],
      want: ['a: the nominal quota of gpu is -1 (use 0 or more)', 'a: the lending limit of gpu is -2 (use 0 or more)'],
    },
    {
      name: 'a weight no share can be divided by',
      specs: [{ ...node('a', null), weight: { nanos: -1n } }],
      want: ['a: the weight is negative (use 0 or more than 0.000000001)'],
    },
    {
      name: 'several faults',
      specs: [node('a', 'nowhere'), node('b', 'b'), node('c', null, -1)],
      want: [
        'a: its parent nowhere does not exist (create the parent or name another)',
        'b: the parents form a cycle: b -> b (remove the parent of one of them)',
        'c: the nominal quota of gpu is -1 (use 0 or more)',
      ],
    },
  ]
  for (const { name, specs, want } of cases) {
    const result = buildForest(specs)
    assert.deepEqual(result.ok ? [] : result.issues.map(formatIssue), want, name)
  }
})

test('a parent that exists by name only becomes a root without quota when asked for', () => {
  const result = buildForest([node('a', 'only-a-name', 3), node('b', 'only-a-name', 4)], { implicitParents: true })
  assert.ok(result.ok)
  const root = present(result.value.nodes.get('only-a-name'), 'root')
  assert.equal(root.parent, null)
  assert.equal(quotaAt(root, 'gpu').nominal, 0n)
  assert.equal(quotaAt(root, 'gpu').subtree, 7n)
})

test('nodes that share no parent are separate trees, parents first in each', () => {
  const { trees } = forestOf([node('leaf', 'mid'), node('mid', 'top'), node('other', null), node('top', null)])
  assert.deepEqual(
    trees.map(tree => tree.nodes.map(({ name, index }) => `${index} ${name}`)),
    [['0 other'], ['0 top', '1 mid', '2 leaf']],
  )
  assert.deepEqual(
    trees.flatMap(({ children }) => children.map(nodes => nodes.map(({ name }) => name))),
    [[], ['mid'], ['leaf'], []],
  )
})

test('a lending limit hides quota from the parent, and the hidden part from everybody above', () => {
  // Kueue's own example: A lends 4 of its 8, so the cohort sees 4 + 8.
  const { nodes } = forestOf([node('root', null), node('A', 'root', 8, 4), node('B', 'root', 8)])
  const at = (name: string) => present(nodes.get(name), name)
  assert.deepEqual([quotaAt(at('A'), 'gpu').subtree, quotaAt(at('A'), 'gpu').local], [8n, 4n])
  assert.equal(quotaAt(at('root'), 'gpu').subtree, 12n)
  assert.deepEqual([potential(at('A'), 'gpu'), potential(at('B'), 'gpu')], [16n, 12n])
})

test('a deep chain of cohorts builds', () => {
  const specs = Array.from({ length: 2000 }, (_, index) => node(`n${index}`, index === 0 ? null : `n${index - 1}`, 1))
  const { nodes } = forestOf(specs)
  assert.equal(potential(present(nodes.get('n1999'), 'leaf'), 'gpu'), 2000n)
})
