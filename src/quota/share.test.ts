import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Amount, amount, ZERO } from '../quantity/amount.ts'
import { ONE, parseQuantity, type Quantity } from '../quantity/quantity.ts'
import { compareRationals, rational } from '../quantity/rational.ts'
import type { NodeSpec, Quota } from './node-spec.ts'
import { compareShares, kueueShare, roundedShare, type Share, shareOf } from './share.ts'
import { byShare, siblingsByShare } from './share-order.ts'
import { amounts, forestOf, KEYS, present, someNodes } from './testing.ts'
import { type Forest, type Node, potential, quotaAt, type Tree } from './tree.ts'
import { type Amounts, addUsage, noUsage, type Usage, usageOf, used } from './usage.ts'

const nominal = (gpus: number): Quota => ({ nominal: amount(gpus), borrowingLimit: null, lendingLimit: null })

/** Siblings below one root, with what each has, uses and weighs. */
function siblings(
  all: Readonly<Record<string, { nominal?: Record<string, number>; used?: Record<string, number>; weight?: string }>>,
) {
  const forest = forestOf([
    { name: 'root', parent: null, quotas: new Map() },
    ...Object.entries(all).map(([name, one]) => ({
      name,
      parent: 'root',
      weight: weightOf(one.weight ?? '1'),
      quotas: new Map(Object.entries(one.nominal ?? {}).map(([key, gpus]) => [key, nominal(gpus)])),
    })),
  ])
  const at = (name: string) => present(forest.nodes.get(name), name)
  const usage = usageOf(
    present(forest.trees[0], 'tree'),
    Object.entries(all).map(([name, one]) => [at(name), amounts(one.used ?? {})]),
  )
  return { at, usage, shareOf: (name: string, ...keys: readonly string[]) => shareOf(usage, at(name), keys) }
}

test('a share is what is borrowed, per thousand of what could be lent, by weight', () => {
  const { shareOf } = siblings({
    lender: { nominal: { gpu: 12 } },
    third: { used: { gpu: 4 } },
    heavy: { used: { gpu: 4 }, weight: '2' },
    light: { used: { gpu: 1 }, weight: '0.5' },
    within: { nominal: { gpu: 3 }, used: { gpu: 3 } },
  })
  const share = (name: string) => shareOf(name, 'gpu')
  for (const { name, want, rounded } of [
    { name: 'third', want: rational(4000n, 15n), rounded: 267n },
    { name: 'heavy', want: rational(2000n, 15n), rounded: 134n },
    { name: 'light', want: rational(2000n, 15n), rounded: 134n },
    { name: 'within', want: rational(0n, 1n), rounded: 0n },
    { name: 'lender', want: rational(0n, 1n), rounded: 0n },
    { name: 'root', want: rational(0n, 1n), rounded: 0n },
  ]) {
    const { weighted } = share(name)
    assert.ok(weighted !== 'infinite' && compareRationals(weighted, want) === 0, name)
    assert.equal(roundedShare(share(name)), rounded, name)
    assert.equal(share(name).dominant, rounded === 0n ? null : 'gpu', name)
  }
})

test('the dominant class is the one borrowed most of, and the alphabetically first of equals, in any order of asking', () => {
  const { shareOf } = siblings({
    lender: { nominal: { a: 8, b: 8, c: 4 } },
    t: { used: { a: 1, b: 2, c: 1 } },
  })
  for (const keys of [
    ['a', 'b', 'c'],
    ['c', 'b', 'a'],
    ['b', 'c', 'a'],
  ]) {
    assert.equal(shareOf('t', ...keys).dominant, 'b')
  }
  assert.equal(shareOf('t', 'a', 'c').dominant, 'c')
  assert.deepEqual(shareOf('t'), shareOf('lender', 'a'), 'no classes, no share')
})

test('where a cut left nothing to lend, Kueue sees no share and we see who has to give back most', () => {
  const { at, usage, shareOf } = siblings({ t: { used: { gpu: 2 } }, u: { used: { gpu: 3 } } })
  const kueue = kueueShare(usage, at('t'), key => key)
  assert.deepEqual([kueue.dominant, kueue.isBorrowing], [null, false], 'a key without any quota is not even looked at')
  assert.equal(compareShares(shareOf('u', 'gpu'), shareOf('t', 'gpu')), 1)
  const cut = siblings({ t: { nominal: { gpu: 0 }, used: { gpu: 2 } } })
  const after = kueueShare(cut.usage, cut.at('t'), key => key)
  assert.deepEqual([roundedShare(after), after.dominant, after.isBorrowing], [0n, null, true])
})

test('capacity of one class dilutes what is borrowed of another in Kueue, and not here (Kueue #9406)', () => {
  const isGpu = () => 'nvidia.com/gpu'
  const few = siblings({ lender: { nominal: { h100: 8, a100: 0 } }, t: { used: { h100: 4 } } })
  const many = siblings({ lender: { nominal: { h100: 8, a100: 92 } }, t: { nominal: { h100: 0 }, used: { h100: 4 } } })
  assert.equal(roundedShare(few.shareOf('t', 'h100')), 500n)
  assert.equal(roundedShare(many.shareOf('t', 'h100')), 500n)
  assert.equal(roundedShare(kueueShare(many.usage, many.at('t'), isGpu)), 40n)
})

test('an infinite share is beaten only by another with more borrowed', () => {
  const { shareOf } = siblings({
    lender: { nominal: { gpu: 100 } },
    most: { used: { gpu: 90 }, weight: '0.000000002' },
    some: { used: { gpu: 1 }, weight: '0' },
    more: { used: { gpu: 2 }, weight: '0' },
    none: { weight: '0' },
  })
  const shares = ['more', 'some', 'most', 'none'].map(name => shareOf(name, 'gpu'))
  assert.deepEqual(shares.map(roundedShare), ['infinite', 'infinite', 450_000_000_000n, 0n])
  for (const [index, share] of shares.entries()) {
    for (const [other, against] of shares.entries()) {
      assert.equal(compareShares(share, against), Math.sign(other - index), `${index} ${other}`)
    }
  }
})

test('every infinite share is greater than every finite one', () => {
  fc.assert(
    fc.property(someState, state => {
      const shares = nodesOf(state).map(node => shareOf(usageAt(state, node), node, KEYS))
      const [infinite, finite] = [shares.filter(isInfinite), shares.filter(share => !isInfinite(share))]
      for (const share of infinite) assert.ok(finite.every(other => compareShares(share, other) === 1))
    }),
  )
})

test('a share is infinite exactly where something is borrowed at weight 0', () => {
  fc.assert(
    fc.property(someState, state => {
      for (const node of nodesOf(state)) {
        const share = shareOf(usageAt(state, node), node, KEYS)
        assert.equal(isInfinite(share), node.weight.nanos === 0n && share.isBorrowing, node.name)
      }
    }),
  )
})

test('using more never lowers a share', () => {
  fc.assert(
    fc.property(someState, someUse, (state, more) => {
      for (const node of nodesOf(state)) {
        const usage = usageAt(state, node)
        const before = shareOf(usage, node, KEYS)
        assert.ok(compareShares(shareOf(usage, node, KEYS, more), before) >= 0, `${node.name}, judged with more`)
        assert.ok(compareShares(shareOf(addUsage(usage, node, more), node, KEYS), before) >= 0, `${node.name}, booked`)
        assert.ok(
          compareShares(
            kueueShare(usage, node, key => key, more),
            kueueShare(usage, node, key => key),
          ) >= 0,
        )
      }
    }),
  )
})

test('what is judged as if it were there is judged as when it is there', () => {
  fc.assert(
    fc.property(someState, someUse, (state, more) => {
      for (const node of nodesOf(state)) {
        const usage = usageAt(state, node)
        assert.deepEqual(shareOf(usage, node, KEYS, more), shareOf(addUsage(usage, node, more), node, KEYS))
      }
    }),
  )
})

test('a share knows no unit: all amounts times k leave it as it is', () => {
  fc.assert(
    fc.property(someState, fc.integer({ min: 1, max: 100_000 }), (state, k) => {
      const scaled = scaledBy(state, BigInt(k))
      for (const node of nodesOf(state)) {
        const twin = present(scaled.forest.nodes.get(node.name), node.name)
        const [before, after] = [
          kueueShare(usageAt(state, node), node, one),
          kueueShare(usageAt(scaled, twin), twin, one),
        ]
        assert.ok(isSame(before, after), `${node.name} as in Kueue`)
        for (const key of KEYS) {
          // With nothing to lend it is a count of what is to be given back.
          if (node.parent === null || potential(node.parent, key) === ZERO) continue
          const [share, other] = [
            shareOf(usageAt(state, node), node, [key]),
            shareOf(usageAt(scaled, twin), twin, [key]),
          ]
          assert.ok(isSame(share, other), `${node.name} ${key}`)
        }
      }
    }),
  )
})

test('quota and use of other classes never change the share of a class', () => {
  fc.assert(
    fc.property(someState, someState, (state, other) => {
      // The same nodes with whatever the other state has and uses, under names of its own.
      const renamed = (quotas: NodeSpec['quotas']) =>
        [...quotas].map(([key, quota]) => [`other-${key}`, quota] as const)
      const specs = state.specs.map((spec, index) => ({
        ...spec,
        quotas: new Map([...spec.quotas, ...renamed(other.specs[index]?.quotas ?? new Map())]),
      }))
      const uses = [
        ...state.uses,
        ...other.uses.map(use => ({
          ...use,
          demand: new Map(use.demand.entries().map(([key, value]) => [`other-${key}`, value])),
        })),
      ]
      const crowded = stateOf(specs, uses)
      for (const node of nodesOf(state)) {
        const twin = present(crowded.forest.nodes.get(node.name), node.name)
        for (const key of KEYS) {
          const [share, among] = [
            shareOf(usageAt(state, node), node, [key]),
            shareOf(usageAt(crowded, twin), twin, [key]),
          ]
          assert.deepEqual(among, share, `${node.name} ${key}`)
        }
      }
    }),
  )
})

test('a share of several classes is the greatest of their shares, and that of Kueue if each class is a resource', () => {
  fc.assert(
    fc.property(someState, state => {
      for (const node of nodesOf(state)) {
        const usage = usageAt(state, node)
        const single = KEYS.map(key => shareOf(usage, node, [key]))
        const both = shareOf(usage, node, KEYS)
        assert.ok(single.every(share => compareShares(both, share) >= 0))
        assert.ok(single.some(share => isSame(share, both)))
        const isLendable = KEYS.every(key => node.parent === null || potential(node.parent, key) > ZERO)
        const isKnown = KEYS.every(key => node.quotas.has(key) || used(usage, node, key) === ZERO)
        if (isLendable && isKnown)
          assert.deepEqual(
            kueueShare(usage, node, key => key),
            both,
          )
      }
    }),
  )
})

test('the formula, worked out anew', () => {
  fc.assert(
    fc.property(someState, fc.constantFrom(...KEYS), (state, key) => {
      for (const node of nodesOf(state)) {
        const { weighted } = shareOf(usageAt(state, node), node, [key])
        const borrowed = used(usageAt(state, node), node, key) - quotaAt(node, key).subtree
        if (node.parent === null || borrowed <= 0n) {
          assert.deepEqual(weighted, rational(0n, 1n))
          continue
        }
        const lendable = potential(node.parent, key)
        if (weighted === 'infinite') continue
        // borrowed * 1000 / lendable / weight, multiplied out.
        const dividend = weighted.numerator * (lendable > 0n ? lendable : 1n) * node.weight.nanos
        assert.equal(dividend, borrowed * 1000n * ONE.nanos * weighted.denominator)
      }
    }),
  )
})

test('siblings come in one order, however they were listed', () => {
  fc.assert(
    fc.property(
      someState.chain(state => fc.tuple(fc.constant(state), shuffled(nodesOf(state)), shuffled(state.specs))),
      ([state, nodes, specs]) => {
        const sharers = (list: readonly Node[]) =>
          list.map(node => ({ node, share: shareOf(usageAt(state, node), node, KEYS) }))
        const names = byShare(sharers(nodesOf(state))).map(({ node }) => node.name)
        assert.deepEqual(
          byShare(sharers(nodes)).map(({ node }) => node.name),
          names,
        )

        const relisted = stateOf(specs, state.uses)
        for (const node of nodesOf(state)) {
          const order = (of: State) => {
            const parent = present(of.forest.nodes.get(node.name), node.name)
            return siblingsByShare(usageAt(of, parent), parent, KEYS).map(one => one.node.name)
          }
          assert.deepEqual(order(relisted), order(state))
        }
      },
    ),
  )
})

test('the greatest share comes first, and equal shares come by name', () => {
  const { at, usage } = siblings({
    'b-2': { used: { gpu: 2 } },
    'B-4': { used: { gpu: 4 }, weight: '2' },
    a: { used: { gpu: 3 } },
    lender: { nominal: { gpu: 9 } },
    'b-1': { used: { gpu: 1 }, weight: '0.5' },
    idle: {},
  })
  assert.deepEqual(
    siblingsByShare(usage, at('root'), ['gpu']).map(({ node }) => node.name),
    ['a', 'B-4', 'b-1', 'b-2', 'idle', 'lender'],
  )
})

interface Use {
  /** Names a node by its place among the specs. */
  readonly node: number
  readonly demand: Amounts
}

interface State {
  readonly specs: readonly NodeSpec[]
  readonly uses: readonly Use[]
  readonly forest: Forest
  readonly usages: ReadonlyMap<Tree, Usage>
}

const someUse: fc.Arbitrary<Amounts> = fc
  .dictionary(fc.constantFrom(...KEYS), fc.integer({ min: 0, max: 9 }), { noNullPrototype: true, minKeys: 1 })
  .map(amounts)

const someWeight = fc.constantFrom('0', '0.5', '1', '1', '2', '3', '0.000000002').map(weightOf)

/** Nodes with weights and with more use than they may have had: quotas are cut under what runs. */
const someState: fc.Arbitrary<State> = fc
  .record({
    nodes: someNodes,
    weights: fc.array(someWeight, { minLength: 10, maxLength: 10 }),
    uses: fc.array(fc.record({ node: fc.nat(9), demand: someUse }), { maxLength: 12 }),
  })
  .map(({ nodes, weights, uses }) => {
    const specs = nodes.map((spec, index) => ({ ...spec, weight: weights[index] ?? ONE }))
    return stateOf(
      specs,
      uses.map(use => ({ ...use, node: use.node % specs.length })),
    )
  })

/** The uses name nodes `n0`, `n1` and so on, so the specs may be listed in any order. */
function stateOf(specs: readonly NodeSpec[], uses: readonly Use[]): State {
  const forest = forestOf(specs)
  const usages = new Map(
    forest.trees.map(tree => {
      const here = uses.flatMap(({ node, demand }) => {
        const found = tree.nodes.find(({ name }) => name === `n${node}`)
        return found === undefined ? [] : [[found, demand] as const]
      })
      return [tree, here.length === 0 ? noUsage(tree) : usageOf(tree, here)]
    }),
  )
  return { specs, uses, forest, usages }
}

function scaledBy({ specs, uses }: State, k: bigint): State {
  const times = <T extends Amount | null>(value: T) => (value === null ? null : amount(value * k))
  return stateOf(
    specs.map(spec => ({
      ...spec,
      quotas: new Map(
        [...spec.quotas].map(([key, quota]) => [
          key,
          {
            nominal: amount(quota.nominal * k),
            borrowingLimit: times(quota.borrowingLimit),
            lendingLimit: times(quota.lendingLimit),
          },
        ]),
      ),
    })),
    uses.map(({ node, demand }) => ({
      node,
      demand: new Map([...demand].map(([key, value]) => [key, amount(value * k)])),
    })),
  )
}

function nodesOf({ forest }: State): readonly Node[] {
  return [...forest.nodes.values()]
}

function usageAt({ usages }: State, node: Node): Usage {
  return present(
    usages.values().find(({ tree }) => tree.nodes[node.index] === node),
    node.name,
  )
}

function one(): string {
  return 'gpu'
}

function isInfinite({ weighted }: Share): boolean {
  return weighted === 'infinite'
}

function isSame(a: Share, b: Share): boolean {
  return compareShares(a, b) === 0 && a.dominant === b.dominant && a.isBorrowing === b.isBorrowing
}

function shuffled<T>(list: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc.shuffledSubarray([...list], { minLength: list.length })
}

function weightOf(text: string): Quantity {
  const quantity = parseQuantity(text)
  assert.ok(quantity.ok)
  return quantity.value
}
