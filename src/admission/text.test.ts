import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asciiLine, quoted, truncate } from './text.ts'

test('foreign text becomes one line of printable ASCII', () => {
  const cases = [
    { text: 'plain', want: 'plain' },
    { text: 'two\r\nlines\tand more', want: 'two lines and more' },
    { text: '\u001b[31mred\u0007\u009b', want: '?[31mred??' },
    { text: '“quoted” – ‘so’…', want: '"quoted" - \'so\'...' },
    { text: 'naïve', want: 'na?ve' },
    { text: '\u202egnp.exe', want: '?gnp.exe' },
  ]
  for (const { text, want } of cases) assert.equal(asciiLine(text), want)
})

test('a quoted name is cut and cannot end its quotes', () => {
  assert.equal(quoted('a"b'), `"a'b"`)
  assert.equal(quoted('x'.repeat(100)), `"${'x'.repeat(60)}..."`)
  assert.equal(quoted('x'.repeat(100), 10), '"xxxxxxx..."')
})

test('a text is cut only where it is too long', () => {
  assert.equal(truncate('12345', 5), '12345')
  assert.equal(truncate('123456', 5), '12...')
})
