import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { effectiveRequest, type Holding } from './effective-request.ts'

const GPU = 'nvidia.com/gpu'

function holding(phase: Holding['phase'], units: number): Holding {
  return { phase, amounts: [[GPU, BigInt(units)]] }
}

test('the effective request follows the order in which containers start', () => {
  const cases: readonly { readonly name: string; readonly holdings: readonly Holding[]; readonly want: number }[] = [
    { name: 'containers add up', holdings: [holding('main', 2), holding('main', 3)], want: 5 },
    { name: 'an init container runs alone', holdings: [holding('init', 4), holding('main', 1)], want: 4 },
    { name: 'init containers run one after the other', holdings: [holding('init', 4), holding('init', 3)], want: 4 },
    { name: 'a sidecar runs beside the containers', holdings: [holding('sidecar', 1), holding('main', 2)], want: 3 },
    {
      name: 'a sidecar runs beside the init containers after it',
      holdings: [holding('sidecar', 1), holding('init', 4), holding('main', 2)],
      want: 5,
    },
    {
      name: 'a sidecar does not run beside the init containers before it',
      holdings: [holding('init', 4), holding('sidecar', 1), holding('main', 2)],
      want: 4,
    },
    {
      name: 'every sidecar before an init container counts',
      holdings: [
        holding('sidecar', 1),
        holding('sidecar', 2),
        holding('init', 3),
        holding('sidecar', 1),
        holding('main', 1),
      ],
      want: 6,
    },
    { name: 'zeros are no request', holdings: [holding('init', 0), holding('main', 0)], want: 0 },
  ]
  for (const { name, holdings, want } of cases) {
    assert.deepEqual(effectiveRequest(holdings), new Map(want === 0 ? [] : [[GPU, BigInt(want)]]), name)
  }
})

test('an init container holds its own resources beside those of others', () => {
  const effective = effectiveRequest([
    { phase: 'init', amounts: [['a', 3n]] },
    { phase: 'main', amounts: [['b', 2n]] },
  ])
  assert.deepEqual(
    effective,
    new Map([
      ['a', 3n],
      ['b', 2n],
    ]),
  )
})

/** The formula as the Kubernetes documentation words it, step by step and without any shortcut. */
function plainly(initContainers: readonly Holding[], containers: readonly Holding[]): bigint {
  const unitsOf = ({ amounts }: Holding) => [...amounts].reduce((sum, [, units]) => sum + units, 0n)
  const sidecarsBefore = (end: number) =>
    initContainers
      .slice(0, end)
      .filter(({ phase }) => phase === 'sidecar')
      .reduce((sum, one) => sum + unitsOf(one), 0n)
  const running = containers.reduce((sum, one) => sum + unitsOf(one), 0n) + sidecarsBefore(initContainers.length)
  const starting = initContainers.map((one, index) => unitsOf(one) + sidecarsBefore(index))
  return [running, ...starting].toSorted((a, b) => Number(b - a))[0] ?? 0n
}

test('the one pass gives what the formula gives', () => {
  const arbitraryInit = fc.record({ phase: fc.constantFrom('init' as const, 'sidecar' as const), units: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(arbitraryInit), fc.array(fc.nat(9), { minLength: 1 }), (inits, mains) => {
      const initContainers = inits.map(({ phase, units }) => holding(phase, units))
      const containers = mains.map(units => holding('main', units))
      assert.equal(
        effectiveRequest([...initContainers, ...containers]).get(GPU) ?? 0n,
        plainly(initContainers, containers),
      )
    }),
  )
})
