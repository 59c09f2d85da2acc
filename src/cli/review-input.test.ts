import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { formatIssue } from '../schema/parsed.ts'
import { readInputs } from './review-input.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'sluice-input-'))
after(() => rmSync(FOLDER, { recursive: true, force: true }))

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n'

function pathOf(name: string, content: string | Uint8Array): string {
  const path = join(FOLDER, name)
  writeFileSync(path, content)
  return path
}

/** What was read of a path: names of objects, and issues without the folder. */
function read(path: string): { readonly names: readonly unknown[]; readonly issues: readonly string[] } {
  const inputs = readInputs([path])
  return {
    names: inputs.flatMap(({ objects }) => objects.map(({ value }) => Reflect.get(Object(value.metadata), 'name'))),
    issues: inputs.flatMap(({ issues }) => issues.map(formatIssue)).map(text => text.replaceAll(`${FOLDER}/`, '')),
  }
}

describe('inputs of a review', () => {
  const cases: readonly {
    readonly name: string
    readonly content: string | Uint8Array
    readonly names?: readonly string[]
    readonly issue?: RegExp
  }[] = [
    { name: 'empty.yaml', content: '', issue: /^empty\.yaml: holds no objects \(/ },
    { name: 'comments.yaml', content: '# one\n---\n# two\n', issue: /^comments\.yaml: holds no objects \(/ },
    { name: 'binary.yaml', content: new Uint8Array([10, 0, 255]), issue: /^binary\.yaml:2: is not UTF-8 text \(/ },
    { name: 'latin1.yaml', content: Buffer.from(`${POD}# caf\xe9`, 'latin1'), issue: /^latin1\.yaml:5: is not UTF-8/ },
    { name: 'utf16.yaml', content: Buffer.from(POD, 'utf16le'), issue: /^utf16\.yaml:1: is not UTF-8 text \(/ },
    {
      name: 'large.yaml',
      content: `${POD}# ${'x'.repeat(4 * 1024 * 1024)}`,
      issue: /^large\.yaml: is larger than 4 MiB/,
    },
    { name: 'tabs.yaml', content: 'kind: Pod\nmetadata:\n\tname: a\n', issue: /^tabs\.yaml:3:1: Tabs are not allowed/ },
    { name: 'values.yaml', content: 'image: {tag: v1}\n', issue: /^values\.yaml:1: has no apiVersion and kind \(/ },
    { name: 'text.yaml', content: 'hello\n', issue: /^text\.yaml:1: is not an object with apiVersion and kind/ },
    { name: 'pod.json', content: '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}', names: ['a'] },
    { name: 'mark.yaml', content: `\ufeff${POD}`, names: ['a'] },
    { name: 'windows.yaml', content: POD.replaceAll('\n', '\r\n'), names: ['a'] },
    {
      name: 'list.yaml',
      content: 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n',
      names: ['b'],
    },
    {
      name: 'one-of-two.yaml',
      content: `${POD}---\nkind: [\n`,
      names: ['a'],
      issue: /^one-of-two\.yaml:\d+:\d+: /,
    },
    {
      name: 'broken-template.yaml',
      content: '{{- if .x }}\nkind: Pod\n- {{ .y }}\n{{- end }}\n',
      issue: /^broken-template\.yaml:\d+:\d+: .*\(it is a template: render it first\)$/,
    },
  ]
  for (const { name, content, names = [], issue } of cases) {
    test(`${name} is ${issue === undefined ? 'read' : 'told of with its place'}`, () => {
      const result = read(pathOf(name, content))
      assert.deepEqual(result.names, names)
      assert.equal(result.issues.length, issue === undefined ? 0 : 1, result.issues.join('\n'))
      if (issue !== undefined) assert.match(result.issues[0] ?? '', issue)
    })
  }

  test('what is not there is said', () => {
    assert.match(read(join(FOLDER, 'absent.yaml')).issues[0] ?? '', /^absent\.yaml: does not exist \(/)
  })

  test('a folder stands for the manifests below it, and an empty one for a mistake', () => {
    const folder = join(FOLDER, 'folder')
    mkdirSync(join(folder, 'below'), { recursive: true })
    assert.match(read(folder).issues[0] ?? '', /^folder: holds no manifests \(/)
    writeFileSync(join(folder, 'below', 'pod.yaml'), POD)
    writeFileSync(join(folder, 'comment.yaml'), '# nothing yet\n')
    writeFileSync(join(folder, 'notes.txt'), 'no manifest')
    assert.deepEqual(read(folder), { names: ['a'], issues: [] })
  })

  test('a chart is read around its actions, and the lines that only rendering knows are kept apart', () => {
    const chart = `{{- if .Values.on }}\n${POD.replace('name: a', 'name: {{ .Release.Name }}')}{{- end }}\n`
    const [input] = readInputs([pathOf('chart.yaml', chart)])
    assert.deepEqual(input?.issues, [])
    assert.deepEqual(
      input?.objects.map(({ value }) => value.metadata),
      [{ name: '{{ .Release.Name }}' }],
    )
    assert.deepEqual(input?.leftOut, [{ line: 1, text: '{{- if .Values.on }}' }])
  })

  test('the expressions of an Argo workflow are texts, and nothing of it is left out', () => {
    const text = `${POD}  args: ["{{inputs.parameters.x}}"]\n`.replace('spec: {containers: [{name: c}]}\n', 'spec:\n')
    const [input] = readInputs([pathOf('argo.yaml', text)])
    assert.deepEqual(input?.leftOut, [])
    assert.deepEqual(input?.objects[0]?.value.spec, { args: ['{{inputs.parameters.x}}'] })
  })
})
