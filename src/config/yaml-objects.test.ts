import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readObjects } from './yaml-objects.ts'

const read = (text: string) => {
  const { objects, issues } = readObjects(text, 'f.yaml')
  return { values: objects.map(({ value }) => value), places: objects.map(({ at }) => at), issues }
}
const lines = (text: string) => read(text).issues.map(({ at, problem }) => `${at}: ${problem}`)

test('each document is an object, placed at its first line', () => {
  const { values, places, issues } = read('# a comment\nkind: A\n---\n\nkind: B\n---\n---\nkind: C\n')
  assert.deepEqual(values, [{ kind: 'A' }, { kind: 'B' }, { kind: 'C' }])
  assert.deepEqual(places, ['f.yaml:2', 'f.yaml:5', 'f.yaml:8'])
  assert.deepEqual(issues, [])
})

test('JSON is YAML, and an empty text holds nothing', () => {
  assert.deepEqual(read('{"kind": "A", "n": 1}').values, [{ kind: 'A', n: 1 }])
  for (const text of ['', '\n', '# nothing\n', '---\n', 'null\n'])
    assert.deepEqual(read(text), { values: [], places: [], issues: [] })
})

test('one bad document does not hide the others', () => {
  const { values } = read('kind: A\n---\nkind: [\n---\nkind: C\n')
  assert.deepEqual(values, [{ kind: 'A' }, { kind: 'C' }])
  assert.equal(lines('kind: A\n---\nkind: [\n---\nkind: C\n').length, 1)
})

test('what cannot be read is named with line and column, in one line', () => {
  const cases: readonly { readonly name: string; readonly text: string; readonly want: RegExp }[] = [
    { name: 'a key twice', text: 'kind: A\nspec: {}\nspec: {}\n', want: /^f\.yaml:3:1: Map keys must be unique$/ },
    { name: 'a tab', text: 'kind: A\nspec:\n\tx: 1\n', want: /^f\.yaml:3:1: Tabs are not allowed as indentation$/ },
    { name: 'an open quote', text: 'kind: "A\n', want: /^f\.yaml:\d+:\d+: Missing closing "quote$/ },
    { name: 'a text', text: 'just text\n', want: /^f\.yaml:1: is not an object with apiVersion and kind$/ },
    {
      name: 'a list',
      text: 'kind: A\n---\n- kind: B\n',
      want: /^f\.yaml:3: is not an object with apiVersion and kind$/,
    },
    { name: 'an alias of nothing', text: 'kind: *nothing\n', want: /^f\.yaml:1: .*nothing/ },
  ]
  for (const { name, text, want } of cases) {
    const [line = '', ...more] = lines(text)
    assert.match(line, want, name)
    assert.deepEqual(more, [], name)
  }
})

test('a field that is null is not there; in a list a null stays', () => {
  assert.deepEqual(read('kind: A\nspec: null\nlist: [1, null, {a: ~}]\nmetadata: {name: x, labels: }\n').values, [
    { kind: 'A', list: [1, null, {}], metadata: { name: 'x' } },
  ])
})

test('a list counts as its items, which have its type where they leave it out', () => {
  const { values, places } = read(
    'apiVersion: v1\nkind: List\nitems: [{kind: A}, {kind: B}, text]\n---\nkind: PodList\napiVersion: v1\nitems: [{metadata: {name: a}}]\n',
  )
  assert.deepEqual(values, [{ kind: 'A' }, { kind: 'B' }, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }])
  assert.deepEqual(places, ['f.yaml:1 items[0]', 'f.yaml:1 items[1]', 'f.yaml:5 items[0]'])
  assert.deepEqual(read('kind: Policy\nitems: [1]\n').values, [{ kind: 'Policy', items: [1] }])
})

test('anchors and merges serve as people use them', () => {
  const { values } = read('base: &base {a: 1, b: 2}\nkind: A\nspec: {<<: *base, b: 3}\nagain: *base\n')
  assert.deepEqual(values, [{ base: { a: 1, b: 2 }, kind: 'A', spec: { a: 1, b: 3 }, again: { a: 1, b: 2 } }])
})

test('a text that would grow without bound is refused, and so is one that nests without end', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x, x]',
    ...[...'bcdefghi'].map(
      (name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(', ')}]`,
    ),
  ]
  assert.match(lines(bomb.join('\n')).join(), /^f\.yaml:1: Excessive alias count/)
  assert.match(lines(`a: ${'['.repeat(300)}${']'.repeat(300)}`).join(), /^f\.yaml:1: is nested deeper than 200 levels$/)
  assert.match(lines('['.repeat(50_000)).join(), /^f\.yaml:1:\d+: is nested too deeply$/)
})

test('keys that every object has are keys like others', () => {
  const [value] = read('kind: A\n__proto__: {polluted: 1}\nconstructor: x\n').values
  assert.ok(value !== undefined && Object.hasOwn(value, '__proto__') && Object.hasOwn(value, 'constructor'))
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})
