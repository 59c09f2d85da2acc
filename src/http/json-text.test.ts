import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findSyntaxError, nestsDeeperThan } from './json-text.ts'

const broken = [
  { name: 'no text', text: '', want: { line: 1, column: 1, offset: 0, isEnd: true } },
  { name: 'only space', text: ' \n ', want: { line: 2, column: 2, offset: 3, isEnd: true } },
  { name: 'not JSON at all', text: 'hello', want: { line: 1, column: 1, offset: 0, isEnd: false } },
  { name: 'a comma too many', text: '{"a":1,}', want: { line: 1, column: 8, offset: 7, isEnd: false } },
  { name: 'a comma too many in an array', text: '[1,]', want: { line: 1, column: 4, offset: 3, isEnd: false } },
  { name: 'a missing colon', text: '{"a" 1}', want: { line: 1, column: 6, offset: 5, isEnd: false } },
  {
    name: 'a key without quotes',
    text: '{\n  "a": 1,\n  b: 2\n}',
    want: { line: 3, column: 3, offset: 14, isEnd: false },
  },
  { name: 'the wrong closing bracket', text: '[1}', want: { line: 1, column: 3, offset: 2, isEnd: false } },
  { name: 'a cut array', text: '[1, 2', want: { line: 1, column: 6, offset: 5, isEnd: true } },
  { name: 'a cut string', text: '{"abc', want: { line: 1, column: 6, offset: 5, isEnd: true } },
  { name: 'a line break in a string', text: '["a\nb"]', want: { line: 1, column: 4, offset: 3, isEnd: false } },
  { name: 'an unknown escape', text: '["a\\x"]', want: { line: 1, column: 4, offset: 3, isEnd: false } },
  { name: 'a leading zero', text: '[01]', want: { line: 1, column: 3, offset: 2, isEnd: false } },
  { name: 'an unfinished word', text: '[tru]', want: { line: 1, column: 2, offset: 1, isEnd: false } },
  { name: 'a second value', text: '{} {}', want: { line: 1, column: 4, offset: 3, isEnd: false } },
  { name: 'NaN', text: '[NaN]', want: { line: 1, column: 2, offset: 1, isEnd: false } },
]
for (const { name, text, want } of broken) {
  test(`the place of a syntax error: ${name}`, () => {
    assert.throws(() => JSON.parse(text), SyntaxError)
    assert.deepEqual(findSyntaxError(text), want)
  })
}

test('what JSON.parse takes has no syntax error, and what it refuses has one', () => {
  const mutated = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', '\n', 'x'),
    )
    .map(
      ([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1),
    )
  fc.assert(
    fc.property(fc.oneof(fc.json(), mutated, fc.string()), text => {
      assert.equal(findSyntaxError(text) === undefined, parses(text))
    }),
    { numRuns: 2_000 },
  )
})

test('a text cut before the place of its error could still become JSON', () => {
  // The engine says "end of input" for every prefix that is no error yet: the place is the first that cannot be mended.
  for (const { text, want } of broken.filter(one => !one.want.isEnd)) {
    assert.equal(findSyntaxError(text.slice(0, want.offset))?.isEnd ?? true, true, text)
  }
})

const nestings = [
  { name: 'a scalar has no depth', text: '1', limit: 0, want: false },
  { name: 'one level over', text: '[[[]]]', limit: 2, want: true },
  { name: 'just as deep', text: '[[[]]]     ', limit: 3, want: false },
  { name: 'objects count like arrays', text: '{"a":[{"b":[]}]}', limit: 3, want: true },
  { name: 'siblings do not add up', text: '[[],[],[],[],{},{}]', limit: 2, want: false },
  { name: 'brackets in strings do not count', text: '["[[[[[[", "{{{{\\"{{{"]', limit: 1, want: false },
  { name: 'a string without an end is left to the parser', text: `["${'['.repeat(100)}`, limit: 2, want: false },
  { name: 'a hundred thousand levels', text: '['.repeat(100_000) + ']'.repeat(100_000), limit: 10_000, want: true },
]
for (const { name, text, limit, want } of nestings) {
  test(`depth: ${name}`, () => {
    assert.equal(nestsDeeperThan(text, limit), want)
  })
}

test('a hundred thousand open brackets are read without recursion', () => {
  assert.equal(findSyntaxError('['.repeat(100_000))?.offset, 100_000)
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
