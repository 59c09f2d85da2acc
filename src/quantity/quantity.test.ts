import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseQuantity, wholeMillis, wholeUnits } from './quantity.ts'

function nanosOf(input: unknown): bigint {
  const result = parseQuantity(input)
  assert.ok(result.ok, `${JSON.stringify(input)} should parse: ${result.ok ? '' : result.problem}`)
  return result.value.nanos
}

test('a quantity means what Kubernetes says it means', () => {
  const unit = 1_000_000_000n
  const cases: readonly { readonly text: unknown; readonly want: bigint }[] = [
    { text: '8', want: 8n * unit },
    { text: 8, want: 8n * unit },
    { text: '8k', want: 8000n * unit },
    { text: '1e1', want: 10n * unit },
    { text: '1E1', want: 10n * unit },
    { text: '1E', want: 10n ** 18n * unit },
    { text: '1e-3', want: unit / 1000n },
    { text: '1500m', want: 1_500_000_000n },
    { text: '5120Mi', want: 5120n * 1024n * 1024n * unit },
    { text: '1.5Gi', want: 1536n * 1024n * 1024n * unit },
    { text: '.5', want: unit / 2n },
    { text: '5.', want: 5n * unit },
    { text: '+3', want: 3n * unit },
    { text: '-3', want: -3n * unit },
    { text: '0', want: 0n },
    { text: 0.1, want: unit / 10n },
    { text: '1n', want: 1n },
    { text: '0.0000000001', want: 1n },
    { text: '9223372036854775807', want: 9223372036854775807n * unit },
  ]
  for (const { text, want } of cases) assert.equal(nanosOf(text), want, String(text))
})

test('junk is refused with what is wrong', () => {
  const junk: readonly unknown[] = [
    '',
    '.',
    '-',
    'eight',
    '8 ',
    ' 8',
    '8GB',
    '8x',
    '0x8',
    '1e',
    '1e9999',
    '1e+',
    '1.2.3',
    '1,5',
    '${GPU_PER_NODE}',
    '\n8',
    '8\n',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    {},
    [],
    '9'.repeat(65),
  ]
  for (const text of junk) {
    const result = parseQuantity(text)
    assert.equal(result.ok, false, `${JSON.stringify(text)} should be refused`)
    if (!result.ok) assert.ok(result.problem.length > 0)
  }
})

test('whole units and millis are exact or absent', () => {
  const parse = (text: string) => {
    const result = parseQuantity(text)
    assert.ok(result.ok)
    return result.value
  }
  assert.equal(wholeUnits(parse('8')), 8n)
  assert.equal(wholeUnits(parse('1500m')), undefined)
  assert.equal(wholeUnits(parse('2000m')), 2n)
  assert.equal(wholeMillis(parse('1500m')), 1500n)
  assert.equal(wholeMillis(parse('1u')), undefined)
})

test('the same number in every notation is the same quantity', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), n => {
      const want = nanosOf(n)
      assert.equal(nanosOf(String(n)), want)
      assert.equal(nanosOf(`${n * 1000}m`), want)
      assert.equal(nanosOf(`${n}e0`), want)
      assert.equal(nanosOf(`${n}.000`), want)
      assert.equal(nanosOf(`${n * 1024}Ki`), nanosOf(`${n}Mi`))
    }),
  )
})

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      parseQuantity(text)
    }),
  )
})
