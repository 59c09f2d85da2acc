import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import type { JsonValue } from '../schema/parts.ts'
import { hasActions, withoutActions } from './template-text.ts'

function read(template: string): readonly JsonValue[] {
  const { text, restore } = withoutActions(template)
  const documents = parseAllDocuments(text)
  assert.ok(Array.isArray(documents))
  for (const document of documents) assert.deepEqual(document.errors, [], text)
  return documents.map(document => restore(document.toJS() as JsonValue))
}

describe('template text', () => {
  const cases: readonly { readonly name: string; readonly template: string; readonly want: JsonValue }[] = [
    { name: 'an unquoted value', template: 'gpu: {{ .Values.gpus }}', want: { gpu: '{{ .Values.gpus }}' } },
    {
      name: 'a part of a value',
      template: 'image: {{ .repo }}:{{ .tag }}\nmemory: {{ .m }}Gi',
      want: { image: '{{ .repo }}:{{ .tag }}', memory: '{{ .m }}Gi' },
    },
    {
      name: 'quotes within quotes',
      template: 'name: "{{ include "vllm.fullname" . }}"',
      want: { name: '{{ include "vllm.fullname" . }}' },
    },
    {
      name: 'a value in a flow collection',
      template: 'limits: {nvidia.com/gpu: {{ .n }}, args: [{{ .a }}, b]}',
      want: { limits: { 'nvidia.com/gpu': '{{ .n }}', args: ['{{ .a }}', 'b'] } },
    },
    { name: 'a key', template: '{{ .Values.resource }}: 1', want: { '{{ .Values.resource }}': 1 } },
    {
      name: 'a line that writes a block is emptied',
      template: 'labels:\n  app: a\n  {{- include "labels" . | nindent 2 }}',
      want: { labels: { app: 'a' } },
    },
    {
      name: 'of alternatives the first is read',
      template: '{{- if .a }}\nimage: x\n{{- else if .b }}\nimage: y\n{{- else }}\nimage: z\n{{- end }}\nkind: Pod',
      want: { image: 'x', kind: 'Pod' },
    },
    {
      name: 'alternatives nest',
      template: '{{ if .a }}\na: 1\n{{ else }}\n{{ if .b }}\na: 2\n{{ else }}\na: 3\n{{ end }}\na: 4\n{{ end }}\nb: 1',
      want: { a: 1, b: 1 },
    },
    {
      name: 'a condition within a line is one value',
      template: 'type: {{ if .a }}x{{ else }}y{{ end }}-z',
      want: { type: '{{ if .a }}x{{ else }}y{{ end }}-z' },
    },
    {
      name: 'a loop around items',
      template: 'env:\n{{- range $k, $v := .env }}\n- name: {{ $k }}\n  value: {{ $v | quote }}\n{{- end }}',
      want: { env: [{ name: '{{ $k }}', value: '{{ $v | quote }}' }] },
    },
    {
      name: 'a block scalar keeps its actions, alone on a line or not',
      template: 'args:\n- |\n  {{ .script }}\n  echo {{ .x }}\nnext:\n- key: |-\n    {{ .y }}\n  other: {{ .z }}',
      want: { args: ['{{ .script }}\necho {{ .x }}\n'], next: [{ key: '{{ .y }}', other: '{{ .z }}' }] },
    },
    {
      name: 'comments and variables write nothing',
      template: '{{/* a\n   comment */}}\n{{- $x := 1 -}}\nkind: Pod{{/* b */}}',
      want: { kind: 'Pod' },
    },
    {
      name: 'Jinja',
      template: '{% if gpus > 0 %}\ngpu: {{ gpus }}\n{% else %}\ngpu: 0\n{% endif %}\nkind: Pod',
      want: { gpu: '{{ gpus }}', kind: 'Pod' },
    },
  ]
  for (const { name, template, want } of cases) {
    test(name, () => assert.deepEqual(read(template), [want]))
  }

  test('what is known only after rendering is named with its line', () => {
    const template = '{{- if .Values.on }}\nkind: Pod\n{{- /* why */}}\nspec:\n  {{- toYaml\n    .spec }}\n{{- end }}\n'
    assert.deepEqual(withoutActions(template).leftOut, [
      { line: 1, text: '{{- if .Values.on }}' },
      { line: 5, text: '{{- toYaml .spec }}' },
    ])
  })

  test('a text without actions stays as it is', () => {
    const text = 'a: {b: {c: 1}}\nd: |\n  x\n'
    assert.equal(hasActions(text), false)
    assert.equal(withoutActions(text).text, text)
  })

  test('every line stays in its place, whatever the text', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      ' if ',
      'end',
      'else',
      '\n',
      '- a: |',
      '"',
      ' x ',
      '\0',
      '$',
      ':',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
        const template = pieces.join('')
        assert.equal(withoutActions(template).text.split('\n').length, template.replaceAll('\0', '').split('\n').length)
      }),
    )
  })
})
