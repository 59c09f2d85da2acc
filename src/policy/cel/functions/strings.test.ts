import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryExpression } from '../try-expression.ts'
import type { CelValue } from '../value.ts'

const OUT_OF_RANGE = '1:1: index out of range'

function check(cases: readonly (readonly [expression: string, want: CelValue])[]): void {
  for (const [expression, want] of cases) assert.deepEqual(tryExpression(expression), { value: want }, expression)
}

function checkFailures(expressions: readonly string[], want: string): void {
  for (const expression of expressions) assert.deepEqual(tryExpression(expression), { fails: want }, expression)
}

test('positions count characters, not UTF-16 units', () => {
  check([
    ["'gpu😀x'.charAt(3)", '😀'],
    ["'gpu😀x'.charAt(5)", ''],
    ["'gpu😀x'.indexOf('x')", 4n],
    ["'😀a😀a'.indexOf('a', 2)", 3n],
    ["'😀a😀a'.lastIndexOf('a')", 3n],
    ["'😀a😀a'.lastIndexOf('a', 2)", 1n],
    ["'😀a😀a'.substring(1, 3)", 'a😀'],
    ["'gpu😀'.size()", 4n],
    ["'a😀b'.split('')", ['a', '😀', 'b']],
    ["'a😀'.replace('', '-')", '-a-😀-'],
  ])
})

test('searching starts and ends where it is told', () => {
  check([
    ["'banana'.indexOf('an')", 1n],
    ["'banana'.indexOf('an', 2)", 3n],
    ["'banana'.indexOf('x')", -1n],
    ["'banana'.indexOf('', 6)", 6n],
    ["'banana'.lastIndexOf('an')", 3n],
    ["'banana'.lastIndexOf('an', 2)", 1n],
    ["'banana'.lastIndexOf('')", 6n],
    ["'banana'.contains('nan') && !'banana'.contains('x')", true],
    ["'banana'.startsWith('ban') && 'banana'.endsWith('na')", true],
  ])
})

test('an index outside the text is an error', () => {
  checkFailures(
    [
      "'abc'.charAt(4)",
      "'abc'.charAt(-1)",
      "'abc'.substring(4)",
      "'abc'.substring(2, 1)",
      "'abc'.substring(0, 4)",
      "'abc'.indexOf('a', 4)",
      "'abc'.lastIndexOf('a', -1)",
    ],
    OUT_OF_RANGE,
  )
})

test('case, trimming and quoting', () => {
  check([
    ["'ÄBC'.lowerAscii()", 'Äbc'],
    ["'äbc'.upperAscii()", 'äBC'],
    ["'\\u0085 \\t a b \\u3000'.trim()", 'a b'],
    ["'\\ufeffa'.trim()", '\ufeffa'],
    ["'   '.trim()", ''],
    ["strings.quote('a\"b\\nc')", '"a\\"b\\nc"'],
  ])
})

test('splitting, joining and replacing', () => {
  check([
    ["'a,b,c'.split(',')", ['a', 'b', 'c']],
    ["'a,b,c'.split(',', 2)", ['a', 'b,c']],
    ["'a,b,c'.split(',', 0)", []],
    ["'a,b,c'.split(',', -1).size()", 3n],
    ["''.split(',')", ['']],
    ["['a', 'b'].join() + ['a', 'b'].join('-') + [].join('-')", 'aba-b'],
    ["'aaa'.replace('a', 'bb')", 'bbbbbb'],
    ["'aaa'.replace('a', 'b', 2)", 'bba'],
    ["'aaa'.replace('a', 'b', 0)", 'aaa'],
    ["'aaa'.replace('a', 'b', -1)", 'bbb'],
    ["'ab'.replace('', '-', 2)", '-a-b'],
    ["'a.b'.replace('.', '$&')", 'a$&b'],
  ])
  checkFailures(["dyn([1, 2]).join(',')", 'dyn([1].map(x, x)).join()'], '1:1: join() takes a list of strings')
})

test('a call with a value of the wrong type is an error, at load where the type is known', () => {
  assert.deepEqual(tryExpression("dyn(1).contains('a')"), { fails: '1:1: no such overload: int.contains(string)' })
  assert.deepEqual(tryExpression("'a'.contains(dyn(1))"), { fails: '1:1: no such overload: string.contains(int)' })
  assert.match(
    tryExpression("'a'.contains(1)").refused ?? '',
    /found no matching overload for 'string.contains\(int\)'/,
  )
})
