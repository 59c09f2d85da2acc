import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Amount, amount } from '../quantity/amount.ts'
import type { NodeSpec } from './node-spec.ts'
import { amounts, forestOf, KEYS, present, someDemand, someNodes } from './testing.ts'
import { type Forest, type Node, potential, type Tree } from './tree.ts'
import { type Amounts, addUsage, available, noUsage, removeUsage, type Usage, usageOf, used } from './usage.ts'

test('the worked example of two queues comes out as in Kueue', () => {
  const quota = (nominal: number, lendingLimit: number | null = null, borrowingLimit: number | null = null) =>
    new Map([
      [
        'gpu',
        {
          nominal: amount(nominal),
          lendingLimit: lendingLimit === null ? null : amount(lendingLimit),
          borrowingLimit: borrowingLimit === null ? null : amount(borrowingLimit),
        },
      ],
    ])
  const example = (borrowingLimitOfA: number | null) => {
    const forest = forestOf([
      { name: 'root', parent: null, quotas: new Map() },
      { name: 'A', parent: 'root', quotas: quota(8, 4, borrowingLimitOfA) },
      { name: 'B', parent: 'root', quotas: quota(8) },
    ])
    const at = (name: string) => present(forest.nodes.get(name), name)
    const tree = present(forest.trees[0], 'tree')
    return { at, empty: noUsage(tree) }
  }

  const { at, empty } = example(null)
  const full = addUsage(empty, at('B'), amounts({ gpu: 12 }))
  assert.equal(used(full, at('root'), 'gpu'), 12n)
  assert.equal(available(full, at('A'), 'gpu'), 4n, 'what A does not lend survives')
  assert.equal(available(full, at('B'), 'gpu'), 0n)

  const limited = example(2)
  assert.equal(available(limited.empty, limited.at('A'), 'gpu'), 10n, 'A never exceeds 8 + 2')
})

test('availability is negative where a quota was cut below its use, and takes room from the relatives', () => {
  const forest = forestOf([
    { name: 'root', parent: null, quotas: new Map() },
    { name: 'cut', parent: 'root', quotas: new Map() },
    {
      name: 'other',
      parent: 'root',
      quotas: new Map([['gpu', { nominal: amount(8), borrowingLimit: null, lendingLimit: null }]]),
    },
  ])
  const at = (name: string) => present(forest.nodes.get(name), name)
  const usage = addUsage(noUsage(present(forest.trees[0], 'tree')), at('cut'), amounts({ gpu: 10 }))
  assert.equal(available(usage, at('other'), 'gpu'), -2n)
})

test('adding and removing step by step equals counting from scratch', () => {
  fc.assert(
    fc.property(someHistory, ({ specs, moves }) => {
      const forest = forestOf(specs)
      const { usages, usedAt } = replay(forest, moves)
      const plain = plainTree(specs, usedAt)
      for (const tree of forest.trees) {
        const usage = present(usages.get(tree), 'usage')
        const atOnce = usageOf(
          tree,
          tree.nodes.map(node => [node, usedAt.get(node.name) ?? new Map()]),
        )
        for (const node of tree.nodes) {
          for (const key of KEYS) {
            const want = { used: plain.used(node.name, key), available: plain.available(node.name, key) }
            assert.deepEqual(stateAt(usage, node, key), want, `${node.name} ${key}, step by step`)
            assert.deepEqual(stateAt(atOnce, node, key), want, `${node.name} ${key}, at once`)
            assert.equal(potential(node, key), plain.potential(node.name, key), `${node.name} ${key}, potential`)
          }
        }
      }
    }),
  )
})

test('removing what was added restores everything, in any order', () => {
  fc.assert(
    fc.property(someHistory, fc.infiniteStream(fc.nat()), ({ specs, moves }, choices) => {
      const forest = forestOf(specs)
      const { usages } = replay(forest, moves)
      const before = new Map(usages)
      const added = moves.filter(({ remove }) => !remove)
      for (const { node, demand } of added) move(usages, nodeAt(forest, node), demand, addUsage)
      const left = [...added]
      while (left.length > 0) {
        const [{ node, demand }] = left.splice((choices.next().value ?? 0) % left.length, 1) as [Move]
        move(usages, nodeAt(forest, node), demand, removeUsage)
      }
      for (const tree of forest.trees) assert.deepEqual(table(tree, usages), table(tree, before))
    }),
  )
})

test('the order of additions does not matter', () => {
  fc.assert(
    fc.property(
      someHistory.chain(({ specs, moves }) => {
        const added = moves.filter(({ remove }) => !remove)
        return fc.record({
          specs: fc.constant(specs),
          added: fc.constant(added),
          shuffled: fc.shuffledSubarray(added, { minLength: added.length }),
        })
      }),
      ({ specs, added, shuffled }) => {
        const forest = forestOf(specs)
        const one = replay(forest, added).usages
        const other = replay(forest, shuffled).usages
        for (const tree of forest.trees) assert.deepEqual(table(tree, one), table(tree, other))
      },
    ),
  )
})

test('what is available never exceeds what could be, as long as only what fits is added', () => {
  fc.assert(
    fc.property(someHistory, ({ specs, moves }) => {
      const forest = forestOf(specs)
      const usages = emptyUsages(forest)
      for (const { node: index, demand } of moves) {
        const node = nodeAt(forest, index)
        const usage = usageIn(usages, node)
        const fits = demand.entries().every(([key, value]) => value <= available(usage, node, key))
        if (fits) usages.set(usage.tree, addUsage(usage, node, demand))
      }
      for (const usage of usages.values()) {
        for (const node of usage.tree.nodes) {
          for (const key of KEYS) {
            const room = available(usage, node, key)
            assert.ok(room >= 0n, `${node.name} ${key} was overbooked by ${-room}`)
            assert.ok(room <= potential(node, key), `${node.name} ${key}`)
          }
        }
      }
    }),
  )
})

interface Move {
  readonly node: number
  readonly demand: Amounts
  readonly remove: boolean
}

const someHistory = fc.record({
  specs: someNodes,
  moves: fc.array(fc.record({ node: fc.nat(30), demand: someDemand, remove: fc.boolean() }), { maxLength: 20 }),
})

/** Plays the moves; a removal takes back one earlier addition, so nothing is ever removed that is not there. */
function replay(forest: Forest, moves: readonly Move[]) {
  const usages = emptyUsages(forest)
  const standing: { readonly node: Node; readonly demand: Amounts }[] = []
  for (const { node: index, demand, remove } of moves) {
    const former = remove ? standing.shift() : undefined
    if (former !== undefined) move(usages, former.node, former.demand, removeUsage)
    if (remove) continue
    const node = nodeAt(forest, index)
    standing.push({ node, demand })
    move(usages, node, demand, addUsage)
  }
  const usedAt = new Map<string, Map<string, Amount>>()
  for (const { node, demand } of standing) {
    const sums = usedAt.get(node.name) ?? new Map<string, Amount>()
    for (const [key, value] of demand) sums.set(key, amount((sums.get(key) ?? 0n) + value))
    usedAt.set(node.name, sums)
  }
  return { usages, usedAt }
}

function move(usages: Map<Tree, Usage>, node: Node, demand: Amounts, change: typeof addUsage): void {
  const usage = usageIn(usages, node)
  usages.set(usage.tree, change(usage, node, demand))
}

function emptyUsages(forest: Forest): Map<Tree, Usage> {
  return new Map(forest.trees.map(tree => [tree, noUsage(tree)]))
}

function usageIn(usages: ReadonlyMap<Tree, Usage>, node: Node): Usage {
  return present(
    usages.values().find(({ tree }) => tree.nodes[node.index] === node),
    'usage',
  )
}

function nodeAt(forest: Forest, index: number): Node {
  const nodes = [...forest.nodes.values()]
  return present(nodes[index % nodes.length], 'node')
}

function stateAt(usage: Usage, node: Node, key: string) {
  return { used: BigInt(used(usage, node, key)), available: BigInt(available(usage, node, key)) }
}

function table(tree: Tree, usages: ReadonlyMap<Tree, Usage>) {
  const usage = present(usages.get(tree), 'usage')
  return tree.nodes.map(node => KEYS.map(key => stateAt(usage, node, key)))
}

/**
 * The oracle: the definitions of the cohort tree written down once more, top-down and from scratch, on plain integers.
 * It shares nothing with the code under test.
 */
function plainTree(specs: readonly NodeSpec[], usedAt: ReadonlyMap<string, Amounts>) {
  const spec = (name: string) =>
    present(
      specs.find(one => one.name === name),
      name,
    )
  const children = (name: string) => specs.filter(one => one.parent === name).map(one => one.name)
  const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
  const positive = (value: bigint) => (value > 0n ? value : 0n)
  const smaller = (a: bigint, b: bigint) => (a < b ? a : b)
  const quota = (name: string, key: string) => spec(name).quotas.get(key)

  const subtree = (name: string, key: string): bigint =>
    (quota(name, key)?.nominal ?? 0n) + sum(children(name).map(child => subtree(child, key) - local(child, key)))
  const local = (name: string, key: string): bigint => {
    const lendingLimit = quota(name, key)?.lendingLimit ?? null
    return lendingLimit === null ? 0n : positive(subtree(name, key) - lendingLimit)
  }
  const inUse = (name: string, key: string): bigint =>
    (usedAt.get(name)?.get(key) ?? 0n) +
    sum(children(name).map(child => positive(inUse(child, key) - local(child, key))))
  const room = (name: string, key: string): bigint => {
    const { parent } = spec(name)
    if (parent === null) return subtree(name, key) - inUse(name, key)
    const stored = subtree(name, key) - local(name, key) - positive(inUse(name, key) - local(name, key))
    const borrowingLimit = quota(name, key)?.borrowingLimit ?? null
    const above = room(parent, key)
    const fromParent = borrowingLimit === null ? above : smaller(stored + borrowingLimit, above)
    return positive(local(name, key) - inUse(name, key)) + fromParent
  }
  const most = (name: string, key: string): bigint => {
    const { parent } = spec(name)
    if (parent === null) return subtree(name, key)
    const borrowingLimit = quota(name, key)?.borrowingLimit ?? null
    const above = local(name, key) + most(parent, key)
    return borrowingLimit === null ? above : smaller(subtree(name, key) + borrowingLimit, above)
  }
  return { used: inUse, available: room, potential: most }
}
