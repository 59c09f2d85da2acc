import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import Type from 'typebox'
import { formatIssue } from './parsed.ts'
import {
  choice,
  dnsName,
  flag,
  gpuCount,
  integer,
  labelSelector,
  list,
  object,
  pool,
  stringMap,
  text,
  weight,
} from './parts.ts'
import { fieldPath, parserOf } from './validator.ts'

const item = object('An item.', {
  key: text('The key.', { maxLength: 63 }),
  count: Type.Optional(gpuCount('How many.')),
})
const schema = object('All parts.', {
  name: dnsName('A name.'),
  mode: Type.Optional(choice('A mode.', ['On', 'Off'])),
  isOn: Type.Optional(flag('Whether.')),
  port: Type.Optional(integer('A port.', { minimum: 1, maximum: 9 })),
  labels: Type.Optional(stringMap('Labels.')),
  part: Type.Optional(pool('A part.')),
  weight: Type.Optional(weight('A weight.')),
  items: Type.Optional(list('Items.', item, { keys: ['key'], maxItems: 3 })),
  selector: Type.Optional(labelSelector),
})
const parse = parserOf(schema)

function issuesOf(value: unknown, at?: string): readonly string[] {
  const result = parse(value, at)
  return result.ok ? [] : result.issues.map(formatIssue)
}

test('what is wrong is said with its place, and with what to write instead', () => {
  const cases: readonly { readonly name: string; readonly value: unknown; readonly want: readonly string[] }[] = [
    { name: 'nothing', value: { name: 'a' }, want: [] },
    { name: 'no object', value: [], want: ['(document): must be of type object, not array'] },
    { name: 'null', value: null, want: ['(document): must be of type object, not null'] },
    { name: 'a field that is missing', value: {}, want: ['(document): field "name" is missing'] },
    {
      name: 'a field that is unknown',
      value: { name: 'a', nmae: 1 },
      want: [
        '(document): unknown field "nmae" (known fields: name, mode, isOn, port, labels, part, weight, items, selector)',
      ],
    },
    { name: 'a choice', value: { name: 'a', mode: 'on' }, want: ['mode: "on" is not allowed (one of On, Off)'] },
    {
      name: 'a form',
      value: { name: 'Foo' },
      want: ['name: "Foo" does not have the form ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'],
    },
    { name: 'a type', value: { name: 'a', isOn: 'yes' }, want: ['isOn: must be of type boolean, not string'] },
    { name: 'a bound', value: { name: 'a', port: 10 }, want: ['port: must be <= 9'] },
    {
      name: 'a label',
      value: { name: 'a', labels: { 'x.dev/y': 1 } },
      want: ['labels["x.dev/y"]: must be of type string, not number'],
    },
    {
      name: 'a place in a list',
      value: { name: 'a', items: [{ key: 'a' }, { key: 1 }] },
      want: ['items[1].key: must be of type string, not number'],
    },
    {
      name: 'too many',
      value: { name: 'a', items: ['a', 'b', 'c', 'd'].map(key => ({ key })) },
      want: ['items: must NOT have more than 3 items'],
    },
    {
      name: 'a key twice',
      value: { name: 'a', items: [{ key: 'a' }, { key: 'b' }, { key: 'a' }] },
      want: ['items[2]: key "a" is there already (remove or rename one of them)'],
    },
    {
      name: 'no keys to compare',
      value: { name: 'a', items: [{}, {}] },
      want: ['items[0]: field "key" is missing', 'items[1]: field "key" is missing'],
    },
    {
      name: 'several at once',
      value: { mode: 1, port: 0 },
      want: ['(document): field "name" is missing', 'mode: 1 is not allowed (one of On, Off)', 'port: must be >= 1'],
    },
  ]
  for (const { name, value, want } of cases) {
    assert.deepEqual(issuesOf(value), want, name)
  }
})

test('the place of a document stands before the place in it', () => {
  assert.deepEqual(issuesOf({ name: 'a', mode: 'x' }, 'f.yaml:3'), [
    'f.yaml:3: mode: "x" is not allowed (one of On, Off)',
  ])
  assert.deepEqual(issuesOf({}, 'f.yaml:3'), ['f.yaml:3: field "name" is missing'])
})

test('a count that is none is one clear issue, in a list as well', () => {
  const counts: readonly unknown[] = [-1, 1.5, 1e300, 'eight', '8 ', '0.5', '999999999999999', true, null, {}]
  for (const count of counts) {
    const lines = issuesOf({
      name: 'a',
      items: [
        { key: 'ok', count: 8 },
        { key: 'bad', count },
      ],
    })
    assert.equal(lines.length, 1, String(count))
    assert.match(
      lines[0] ?? '',
      /^items\[1\]\.count: .* is neither a whole number in range nor a text of the right form \(the form is \^\[0-9\]\+m\?\$\)$/,
    )
  }
  const both = issuesOf({
    name: 'a',
    part: 'x',
    items: [
      { key: 'a', count: 'x' },
      { key: 'b', count: 'y' },
    ],
  })
  assert.equal(both.length, 3)
})

test('counts, parts and weights have their forms', () => {
  const accepted: readonly {
    readonly field: string
    readonly good: readonly unknown[]
    readonly bad: readonly unknown[]
  }[] = [
    { field: 'part', good: [0, 8, '8', '500m', '15%', '0.5%', '100%'], bad: ['-1', '101%', '1.55%', '%', '15 %'] },
    { field: 'weight', good: [0, 3, '3', '0.5'], bad: [0.5, '-1', '.5', '1.', 'much'] },
  ]
  for (const { field, good, bad } of accepted) {
    for (const value of good) assert.deepEqual(issuesOf({ name: 'a', [field]: value }), [], `${field} ${value}`)
    for (const value of bad) assert.equal(issuesOf({ name: 'a', [field]: value }).length, 1, `${field} ${value}`)
  }
})

test('a flood of issues is cut', () => {
  const junk = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, 1]))
  assert.equal(issuesOf({ name: 'a', ...junk }).length, 20)
})

test('foreign text is quoted, cut, and free of what a terminal or a reader would obey', () => {
  const [line] = issuesOf({ name: 'a', mode: `\u001b[31m\u009b\u202e\n${'x'.repeat(100)}` })
  assert.match(line ?? '', /^mode: "\\u001b\[31m\?\?\\nx{50,}\.\.\." is not allowed/)
  assert.ok(!/[\u007f-\u009f\u202e]/.test(issuesOf({ name: 'a', '\u0085': 1 })[0] ?? ''))
})

test('keys that every object has are unknown fields, and labels like others', () => {
  const hostile = JSON.parse('{"name":"a","__proto__":{},"constructor":{}}')
  assert.deepEqual(
    issuesOf(hostile).map(line => line.split(' (')[0]),
    ['(document): unknown field "__proto__"', '(document): unknown field "constructor"'],
  )
  assert.deepEqual(issuesOf({ name: 'a', labels: JSON.parse('{"__proto__":"x","constructor":"y"}') }), [])
})

test('what is parsed is the value that came, never written to, whatever it was', () => {
  const good = Object.freeze({ name: 'a', items: Object.freeze([Object.freeze({ key: 'a' })]) })
  const result = parse(good)
  assert.ok(result.ok && (result.value as unknown) === good)
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const before = JSON.stringify(value)
      parse(value)
      assert.equal(JSON.stringify(value), before)
    }),
  )
})

test('a pointer reads as people write paths', () => {
  const cases = [
    ['', ''],
    ['/spec/containers/0/env', 'spec.containers[0].env'],
    ['/metadata/labels/a.b~1c', 'metadata.labels["a.b/c"]'],
    ['/a~0b', '["a~b"]'],
    ['/spec/x-y', 'spec.x-y'],
  ]
  for (const [pointer = '', want] of cases) assert.equal(fieldPath(pointer), want)
})
