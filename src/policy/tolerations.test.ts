import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Toleration } from '../schema/pod.ts'
import { covers } from './tolerations.ts'

test('a toleration covers another where every taint of the other is one of its own', () => {
  const key = 'nvidia.com/gpu'
  const cases: readonly {
    readonly name: string
    readonly existing: Toleration
    readonly wanted: Toleration
    readonly want: boolean
  }[] = [
    { name: 'itself', existing: { key, operator: 'Exists' }, wanted: { key, operator: 'Exists' }, want: true },
    { name: 'any value', existing: { key, operator: 'Exists' }, wanted: { key, value: 'present' }, want: true },
    { name: 'one value', existing: { key, value: 'true' }, wanted: { key, operator: 'Exists' }, want: false },
    { name: 'another value', existing: { key, value: 'true' }, wanted: { key, value: 'present' }, want: false },
    { name: 'no value is the empty one', existing: { key }, wanted: { key, value: '' }, want: true },
    { name: 'another key', existing: { key: 'sku', operator: 'Exists' }, wanted: { key }, want: false },
    { name: 'every key', existing: { operator: 'Exists' }, wanted: { key, operator: 'Exists' }, want: true },
    { name: 'an empty key', existing: { key: '', operator: 'Exists' }, wanted: { key }, want: true },
    { name: 'no key and no Exists, which no API server accepts', existing: {}, wanted: { key }, want: false },
    {
      name: 'one effect',
      existing: { key, operator: 'Exists', effect: 'NoSchedule' },
      wanted: { key, operator: 'Exists' },
      want: false,
    },
    {
      name: 'every effect',
      existing: { key, operator: 'Exists', effect: '' },
      wanted: { key, effect: 'NoExecute' },
      want: true,
    },
    {
      name: 'one that ends',
      existing: { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      wanted: { key, effect: 'NoExecute' },
      want: false,
    },
    {
      name: 'a comparison of numbers',
      existing: { key, operator: 'Gt', value: '1' },
      wanted: { key, value: '1' },
      want: false,
    },
    {
      name: 'a value, of a comparison',
      existing: { key, value: '1' },
      wanted: { key, operator: 'Gt', value: '1' },
      want: false,
    },
  ]
  for (const { name, existing, wanted, want } of cases) assert.equal(covers(existing, wanted), want, name)
})

interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: string
}

const KEYS = ['a', 'b'] as const
const VALUES = ['', '1', '2'] as const
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const

/** Every taint there is, of these keys and values. */
const TAINTS: readonly Taint[] = KEYS.flatMap(key =>
  VALUES.flatMap(value => EFFECTS.map(effect => ({ key, value, effect }))),
)

/** ToleratesTaint of k8s.io/api/core/v1, line by line; what validation refuses tolerates nothing. */
function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  if (key === '' && operator !== 'Exists') return false
  if (effect.length > 0 && effect !== taint.effect) return false
  if (key.length > 0 && key !== taint.key) return false
  switch (operator) {
    case '':
    case 'Equal':
      return value === taint.value
    case 'Exists':
      return true
    default:
      return false
  }
}

const someToleration: fc.Arbitrary<Toleration> = fc.record(
  {
    key: fc.constantFrom('', ...KEYS),
    operator: fc.constantFrom('', 'Equal', 'Exists', 'Gt'),
    value: fc.constantFrom(...VALUES),
    effect: fc.constantFrom('', ...EFFECTS),
  },
  { requiredKeys: [] },
)

test('what covers another tolerates every taint that the other does', () => {
  let covered = 0
  fc.assert(
    fc.property(someToleration, someToleration, (existing, wanted) => {
      if (!covers(existing, wanted)) return
      covered += 1
      for (const taint of TAINTS.filter(one => tolerates(wanted, one))) {
        assert.ok(tolerates(existing, taint), JSON.stringify(taint))
      }
    }),
    { numRuns: 1000 },
  )
  assert.ok(covered > 50, 'hardly any pair was looked at')
})

test('a toleration that does everything another does is known to cover it, whatever its seconds', () => {
  fc.assert(
    fc.property(someToleration, fc.option(fc.nat(3), { nil: undefined }), (toleration, seconds) => {
      if (toleration.operator === 'Gt' || !TAINTS.some(taint => tolerates(toleration, taint))) return
      const timed = seconds === undefined ? toleration : { ...toleration, tolerationSeconds: seconds }
      assert.ok(covers(timed, timed))
      // One that stays covers one that ends.
      assert.ok(covers(toleration, timed))
    }),
  )
})
