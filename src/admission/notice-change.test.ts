import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpuPod, readPod, requestOf } from '../policy/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { noticeChange } from './notice-change.ts'

const DEADLINE = 'sluice.dev/reclaim-deadline'
const NEED = 'sluice.dev/reclaim-need'
const annotated = (annotations: JsonObject): JsonObject => gpuPod({}, { annotations })

test('a notice is given, changed and taken off by Sluice alone', () => {
  const given = { [DEADLINE]: '2026-01-01T00:00:00Z', [NEED]: 'n' }
  const cases: readonly { name: string; before: JsonObject; after: JsonObject; want: readonly string[] }[] = [
    { name: 'the same', before: given, after: given, want: [] },
    { name: 'others', before: given, after: { ...given, 'sluice.dev/last-checkpoint': 'now' }, want: [] },
    { name: 'taken off', before: given, after: {}, want: [DEADLINE, NEED] },
    { name: 'put off', before: given, after: { ...given, [DEADLINE]: '2099-01-01T00:00:00Z' }, want: [DEADLINE] },
    { name: 'forged', before: {}, after: given, want: [DEADLINE, NEED] },
  ]
  for (const { name, before, after, want } of cases) {
    const request = { ...requestOf(annotated(after), 'team-a', 'UPDATE'), oldObject: annotated(before) }
    const denials = noticeChange(request, readPod(annotated(after)))
    assert.deepEqual(
      denials.map(({ code, reason, field }) => [code, reason, field]),
      want.map(key => ['SLU-E122', 'Invalid', `metadata.annotations["${key}"]`]),
      name,
    )
  }
})

test('an update without the old object changes nothing that is known', () => {
  assert.deepEqual(noticeChange(requestOf(annotated({ [NEED]: 'n' }), 'team-a', 'UPDATE'), readPod(annotated({}))), [])
})
