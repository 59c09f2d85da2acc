import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { KINDS } from './documents.ts'
import { defineKind } from './kind.ts'
import { choice, flag, gpuCount, integer, list, object, opaque, stringMap, text } from './parts.ts'
import { referencePage } from './reference.ts'

const sample = defineKind({
  kind: 'Sample',
  plural: 'samples',
  scope: 'Namespaced',
  description: 'A sample.',
  spec: object('The spec.', {
    name: text('Its name | and more.'),
    mode: Type.Optional(choice('A mode.', ['On', 'Off'])),
    count: Type.Optional(gpuCount('How many.')),
    labels: Type.Optional(stringMap('Labels.')),
    source: Type.Optional(opaque('As in a pod.')),
    names: Type.Optional(list('Names.', text('A name.'))),
    parts: Type.Optional(
      list('Parts.', object('A part.', { size: integer('Its size.'), isWhole: Type.Optional(flag('Whether.')) })),
    ),
  }),
})

test('a kind is a table of its fields, with their types and what they are for', () => {
  const rows = referencePage([sample])
    .split('\n')
    .filter(line => line.startsWith('| `'))
  assert.deepEqual(rows, [
    '| `spec.name` * | text | Its name \\| and more. |',
    '| `spec.mode` | `On`, `Off` | A mode. |',
    '| `spec.count` | number or text | How many. In GPUs: `8`, `"500m"`. |',
    '| `spec.labels` | map of texts | Labels. |',
    '| `spec.source` | object | As in a pod. |',
    '| `spec.names[]` | list of text | Names. |',
    '| `spec.parts[]` | list of object | Parts. |',
    '| `spec.parts[].size` * | integer | Its size. |',
    '| `spec.parts[].isWhole` | boolean | Whether. |',
  ])
})

test('every kind has its place on the page', () => {
  const page = referencePage(KINDS)
  for (const { kind } of KINDS) {
    assert.ok(page.includes(`- [${kind}](#${kind.toLowerCase()})`), kind)
    assert.ok(page.includes(`\n## ${kind}\n`), kind)
  }
})
