import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EXAMPLES, ROOT, sluiceHere } from '../support/sluice-process.ts'

const PAGE = readFileSync(join(ROOT, 'docs', 'reference', 'answers.md'), 'utf8')
const SCENE = ['--cluster', join(EXAMPLES, 'cluster'), '--pods', join(EXAMPLES, 'pods-running.yaml'), '-o', 'json']
const DENIED = join(EXAMPLES, 'manifests', 'nemo-finetune-job.yaml')

// What they hold is named by classes and resources, and by the words of a JSON Patch.
const OPEN = new Set(['demand', 'effective', 'patch'])
// By which the pods of a review are counted.
const TIER_COUNTS = ['reserved', 'shared', 'burst']

/** Every name of a field in an answer. */
function fieldsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .filter(([name]) => !TIER_COUNTS.includes(name))
    .flatMap(([name, field]) => [name, ...(OPEN.has(name) ? [] : fieldsOf(field))])
}

for (const [command, ...args] of [
  ['explain', '-f', DENIED, '-n', 'research'],
  ['explain', '-f', join(EXAMPLES, 'manifests', 'borrowed-h200.yaml')],
  ['usage'],
  ['whatif', '-f', join(EXAMPLES, 'changed-quota.yaml'), '--pod', DENIED],
  ['whatif', '--delete', 'TenantQuota/research'],
] as const) {
  test(`every field of sluice ${[command, ...args.filter(arg => !arg.includes('/'))].join(' ')} is on the page of answers`, async () => {
    const { stdout, stderr } = await sluiceHere([command, ...args, ...SCENE])
    const fields = new Set(fieldsOf(JSON.parse(stdout)))
    assert.ok(fields.size > 10, stderr)
    const missing = [...fields].filter(name => !new RegExp(`[\`.]${name}(?:\\[\\])?\``).test(PAGE))
    assert.deepEqual(missing, [])
  })
}
