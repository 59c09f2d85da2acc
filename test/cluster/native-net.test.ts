import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import { exportVap } from '../../src/cli/export-vap.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { EXAMPLE_CLUSTER } from '../support/manifest-reviews.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { startControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'

test('the net in a real API server holds up what Sluice would not let through', {
  skip: skipWithoutCluster,
}, async t => {
  const { api, kubectl, stop } = await startControlPlane()
  t.after(stop)
  for (const name of ['research', 'gpu-operator']) await api.must('POST', '/api/v1/namespaces', { metadata: { name } })
  const lines: string[] = []
  const terminal = {
    out: (text: string) => void lines.push(text),
    err: (text: string) => assert.fail(text),
    isColour: false,
  }
  assert.equal(exportVap({ cluster: EXAMPLE_CLUSTER }, terminal), 0)
  const applied = await kubectl(['apply', '--server-side', '-f', '-'], { stdin: lines.join('\n') })
  assert.deepEqual([applied.code, applied.stderr], [0, ''])

  const refusal = async (pod: JsonObject, namespace = 'research') => {
    const { status, body } = await api.call('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
    return status === 201 ? undefined : `${status} ${textAt(body, 'message')}`
  }
  const tiered = { 'sluice.dev/tier': 'burst' }

  await eventually('the API server has read the policy', () => refusal(podWith({ 'nvidia.com/gpu': '1' })))
  assert.match((await refusal(podWith({ 'nvidia.com/gpu': '1' }))) ?? '', /^403 .*sluice-net.*carries the label/)

  assert.equal(await refusal(podWith({ 'nvidia.com/gpu': '1' }, tiered)), undefined)
  assert.match(
    (await refusal(podWith({ 'nvidia.com/mig-1g.5gb': '57' }, tiered))) ?? '',
    /at most 56 nvidia.com\/mig-1g.5gb/,
  )
  assert.equal(await refusal(podWith({ cpu: '1' })), undefined)
  assert.equal(await refusal(podWith({ 'nvidia.com/gpu': '0' })), undefined)
  assert.equal(await refusal(podWith({ 'nvidia.com/gpu': '1' }), 'gpu-operator'), undefined)
})

function podWith(limits: JsonObject, labels: JsonObject = {}): JsonObject {
  const containers = [{ name: 'main', image: 'registry.example.com/train:1', resources: { limits } }]
  return { metadata: { name: 'pod', labels }, spec: { containers } }
}
