import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBudget, POLICY_COST } from './cost.ts'
import { cachedRegex, compileRegex } from './regex.ts'
import { tryExpression } from './try-expression.ts'

test('the syntax is that of RE2, and a match may be anywhere in the text', () => {
  const cases: readonly (readonly [pattern: string, text: string, want: boolean])[] = [
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['(?i)ABC', 'xabcx', true],
    ['\\pL+\\z', 'größe', true],
    ['^[[:alpha:]]+$', 'abc1', false],
    ['^.$', '😀', true],
    ['\\x{1F600}', '😀', true],
    ['(?s)a.b', 'a\nb', true],
    ['', '', true],
  ]
  for (const [pattern, text, want] of cases) assert.equal(compileRegex(pattern).test(text), want, pattern)
})

test('what RE2 leaves out is refused with the reason', () => {
  const cases: readonly (readonly [pattern: string, want: RegExp])[] = [
    ['(?=a)', /Perl syntax/],
    ['(a)\\1', /escape/],
    ['a{1001}', /repeat count/],
    ['a(', /missing closing \)/],
    ['[b-a]', /range/],
    ['a**', /repetition/],
  ]
  for (const [pattern, want] of cases) assert.throws(() => compileRegex(pattern), want, pattern)
})

test('find returns the first match, findAll every one, up to a limit', () => {
  const digits = compileRegex('[0-9]+')
  assert.equal(digits.find('gpu 12, 345'), '12')
  assert.equal(digits.find('none'), '')
  assert.deepEqual(digits.findAll('1 22 333', -1), ['1', '22', '333'])
  assert.deepEqual(digits.findAll('1 22 333', 2), ['1', '22'])
  assert.deepEqual(digits.findAll('1 22 333', 0), [])
  assert.deepEqual(compileRegex('a*').findAll('baac', -1), ['', 'aa', ''])
})

test('a pattern gives the same answer each time it is asked, for the same text and for others', () => {
  const regex = compileRegex('^a+$')
  assert.deepEqual(
    ['aa', 'aa', 'ab', 'ab', 'aa', 'a'.repeat(1_000), 'b'.repeat(1_000)].map(text => regex.test(text)),
    [true, true, false, false, true, true, false],
  )
})

test('a computed pattern is compiled once and forgotten when many others came', () => {
  const first = cachedRegex('first')
  assert.equal(cachedRegex('first'), first)
  for (let index = 0; index < 200; index += 1) cachedRegex(`other${index}`)
  assert.notEqual(cachedRegex('first'), first)
})

test('expressions use patterns of their own and of the object', () => {
  const object = { name: 'train-12', pattern: '^train-[0-9]+$' }
  assert.deepEqual(tryExpression("object.name.matches('^train')", { object }), { value: true })
  assert.deepEqual(tryExpression('object.name.matches(object.pattern)', { object }), { value: true })
  assert.deepEqual(tryExpression("object.name.find('[0-9]') + object.name.findAll('[0-9]', 1)[0]", { object }), {
    value: '11',
  })
  assert.deepEqual(tryExpression("dyn(1).matches('a')"), { fails: '1:1: no such overload: int.matches(string)' })
})

test('matching costs by the length of the text and the size of the pattern', () => {
  const costOf = (expression: string, text: string) => {
    const budget = createBudget(POLICY_COST)
    tryExpression(expression, { object: { text }, budget })
    return POLICY_COST - budget.left
  }
  const short = costOf("object.text.matches('^[a-z]+$')", 'a'.repeat(100))
  assert.ok(costOf("object.text.matches('^[a-z]+$')", 'a'.repeat(10_000)) > 50 * short)
  assert.ok(costOf("object.text.matches('^[a-z]{200}$')", 'a'.repeat(100)) > 10 * short)
})
