import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../support/sluice-process.ts'
import { lint, manifestOf, skipWithoutHelm, VALUE_SETS } from './support/helm.ts'

const GOLDEN = join(ROOT, 'test', 'chart', 'golden')

/** Rewrites instead of comparing: `UPDATE_GOLDEN=1 node --test test/chart/golden.test.ts`, then read the diff. */
const isUpdate = process.env.UPDATE_GOLDEN === '1'

for (const set of VALUE_SETS) {
  test(`with ${set} values the chart renders what was reviewed`, { skip: skipWithoutHelm }, () => {
    const file = join(GOLDEN, `${set}.yaml`)
    const manifest = manifestOf(set)
    if (isUpdate) writeFileSync(file, manifest)
    assert.ok(existsSync(file), `${file} is missing: UPDATE_GOLDEN=1 writes it`)
    assert.equal(manifest, readFileSync(file, 'utf8'), 'if this is meant, UPDATE_GOLDEN=1 rewrites the file')
  })

  test(`helm lint has nothing to say about ${set} values`, { skip: skipWithoutHelm }, () => {
    const { exitCode, stdout, stderr } = lint(set)
    assert.equal(exitCode, 0, `${stdout}${stderr}`)
    assert.doesNotMatch(stdout, /\[(WARNING|ERROR)\]/)
  })
}

test('every golden file belongs to a set of values', () => {
  assert.deepEqual(
    readdirSync(GOLDEN)
      .map(file => basename(file, '.yaml'))
      .toSorted(),
    VALUE_SETS,
  )
})
