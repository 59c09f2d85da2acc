import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readTrace } from '../src/cli/simulate/read-trace.ts'
import { scenesOf } from '../src/cli/simulate/scenes.ts'
import { textOf } from '../src/cli/simulate/text-file.ts'
import { replay } from '../src/simulate/replay.ts'
import { readNodes } from '../src/simulate/trace/nodes-csv.ts'

const DATA = fileURLToPath(new URL('../../shared/data/alibaba-gpu-2023', import.meta.url))
const skip = existsSync(DATA) ? false : '../shared/data is absent: no production trace is replayed'

const PODS = join(DATA, 'openb_pod_list_default.csv')
const NODES = join(DATA, 'openb_node_list_gpu_node.csv')

test('the trace of a production cluster is read in full, with the models that its pods may run on', { skip }, () => {
  const nodes = textOf(NODES, readNodes)
  assert.ok(nodes.ok)
  for (const name of ['openb_pod_list_default.csv', 'openb_pod_list_gpuspec33.csv']) {
    const trace = readTrace(join(DATA, name), undefined, nodes.value)
    assert.ok(trace.ok)
    const { pods, withoutGpus } = trace.value
    assert.deepEqual([pods.length, withoutGpus], [7_064, 1_088])
    const bound = pods.filter(({ models }) => models.length > 0).length
    assert.equal(bound, name.includes('gpuspec33') ? 2_388 : 0)
  }
})

test('every pod of it ends, on a quarter of its nodes and with its arrivals compressed', { skip }, () => {
  // Without a planner: what is seen here is that nothing of a real trace is lost, in a few seconds.
  const scenes = scenesOf({ pods: PODS, nodes: NODES, compress: '400', nodeShare: '25%', output: 'json' }, null)
  assert.ok(scenes.ok)
  const [run] = scenes.value.runs
  assert.ok(run !== undefined)
  const { figures } = replay(run.scene)
  const { pods, gpus, utilisation, usedGpuHours, doneGpuHours, lostGpuHours } = figures
  assert.deepEqual([gpus, pods.done, pods.waiting], [1_551, 7_064, 0])
  assert.deepEqual(pods.barred, { reserved: 0, shared: 0, burst: 0 })
  assert.ok(utilisation > 0.4 && utilisation < 1)
  assert.ok(Math.abs(usedGpuHours - doneGpuHours - lostGpuHours) < 1e-3)
})
