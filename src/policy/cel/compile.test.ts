import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIssue } from '../../schema/parsed.ts'
import {
  compileExpression,
  compileVariables,
  MAX_MESSAGE_EXPRESSION_LENGTH,
  type ResultType,
  type VariableSource,
} from './compile.ts'

function issuesOf(expression: string, resultType: ResultType = 'dyn', maxLength?: number): readonly string[] {
  const limit = maxLength === undefined ? {} : { maxLength }
  const compiled = compileExpression({ expression, resultType, place: 'spec.validate[0].expression', ...limit })
  return compiled.ok ? [] : compiled.issues.map(formatIssue)
}

function variableIssues(...sources: readonly VariableSource[]): readonly string[] {
  const compiled = compileVariables(sources, 'spec.variables')
  return compiled.ok ? [] : compiled.issues.map(formatIssue)
}

test('an issue has the place of the expression, line and column inside it, and one line of text', () => {
  const cases: readonly { readonly expression: string; readonly want: string }[] = [
    { expression: "'a' + 1", want: '1:1: no such overload: string + int' },
    { expression: "true &&\n  object.x ==\n  'a' + 1", want: '3:3: no such overload: string + int' },
    { expression: "true && 'ü' + 1 == ''", want: '1:9: no such overload: string + int' },
    { expression: "'😀' == nope", want: '1:8: Unknown variable: nope' },
    { expression: 'object.spec.', want: '1:13: Expected IDENTIFIER, got EOF' },
    { expression: 'object spec', want: "1:8: Unexpected character: 'c'" },
    { expression: '"open', want: '1:1: Unterminated string' },
    { expression: '', want: '1:1: Unexpected token: EOF' },
    { expression: 'object.name.nope()', want: "1:1: found no matching overload for 'dyn.nope()'" },
    { expression: "'a'.lowerAscii(1)", want: "1:1: found no matching overload for 'string.lowerAscii(int)'" },
    { expression: '[1].matches("a")', want: "1:1: found no matching overload for 'list.matches(string)'" },
    { expression: 'request.oper', want: '1:9: No such key: oper' },
    { expression: 'request.userInfo.name', want: '1:18: No such key: name' },
    { expression: 'has(request.nope)', want: '1:13: No such key: nope' },
    { expression: 'request.name == 1', want: '1:1: no such overload: string == int' },
    { expression: 'sluice.nope', want: '1:8: No such key: nope' },
    { expression: "sluice.demand['h100'] == 'x'", want: '1:1: no such overload: int == string' },
    {
      expression: "[1, 'a']",
      want: "1:5: List elements must have the same type, expected type 'int' but found 'string'",
    },
    { expression: "object.name.matches('a(')", want: '1:1: not a regular expression: missing closing )' },
    {
      expression: "object.name.find('(?=a)')",
      want: '1:1: not a regular expression: invalid or unsupported Perl syntax',
    },
    { expression: "duration('1 hour') == duration('1h')", want: '1:1: not a duration such as 1h30m' },
    { expression: "string(timestamp('yesterday'))", want: '1:8: not a timestamp such as 2026-01-31T08:00:00Z' },
    { expression: "quantity('8 GPUs').isInteger()", want: '1:1: not a quantity such as 8, 500m or 128Gi' },
    { expression: 'object.l.all(a.b, true)', want: '1:16: all(var, predicate) invalid predicate iteration variable' },
    { expression: 'object.l.sortBy(1, true)', want: '1:17: a macro needs a simple name here' },
  ]
  for (const { expression, want } of cases) {
    assert.deepEqual(issuesOf(expression), [`spec.validate[0].expression ${want}`], expression)
  }
})

test('only the result type that was asked for is accepted; dyn is left to run time', () => {
  const accepted: readonly (readonly [string, ResultType])[] = [
    ['true', 'bool'],
    ['object.x', 'bool'],
    ["'a'", 'string'],
    ['1', 'int'],
    ['1.0', 'double'],
    ["['a']", 'list'],
    ['[]', 'list'],
    ["{'a': 1}", 'map'],
    ["{'a': 1}", 'dyn'],
    ['null', 'dyn'],
  ]
  for (const [expression, type] of accepted)
    assert.deepEqual(issuesOf(expression, type), [], `${expression} as ${type}`)
  const refused: readonly (readonly [string, ResultType, string])[] = [
    ["'true'", 'bool', 'must be bool, but is string'],
    ['1', 'double', 'must be double, but is int'],
    ['object.?x', 'bool', 'must be bool, but is optional<dyn>'],
    ['[]', 'map', 'must be map, but is list<dyn>'],
    ["quantity('1')", 'dyn', 'must be a value of JSON, but is kubernetes.Quantity'],
    ['null', 'string', 'must be string, but is null'],
  ]
  for (const [expression, type, want] of refused) {
    assert.deepEqual(issuesOf(expression, type), [`spec.validate[0].expression 1:1: ${want}`])
  }
})

test('an expression is bounded in length, nodes, depth, literals and loops', () => {
  const repeat = (part: string, times: number) => part.repeat(times)
  const cases: readonly { readonly expression: string; readonly want: RegExp }[] = [
    { expression: `'${repeat('a', 16_384)}'`, want: /at most 16384 characters, and this has 16386/ },
    { expression: `${repeat('1+', 5_001)}1`, want: /maxAstNodes \(5000\)/ },
    { expression: `${repeat('(', 5_000)}1${repeat(')', 5_000)}`, want: /maxDepth \(100\)/ },
    { expression: `object${repeat('.a', 200)}`, want: /maxDepth/ },
    { expression: `${repeat('!', 16_000)}true`, want: /nested/ },
    { expression: `${repeat('true || ', 450)}true`, want: /nested more than 400 levels deep/ },
    { expression: `[${repeat('1,', 501)}]`, want: /maxListElements \(500\)/ },
    { expression: `{${repeat('1:1,', 501)}}`, want: /maxMapEntries \(500\)/ },
    {
      expression: `${repeat('[1].all(x, ', 5)}true${repeat(')', 5)}`,
      want: /comprehensions are nested more than 4 deep/,
    },
    {
      expression: `${repeat('[1].transformList(i, x, ', 5)}1${repeat(')', 5)}`,
      want: /comprehensions are nested more than 4 deep/,
    },
    { expression: `'a'.matches('${repeat('a', 1_001)}')`, want: /regular expression has at most 1000 characters/ },
    { expression: "'a'.matches('(?:abc){999}')", want: /at most 2000 characters when repeats are written out/ },
  ]
  for (const { expression, want } of cases) assert.match(issuesOf(expression)[0] ?? '', want, expression.slice(0, 30))
  assert.deepEqual(issuesOf(`${repeat('[1].all(x, ', 4)}true${repeat(')', 4)}`), [])
  assert.deepEqual(
    issuesOf('object.l.filter(a, true).map(b, b).all(c, true) && object.l.map(d, d).exists(e, true)'),
    [],
  )
})

test('a message expression has a limit of its own', () => {
  const expression = `'${'a'.repeat(MAX_MESSAGE_EXPRESSION_LENGTH)}'`
  assert.deepEqual(issuesOf(expression, 'string'), [])
  assert.match(issuesOf(expression, 'string', MAX_MESSAGE_EXPRESSION_LENGTH)[0] ?? '', /at most 5120 characters/)
})

test('variables are compiled in order, with the types of those before them', () => {
  const n = { name: 'n', expression: '1' }
  const gpus = { name: 'gpus', expression: 'object.spec.containers.filter(c, has(c.resources))' }
  assert.deepEqual(variableIssues(n, gpus, { name: 'm', expression: 'variables.n + variables.gpus.size()' }), [])
  assert.deepEqual(variableIssues({ name: 'm', expression: 'variables.n' }, n), [
    'spec.variables[0].expression 1:11: variables.n is not declared before this expression',
  ])
  assert.deepEqual(variableIssues(n, { name: 'm', expression: "variables.n == 'x'" }), [
    'spec.variables[1].expression 1:1: no such overload: int == string',
  ])
})

test('every bad variable is reported, and one that uses it as well', () => {
  const issues = variableIssues(
    { name: 'a-b', expression: '1' },
    { name: 'n', expression: '1 +' },
    { name: 'm', expression: 'variables.n' },
    { name: 'k', expression: '1' },
    { name: 'k', expression: '2' },
    { name: 'long', expression: 'x'.repeat(20_000) },
  )
  assert.deepEqual(issues, [
    'spec.variables[0].name: not a CEL identifier (use letters, digits and _, at most 63)',
    'spec.variables[1].expression 1:4: Unexpected token: EOF',
    'spec.variables[2].expression 1:11: variables.n is not declared before this expression',
    'spec.variables[4].name: this name is already taken',
    'spec.variables[5].expression: an expression has at most 16384 characters, and this has 20000',
  ])
})

test('variables are read one at a time, by name', () => {
  const compiled = compileVariables([{ name: 'n', expression: '[]' }], 'v')
  assert.ok(compiled.ok)
  const issue = (expression: string) => {
    const result = compileExpression({ expression, resultType: 'dyn', place: 'e', variables: compiled.value })
    return result.ok ? undefined : result.issues.map(formatIssue)[0]
  }
  assert.equal(issue('variables.n.all(x, x > 1) && has(variables.n)'), undefined)
  assert.equal(issue('variables.nope'), 'e 1:11: variables.nope is not declared before this expression')
  assert.equal(issue('has(variables.nope)'), 'e 1:15: variables.nope is not declared before this expression')
  assert.equal(issue("variables['n']"), 'e 1:1: variables can only be read one at a time (write variables.<name>)')
  assert.equal(
    issue('[1].all(variables, true)'),
    'e 1:9: a macro must not bind the name variables (choose another name)',
  )
})

test('a chain of variables is as deep as all its expressions together', () => {
  const deep = (operand: string) => Array.from({ length: 300 }, () => operand).join(' + ')
  const chain = [
    { name: 'a', expression: deep('1') },
    { name: 'b', expression: deep('variables.a') },
    { name: 'c', expression: deep('variables.b') },
  ]
  assert.deepEqual(variableIssues(...chain.slice(0, 2)), [])
  assert.deepEqual(variableIssues(...chain), [
    'spec.variables[2].expression 1:1: with its variables, the expression is nested more than 800 levels deep',
  ])
})
