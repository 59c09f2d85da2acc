import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpuPod, readPod, requestOf } from '../policy/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { tierChange } from './tier-change.ts'

const labelled = (tier?: string): JsonObject =>
  gpuPod({}, tier === undefined ? {} : { labels: { 'sluice.dev/tier': tier } })

test('a pod keeps the tier that it was charged to', () => {
  const cases = [
    { name: 'the same', before: 'burst', after: 'burst', want: undefined },
    { name: 'none, and none', before: undefined, after: undefined, want: undefined },
    { name: 'a first one', before: undefined, after: 'reserved', want: '"" cannot become "reserved"' },
    { name: 'another', before: 'burst', after: 'reserved', want: '"burst" cannot become "reserved"' },
    { name: 'none any more', before: 'burst', after: undefined, want: '"burst" cannot become ""' },
    { name: 'junk', before: 'burst', after: 'x\u001b"', want: `"burst" cannot become "x?'"` },
  ]
  for (const { name, before, after, want } of cases) {
    const request = { ...requestOf(labelled(after), 'team-a', 'UPDATE'), oldObject: labelled(before) }
    const [denial, ...more] = tierChange(request, readPod(labelled(after)))
    assert.equal(denial?.message, want === undefined ? undefined : `label sluice.dev/tier is fixed: ${want}`, name)
    assert.deepEqual(more, [], name)
    if (denial !== undefined)
      assert.deepEqual(
        [denial.code, denial.reason, denial.field],
        ['SLU-E120', 'Invalid', 'metadata.labels["sluice.dev/tier"]'],
      )
  }
})

test('an update without the old object changes nothing that is known', () => {
  assert.deepEqual(tierChange(requestOf(labelled('burst'), 'team-a', 'UPDATE'), readPod(labelled('burst'))), [])
})
