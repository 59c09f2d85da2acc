import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { regexSize } from './regex-size.ts'

test('repeats are written out', () => {
  const cases: readonly (readonly [pattern: string, want: number])[] = [
    ['', 0],
    ['abc', 3],
    ['a{10}', 10],
    ['a{2,10}b', 11],
    ['a{5,}', 5],
    ['[a-z]{64}', 64],
    ['[]a]{3}', 3],
    ['[^]a]{3}', 3],
    ['[[:alpha:]x]{4}', 4],
    ['[(]{7}', 7],
    ['\\({7}', 7],
    ['\\p{Greek}{7}', 7],
    ['\\x{1F600}{7}', 7],
    ['(?:ab){10}', 30],
    ['(?i:ab){10}', 30],
    ['(?P<name>ab){10}', 30],
    ['((a{10}){10})', 111],
    ['a{', 2],
    ['\\Qa{10}\\E', 9],
  ]
  for (const [pattern, want] of cases) assert.equal(regexSize(pattern), want, pattern)
})

test('the program of a pattern is never more than a few times larger than was estimated', () => {
  const { pattern } = fc.letrec(tie => ({
    pattern: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom(
        'a',
        '.',
        '[a-z]',
        '[^]x]',
        '[[:digit:](){}]',
        '\\pL',
        '\\p{Greek}',
        '\\x{e9}',
        '\\{',
        '\\Q{9}(\\E',
        '(?i:k)',
      ),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}${b}`),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
      fc.tuple(tie('pattern'), fc.nat(9)).map(([a, n]) => `(?:${a}){${n}}`),
      fc
        .tuple(tie('pattern'), fc.nat(5), fc.nat(5))
        .map(([a, n, m]) => `(?P<n>${a}){${n},${n + m}}`.replaceAll('P<n>', ':').replaceAll('::', ':')),
      fc.tuple(tie('pattern'), fc.constantFrom('*', '+?', '?', '{3,}')).map(([a, op]) => `(?:${a})${op}`),
    ),
  }))
  fc.assert(
    fc.property(pattern as fc.Arbitrary<string>, text => {
      const size = programSize(text)
      if (size !== undefined) assert.ok(size <= 4 * regexSize(text) + 8, `${text}: ${size} for ${regexSize(text)}`)
    }),
  )
})

function programSize(pattern: string): number | undefined {
  try {
    return RE2JS.compile(pattern).programSize()
  } catch {
    // Nested repeats above 1,000 are refused by the compiler.
    return undefined
  }
}
