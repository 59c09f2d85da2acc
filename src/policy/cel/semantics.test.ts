/** What Kubernetes' expressions mean, where the package alone means something else, or where it matters most. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tried, tryExpression } from './try-expression.ts'

interface Case extends Tried {
  readonly expression: string
}

const object = {
  metadata: { name: 'train-0', labels: { constructor: 'a', 'nvidia.com/gpu': 'yes', team: 'red' }, annotations: null },
  spec: {
    priority: 7,
    ratio: 0.5,
    containers: [
      { name: 'a', image: 'r/a', resources: { limits: { 'nvidia.com/gpu': '8' } } },
      { name: 'b', image: 'r/b' },
    ],
  },
}

function check(cases: readonly Case[]): void {
  for (const { expression, ...want } of cases) assert.deepEqual(tryExpression(expression, { object }), want, expression)
}

test('integral numbers of the object are ints', () => {
  check([
    { expression: 'object.spec.priority + 1', value: 8n },
    { expression: 'object.spec.priority / 2', value: 3n },
    { expression: 'object.spec.priority % 4', value: 3n },
    { expression: 'object.spec.containers[object.spec.priority - 7].name', value: 'a' },
    { expression: 'type(object.spec.priority) == int', value: true },
    { expression: 'type(object.spec.ratio) == double', value: true },
    { expression: 'string(object.spec.priority)', value: '7' },
    { expression: 'object.spec.ratio + 1', fails: '1:1: no such overload: double + int' },
    { expression: 'object.spec.ratio * 2.0', value: 1 },
    { expression: 'object.spec.priority < 7.5', value: true },
  ])
})

test('int arithmetic is checked at 64 bits', () => {
  check([
    { expression: '9223372036854775807 + 1', fails: '1:1: integer overflow' },
    { expression: '-9223372036854775808', value: -(2n ** 63n) },
    { expression: '-9223372036854775808 - 1', fails: '1:1: integer overflow' },
    { expression: '-(-9223372036854775808)', fails: '1:1: integer overflow' },
    { expression: '-9223372036854775808 / -1', fails: '1:1: integer overflow' },
    { expression: '9223372036854775807 * 2', fails: '1:1: integer overflow' },
    { expression: '9223372036854775808', refused: 'here 1:1: integer overflow' },
    { expression: '1 / 0', fails: '1:1: division by zero' },
    { expression: '1 % 0', fails: '1:1: division by zero' },
    { expression: '-7 / 2', value: -3n },
    { expression: '-7 % 2', value: -1n },
    { expression: 'int(1e99)', fails: '1:1: cannot convert this value to int' },
    { expression: '1.0 / 0.0 > 1.0', value: true },
  ])
})

test('a missing field is an error, has() asks for it, and null is there', () => {
  check([
    { expression: 'object.spec.nope', fails: '1:13: no such key: nope' },
    { expression: "object.spec['nope']", fails: '1:1: no such key: nope' },
    { expression: 'object.spec.containers[2]', fails: '1:1: index out of bounds' },
    { expression: 'object.spec.containers[-1]', fails: '1:1: index out of bounds' },
    { expression: 'has(object.spec.nope)', value: false },
    { expression: 'has(object.nope.nope)', fails: '1:12: no such key: nope' },
    { expression: 'has(object.spec.containers[0].resources)', value: true },
    { expression: 'has(object.spec.containers[1].resources)', value: false },
    { expression: "has({'a': 1}.a) && !has({'a': 1}.b)", value: true },
    { expression: 'has(dyn(object).spec)', value: true },
    { expression: 'has(object.metadata.annotations)', value: true },
    { expression: 'object.metadata.annotations == null', value: true },
    { expression: "'annotations' in object.metadata", value: true },
    { expression: 'has(object.metadata.annotations.a)', fails: '1:33: a value of type null has no such key: a' },
    { expression: 'has(object)', refused: 'here 1:5: has() takes a selection such as object.spec.nodeName' },
    { expression: "has(object['spec'])", refused: 'here 1:5: has() takes a selection such as object.spec.nodeName' },
  ])
})

test('keys with dots, slashes and names from JavaScript are ordinary keys', () => {
  check([
    { expression: "'nvidia.com/gpu' in object.metadata.labels", value: true },
    { expression: "object.metadata.labels['nvidia.com/gpu']", value: 'yes' },
    { expression: 'object.metadata.labels.constructor', value: 'a' },
    { expression: "size(object.metadata.labels) == 3 && object.metadata.labels.all(k, k != '')", value: true },
    { expression: 'object.constructor', fails: '1:8: no such key: constructor' },
    { expression: 'object.__proto__', fails: '1:8: no such key: __proto__' },
    { expression: "size({'constructor': 1, 'a': 2})", value: 2n },
    { expression: "{'__proto__': {'polluted': true}}.polluted", fails: '1:35: no such key: polluted' },
    { expression: "{'a': 1, 'a': 2}", fails: '1:10: a key stands twice in this map' },
    { expression: '{1: 1}[1.0] + {1: 1}[dyn(1u)]', value: 2n },
    { expression: '{1.5: 1}', refused: 'here 1:1: a map cannot have keys of type double' },
  ])
})

test('an error on one side of && and || is absorbed by the other', () => {
  check([
    { expression: 'object.nope || true', value: true },
    { expression: 'true || object.nope', value: true },
    { expression: 'object.nope && false', value: false },
    { expression: 'object.nope || false', fails: '1:8: no such key: nope' },
    { expression: 'object.spec.containers.exists(c, has(c.resources.limits) && true)', value: true },
    { expression: 'object.spec.containers.exists(c, c.resources.limits.size() == 1)', value: true },
    { expression: "object.spec.containers.all(c, c.name == 'a' && c.resources.limits.size() == 1)", value: false },
    {
      expression: 'object.spec.containers.all(c, c.resources.limits.size() == 1)',
      fails: '1:33: no such key: resources',
    },
    { expression: 'dyn(1) && true', fails: '1:1: a logical operand must be bool, not int' },
    { expression: '1 && true', refused: "here 1:1: Logical operator requires bool operands, got 'int'" },
  ])
})

test('optional access has a value where there is one', () => {
  check([
    { expression: "object.?metadata.?labels[?'team'].orValue('none')", value: 'red' },
    { expression: 'object.?nope.?nope.orValue(3)', value: 3n },
    { expression: 'object.?nope.nope.hasValue()', value: false },
    { expression: 'object.spec.?containers[0].name.orValue("x")', value: 'a' },
    { expression: 'object.spec.containers[?5].hasValue()', value: false },
    { expression: 'object.spec.?priority.optMap(p, p * 2).orValue(0)', value: 14n },
    { expression: 'object.?spec.optFlatMap(s, s.?nope).hasValue()', value: false },
    { expression: 'optional.none() == optional.none() && optional.of(1) != optional.of(2)', value: true },
    { expression: "optional.ofNonZeroValue('').hasValue() || optional.ofNonZeroValue([]).hasValue()", value: false },
    { expression: "'nvidia.com/gpu' in object.spec.containers[1].?resources.?limits.orValue({})", value: false },
    { expression: 'optional.of(1)', refused: 'here 1:1: must be a value of JSON, but is optional<int>' },
    { expression: '[object.?nope]', fails: 'the result holds something that JSON does not have' },
  ])
})

test('equality is by value: across number types, deep, and false between kinds', () => {
  check([
    { expression: 'dyn(1) == dyn(1.0) && dyn(1u) == dyn(1) && dyn(1u) == 1u', value: true },
    { expression: "dyn(1) == dyn('1')", value: false },
    { expression: 'object.spec == object.spec && object.spec != object.metadata', value: true },
    { expression: "{'a': [[1], {'b': null}.map(k, k.size())]} == {'a': [[1], [1]]}", value: true },
    { expression: "dyn([1, 2]) == dyn([1]) || dyn({'a': 1}) == dyn({'b': 1})", value: false },
    { expression: 'dyn(2.0) in [1, 2, 3]', value: true },
    { expression: "'x' in object.spec.containers.map(c, c.name)", value: false },
    { expression: '1 == 1.0', refused: 'here 1:1: no such overload: int == double' },
    { expression: '1 in object.spec.priority', fails: '1:1: no such overload: int in int' },
  ])
})

test('comprehensions bind names, nest, and work on what is empty', () => {
  check([
    { expression: '[].all(e, e > 0)', value: true },
    { expression: '{}.exists(k, k > 0)', value: false },
    { expression: '[][0] > 1 || true', value: true },
    { expression: "object.spec.containers.map(c, c.name).join(',')", value: 'a,b' },
    { expression: "object.spec.containers.filter(c, c.name > 'a').map(c, c.image)", value: ['r/b'] },
    { expression: "object.spec.containers.map(c, c.name == 'a', c.image)", value: ['r/a'] },
    { expression: "object.spec.containers.exists_one(c, c.name == 'a')", value: true },
    {
      expression: '[1, 2].map(x, [3, 4].map(y, x * y))',
      value: [
        [3n, 4n],
        [6n, 8n],
      ],
    },
    { expression: '[[1], [2, 3]].map(x, x.size()).sum()', value: 3n },
    { expression: '[1].all(object, object == 1)', value: true },
    {
      expression: '5.all(x, true)',
      refused: "here 1:1: Expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic).",
    },
    {
      expression: 'object.spec.priority.all(x, true)',
      fails: "1:13: Expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic).",
    },
  ])
})

test('the list literal of format() may mix types, and no other', () => {
  check([
    { expression: "'%s has %d'.format([object.metadata.name, 8])", value: 'train-0 has 8' },
    {
      expression: "['a', 1]",
      refused: "here 1:7: List elements must have the same type, expected type 'string' but found 'int'",
    },
  ])
})

test('functions that Kubernetes does not have are not there', () => {
  for (const expression of [
    'cel.bind(x, 1, x)',
    "b'{}'.json()",
    "b'a'.hex()",
    "'a'.reverse()",
    'math.least(1, 2)',
    'constructor(1)',
    'toString()',
    'object.constructor(1)',
  ]) {
    assert.match(
      tryExpression(expression).refused ?? '',
      /^here 1:\d+: (found no matching overload|Unknown variable)/,
      expression,
    )
  }
})
