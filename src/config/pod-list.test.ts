import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatIssue } from '../schema/parsed.ts'
import { readPodList } from './pod-list.ts'

function read(t: TestContext, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pods-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'pods')
  writeFileSync(file, text)
  const list = readPodList(file)
  if (!list.ok) return list.issues.map(formatIssue).join('; ')
  return list.value.map(({ value: { kind, metadata } }) => `${kind} ${JSON.stringify(metadata)}`)
}

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: null } }
const WANT = 'Pod {"name":"p"}'

const FORMS: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  {
    name: 'a List in JSON',
    text: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [POD, POD] }),
    want: [WANT, WANT],
  },
  {
    name: 'a PodList, whose items leave out what they are',
    text: JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [{ metadata: { name: 'p' } }] }),
    want: [WANT],
  },
  { name: 'one pod in JSON', text: JSON.stringify(POD), want: [WANT] },
  { name: 'a List in YAML', text: 'kind: List\nitems:\n- {kind: Pod, metadata: {name: p}}\n', want: [WANT] },
  {
    name: 'several documents',
    text: 'kind: Pod\nmetadata: {name: p}\n---\nkind: List\nitems:\n- {kind: Pod, metadata: {name: p}}\n',
    want: [WANT, WANT],
  },
  { name: 'YAML that begins like JSON', text: '{kind: Pod, metadata: {name: p}}', want: [WANT] },
  { name: 'a list of nothing', text: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] }), want: [] },
]
for (const { name, text, want } of FORMS) {
  test(`${name} is read`, t => assert.deepEqual(read(t, text), want))
}

const BROKEN: readonly { readonly name: string; readonly text: string; readonly says: RegExp }[] = [
  { name: 'an empty file', text: ' \n', says: /pods: is empty \(kubectl get pods -A -o json > pods\.json\)$/ },
  { name: 'half a JSON', text: '{"kind": "List", "items": [', says: /pods:1:\d+: / },
  { name: 'a text', text: 'No resources found', says: /pods:1: is not an object with apiVersion and kind$/ },
  {
    name: 'lists within lists',
    text: `{"kind":"Pod","a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    says: /nested deeper than 200 levels/,
  },
]
for (const { name, text, says } of BROKEN) {
  test(`${name} is refused with its place`, t => assert.match(String(read(t, text)), says))
}

test('a file that is not there is said so', () => {
  const list = readPodList('no-such-pods.json')
  assert.match(list.ok ? '' : list.issues.map(formatIssue).join(), /^no-such-pods\.json: does not exist/)
})
