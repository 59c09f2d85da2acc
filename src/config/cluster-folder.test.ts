import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, test } from 'node:test'
import { manifestFilesBelow, readClusterFolder, readObjectsOf, shortPath, testSuitesBelow } from './cluster-folder.ts'

const ROOT = mkdtempSync(join(tmpdir(), 'sluice-folder-'))
after(() => rmSync(ROOT, { recursive: true }))

/** A folder with these files. */
function folderOf(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(ROOT, name)
  mkdirSync(folder)
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), content)
  }
  return folder
}

const FOLDER = folderOf('cluster', {
  'b.yaml': 'kind: B\n',
  'a/deep/a.yml': 'kind: A\n---\nkind: A2\n',
  'c.json': '{"kind": "C"}',
  'b.test.yaml': 'cases: []\n',
  'README.md': 'kind: nothing\n',
  'node_modules/x/d.yaml': 'kind: D\n',
})

test('a folder is read whole, in the order of names, without test suites and other files', () => {
  const read = readClusterFolder(FOLDER)
  assert.ok(read.ok)
  assert.deepEqual(
    read.value.map(({ at, value }) => `${relative(FOLDER, at)} ${value.kind}`),
    ['a/deep/a.yml:1 A', 'a/deep/a.yml:3 A2', 'b.yaml:1 B', 'c.json:1 C'],
  )
})

test('manifests and test suites are told apart', () => {
  assert.deepEqual(
    manifestFilesBelow(FOLDER).map(file => relative(FOLDER, file)),
    ['a/deep/a.yml', 'b.yaml', 'c.json'],
  )
  const suites = testSuitesBelow(FOLDER)
  assert.ok(suites.ok)
  assert.deepEqual(
    suites.value.map(file => relative(FOLDER, file)),
    ['b.test.yaml'],
  )
})

test('every file that cannot be read is named, and what is not there', () => {
  const broken = folderOf('broken', { 'a.yaml': 'kind: [\n', 'b.yaml': 'kind: A\n', 'c.yaml': 'text\n' })
  const read = readClusterFolder(broken)
  assert.ok(!read.ok)
  assert.deepEqual(
    read.issues.map(({ at }) => relative(broken, at).split(':')[0]),
    ['a.yaml', 'c.yaml'],
  )

  const nowhere = join(ROOT, 'nowhere')
  for (const result of [readClusterFolder(nowhere), testSuitesBelow(nowhere)]) {
    assert.ok(!result.ok)
    const [{ at, problem, remedy } = { at: '', problem: '' }] = result.issues
    assert.deepEqual([at, problem], [nowhere, 'does not exist'])
    assert.match(remedy ?? '', /file or folder/)
  }
  assert.deepEqual(
    readObjectsOf(nowhere).issues.map(({ problem }) => problem),
    ['does not exist'],
  )
  assert.match(readObjectsOf(FOLDER).issues[0]?.problem ?? '', /^cannot be read: /)
  const file = readClusterFolder(join(FOLDER, 'b.yaml'))
  assert.match(file.ok ? '' : (file.issues[0]?.problem ?? ''), /^cannot be read: /)
})

test('a file too large for a manifest is not read', () => {
  const huge = folderOf('huge', { 'a.yaml': `# ${'x'.repeat(4 * 1024 * 1024)}\n` })
  assert.match(readObjectsOf(join(huge, 'a.yaml')).issues[0]?.problem ?? '', /^is larger than 4194304 bytes$/)
})

test('people read relative paths where they are shorter', () => {
  assert.equal(shortPath(join(process.cwd(), 'src/main.ts')), 'src/main.ts')
  assert.equal(shortPath('src/../src/main.ts'), 'src/main.ts')
  assert.equal(shortPath(FOLDER), FOLDER)
  assert.equal(shortPath(process.cwd()), process.cwd())
})
