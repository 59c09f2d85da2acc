import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseQuantity, wholeUnits } from '../quantity/quantity.ts'
import { readCount } from './counts.ts'

test('a count is a whole quantity that is not negative, in any notation', () => {
  const cases: readonly { readonly value: unknown; readonly want: bigint | 'open' | 'bad' }[] = [
    { value: '8', want: 8n },
    { value: 8, want: 8n },
    { value: '0', want: 0n },
    { value: '08', want: 8n },
    { value: '16', want: 16n },
    { value: '128', want: 128n },
    { value: '8k', want: 8000n },
    { value: '1e1', want: 10n },
    { value: '2000m', want: 2n },
    { value: '1500m', want: 'bad' },
    { value: 0.5, want: 'bad' },
    { value: -1, want: 'bad' },
    { value: '-0.0', want: 0n },
    { value: '-8', want: 'bad' },
    { value: '', want: 'bad' },
    { value: 'eight', want: 'bad' },
    { value: ':8', want: 'bad' },
    { value: '8:', want: 'bad' },
    { value: null, want: 'bad' },
    { value: true, want: 'bad' },
    { value: [], want: 'bad' },
    { value: { gpus: 8 }, want: 'bad' },
    { value: '$'.concat('{GPU_PER_NODE}'), want: 'open' },
    { value: '$GPUS', want: 'open' },
    { value: '$((NP*2))', want: 'open' },
    { value: '{{ .Values.gpus }}', want: 'open' },
    { value: '{{inputs.parameters.gpus}}', want: 'open' },
    // Without quotes, as YAML reads it, and as it is left where nulls are dropped.
    { value: { '{ .Values.gpus }': null }, want: 'open' },
    { value: {}, want: 'open' },
    { value: '$', want: 'bad' },
    { value: '8$', want: 'bad' },
  ]
  for (const { value, want } of cases) {
    const count = readCount(value)
    assert.equal(count.kind === 'count' ? count.value : count.kind, want, JSON.stringify(value))
  }
})

test('the short way reads what the grammar reads', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(120).map(String), fc.string({ maxLength: 3 }), fc.integer({ min: -5, max: 120 })),
      value => {
        const quantity = parseQuantity(value)
        const units = quantity.ok ? wholeUnits(quantity.value) : undefined
        const count = readCount(value)
        assert.equal(
          count.kind === 'count' ? count.value : undefined,
          units !== undefined && units >= 0n ? units : undefined,
        )
      },
    ),
  )
})
