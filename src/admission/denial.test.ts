import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Denial, denialLine, denialText, worstFirst } from './denial.ts'

function denial(more: Partial<Denial> = {}): Denial {
  return { code: 'SLU-P100', reason: 'Invalid', message: 'no', ...more }
}

test('a refusal says what, where, why, what to do, and where to read on', () => {
  const text = denialText([denial({ field: 'spec.x', message: 'is wrong', why: 'because', fix: 'mend it' })])
  assert.equal(
    text,
    [
      '[SLU-P100] spec.x: is wrong',
      '  why: because',
      '  fix: mend it',
      '  more: https://sluice.dev/codes/SLU-P100',
    ].join('\n'),
  )
})

test('a field that does not fit the first line stands on its own', () => {
  const message = 'm'.repeat(140)
  const [first, second] = denialText([denial({ field: 'spec.containers[0].env', message })]).split('\n')
  assert.equal(first, `[SLU-P100] ${message}`)
  assert.equal(second, '  field: spec.containers[0].env')
})

test('the worst comes first: the spec, then policies, then ourselves, then quota', () => {
  const codes = ['SLU-Q201', 'SLU-S500', 'ACME-1', 'SLU-P101', 'SLU-E102', 'SLU-Q210', 'SLU-E101']
  const sorted = worstFirst(codes.map(code => denial({ code }))).map(({ code }) => code)
  assert.deepEqual(sorted, ['SLU-E102', 'SLU-E101', 'ACME-1', 'SLU-P101', 'SLU-S500', 'SLU-Q201', 'SLU-Q210'])
})

test('what does not fit is counted', () => {
  const many = Array.from({ length: 30 }, (_, index) => denial({ message: `rule ${index}`, fix: 'x'.repeat(100) }))
  const text = denialText(many)
  const shown = text.split('\n').filter(line => line.startsWith('[SLU-P100]')).length
  assert.ok(text.endsWith(`\n(and ${30 - shown} more)`), text.slice(-40))
})

const someText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constant('x'.repeat(2_000)),
  fc.constant('ü\n\t\u001b[31m'.repeat(90)),
)
const someDenial: fc.Arbitrary<Denial> = fc
  .record(
    {
      code: fc.constantFrom('SLU-E101', 'SLU-P100', 'SLU-Q201'),
      message: someText,
      field: someText,
      why: someText,
      fix: someText,
    },
    { requiredKeys: ['code', 'message'] },
  )
  .map(fields => denial(fields))

test('whatever tenants and platforms write, a refusal is short, printable and in lines of its own', () => {
  fc.assert(
    fc.property(fc.array(someDenial, { minLength: 1, maxLength: 12 }), denials => {
      const text = denialText(denials)
      assert.ok(text.length <= 1_000, `${text.length} characters`)
      assert.ok((text.split('\n')[0] ?? '').length <= 160, 'the first line is too long')
      assert.match(text, /^[\x20-\x7e\n]*$/)
      for (const line of denials.map(denialLine)) assert.match(line, /^[\x20-\x7e]{0,512}$/)
    }),
  )
})

test('one refusal as a line has its remedy and not its field, which stands beside it', () => {
  assert.equal(denialLine(denial({ field: 'spec.x', fix: 'mend it' })), '[SLU-P100] no; fix: mend it')
})
