/** Policies and objects made to hang, crash or leak. Each must be refused, fail, or pass a limit: nothing may be endless. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tried, tryExpression } from './try-expression.ts'

const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const long = 'a'.repeat(1 << 18)

const object = {
  list: numbers(600),
  longer: numbers(20_000),
  map: Object.fromEntries(numbers(20_000).map(key => [`k${key}`, key])),
  text: long,
  // What makes the engine's own search quadratic: nearly a match at every place.
  part: `${'a'.repeat(50_000)}b${'a'.repeat(50_000)}`,
  digits: `${'9'.repeat(60_000)}s`,
  aab: `${'a'.repeat(30)}b`,
  patterns: numbers(1_000).map(index => `(a{1,${900 - (index % 800)}}){1}${index}`),
  deep: JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`),
  deeper: JSON.parse(`${'{"a":'.repeat(5_000)}2${'}'.repeat(5_000)}`),
}

const NESTED = 'object.list.all(a, object.list.all(b, object.list.all(c, true)))'

test('a loop over everything passes a limit, and nothing around it absorbs that', () => {
  const cases = [
    NESTED,
    `${NESTED} || true`,
    `!(${NESTED}) && false`,
    `${NESTED} ? true : true`,
    `[1].exists(x, ${NESTED.replaceAll(' c,', ' d,')} || true)`,
    `dyn([${NESTED}])[?0].orValue(true)`,
    'object.list.map(a, object.list.map(b, object.list.map(c, c)))',
    'object.list.filter(a, object.list.filter(b, object.list.filter(c, true) != []) != [])',
    'object.list.exists_one(a, object.list.exists_one(b, object.list.exists_one(c, false)))',
    'object.list.all(i, a, object.list.all(j, b, object.list.all(k, c, true)))',
    'object.list.transformMap(i, a, object.list.transformMap(j, b, object.list.transformMap(k, c, c)))',
    'object.list.sortBy(a, object.list.sortBy(b, object.list.sortBy(c, -c)[0])[0])',
    'object.longer.all(x, object.map.exists(k, true))',
    `object.list.map(a, object.list.map(b, [${'b, '.repeat(400)}b]))`,
    `object.list.map(a, object.list.map(b, {${numbers(400)
      .map(key => `${key}: b`)
      .join(', ')}}))`,
    `object.list.all(a, object.list.all(b, ${'b >= 0 && '.repeat(200)} true))`,
  ]
  for (const expression of cases) assertExceeds(expression)
})

test('errors inside a loop are paid for', () => {
  assertExceeds('object.list.all(a, object.list.all(b, object.list.all(c, c.nope == 1))) || true')
  assertExceeds('object.longer.exists(a, a.nope || a.nope || a.nope)')
})

test('lists and texts cannot grow without end', () => {
  const cases = [
    'lists.range(100000000)',
    'lists.range(1000000).map(x, x)',
    'object.longer.distinct()',
    'object.longer.map(x, object.longer).flatten()',
    'object.list.map(x, object.longer + object.longer)',
    `(${'object.text + '.repeat(6)}'') == ''`,
    '[object.text, object.text, object.text, object.text].join(object.text)',
    'object.longer.map(x, [[object.longer]]).flatten(9)',
    `[${Array(9).fill('bytes(object.text)').join(' + ')}].size()`,
    "object.text.replace('a', object.text)",
    "object.text.replace('', object.text)",
    'object.list.map(x, object.text + object.text)',
    "object.list.map(x, object.text.split(''))",
    "object.list.map(x, '%s'.format([object.text]))",
    'object.list.map(x, strings.quote(object.text))',
  ]
  for (const expression of cases) assertExceeds(expression)
})

test('searching, comparing and converting text is paid for by its length', () => {
  const cases = [
    'object.text.contains(object.part)',
    'object.text.indexOf(object.part) + object.text.lastIndexOf(object.part)',
    'object.text.split(object.part).size()',
    "object.list.all(x, object.text + 'x' != object.text + 'y')",
    "object.list.all(x, object.text + 'x' < object.text + 'y')",
    'object.list.all(x, object.text.size() > 0)',
    'object.list.all(x, object.map == object.map.transformMap(k, v, v))',
    'object.list.all(x, sets.contains(object.list, object.list))',
    'object.longer.all(x, -1 in object.longer || true)',
    "object.longer.all(x, timestamp(x).getHours('Europe/Berlin') >= 0)",
    "object.longer.all(x, timestamp(x).getHours('Nowhere/' + string(x)) >= 0)",
  ]
  for (const expression of cases) assertExceeds(expression)
})

test('regular expressions take time in proportion to the text, or are refused', () => {
  const cases: readonly (readonly [expression: string, want: Tried])[] = [
    ["object.aab.matches('^(a+)+$')", { value: false }],
    ["object.text.matches('^(a+)+$')", { value: true }],
    ["object.text.matches('(.*)*b')", { value: false }],
    ["object.aab.matches('(' + object.text + ')')", { fails: '1:1: a regular expression has at most 1000 characters' }],
    [
      "object.aab.matches('(?:' + object.aab + '){1000}')",
      { fails: '1:1: a regular expression has at most 2000 characters when repeats are written out' },
    ],
    [
      "object.aab.matches('(?=a)' + 'b')",
      { fails: '1:1: not a regular expression: invalid or unsupported Perl syntax' },
    ],
  ]
  for (const [expression, want] of cases) assert.deepEqual(tryExpression(expression, { object }), want, expression)
  assertExceeds('object.patterns.exists(p, object.aab.matches(p))')
  assertExceeds("object.text.findAll('a')")
  assertExceeds("object.text.matches('(a|b)*a[ab]{500}[xy]')")
})

test('a number or a duration of sixty thousand digits is no number', () => {
  for (const conversion of ['int', 'uint', 'double', 'duration', 'timestamp', 'quantity', 'bool']) {
    const expression = `[${conversion}(object.digits)].size()`
    assert.match(tryExpression(expression, { object }).fails ?? '', /^1:2: (cannot|not a)/, conversion)
  }
})

test('an object nested too deeply can be passed over but not looked at', () => {
  assert.deepEqual(tryExpression('has(object.deep) && object.deep != object.list', { object }), { value: true })
  assert.deepEqual(tryExpression('object.deep == object.deeper', { object }), { fails: 'a value is nested too deeply' })
  assert.deepEqual(tryExpression('object.deep', { object }), {
    fails: 'the result holds something that JSON does not have',
  })
})

test('what JavaScript hides behind values is out of reach', () => {
  const cases = [
    'object.constructor',
    'object.list.length',
    'object.list.map',
    'object.text.length',
    'object.map.size',
    'object.map.get',
    'type(1).name',
    "'a'.constructor",
    'strings.constructor',
    'sets.prototype',
    'google.constructor',
    'dyn(google).constructor',
    "dyn(lists)['constructor']",
    'optional.constructor',
    'duration("1s").seconds',
    'dyn(duration("1s")).seconds',
    'dyn(quantity("1")).nanos',
    'request.size',
    'dyn(request).get',
    'dyn(1u).value',
  ]
  for (const expression of cases) {
    const { value, ...problem } = tryExpression(expression, { object, request: {} })
    assert.equal(value, undefined, expression)
    assert.equal(Object.keys(problem).length, 1, expression)
  }
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
})

function assertExceeds(expression: string): void {
  const tried = tryExpression(expression, { object })
  assert.match(tried.exceeds ?? JSON.stringify(tried)?.slice(0, 200), /^evaluation passed /, expression.slice(0, 100))
}
