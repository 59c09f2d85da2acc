import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holds, isMet } from '../src/admission/pod-conditions.testing.ts'
import { podConditions } from '../src/admission/pod-conditions.ts'
import { loadCluster } from '../src/cli/cluster.ts'
import { manifestFilesBelow } from '../src/config/cluster-folder.ts'
import type { JsonObject } from '../src/schema/parts.ts'
import { parsedValue } from '../src/schema/testing.ts'
import { EXAMPLE_CLUSTER, inputOf, reviewed } from './support/manifest-reviews.ts'
import { EXAMPLES } from './support/sluice-process.ts'

test('no pod of the examples for which something would be done stays in the API server', async () => {
  const conditions = podConditions(parsedValue(loadCluster(EXAMPLE_CLUSTER)))
  const counts = { asked: 0, leftOut: 0 }
  for (const file of manifestFilesBelow(`${EXAMPLES}/manifests`)) {
    const { reviews } = await reviewed(inputOf(file), { cluster: EXAMPLE_CLUSTER })
    for (const { template, namespace, operations, denials, warnings } of reviews) {
      const seen = { object: { metadata: {}, ...template.pod } as JsonObject, namespace }
      const isAccelerated = holds(conditions.accelerated, seen)
      const at = `${file}: ${template.podTemplate}`
      if (!isAccelerated && !isMet(conditions.injected, seen)) assert.deepEqual(operations, [], at)
      if (!isAccelerated && !isMet(conditions.judged, seen)) assert.deepEqual([...denials, ...warnings], [], at)
      if (isAccelerated || isMet(conditions.judged, seen)) counts.asked++
      else counts.leftOut++
    }
  }
  assert.ok(counts.asked > 20 && counts.leftOut > 5, JSON.stringify(counts))
})
