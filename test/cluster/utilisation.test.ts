import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { HOST } from './support/free-port.ts'
import { startLab } from './support/lab.ts'

const KNOWN_PODS = 'sluice_utilisation_pods'

/** A Prometheus that knows one pod, and counts how often it is asked. */
async function startPrometheus(t: TestContext) {
  const asked: string[] = []
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '')
    const metric = { exported_namespace: 'team-a', exported_pod: 'train-0' }
    const data = { resultType: 'vector', result: [{ metric, value: [Date.now() / 1_000, '3'] }] }
    response.end(JSON.stringify({ status: 'success', data }))
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://${HOST}:${(server.address() as AddressInfo).port}`, asked }
}

test('the leader asks Prometheus how busy GPUs are, and nobody else does', { skip: skipWithoutCluster }, async t => {
  const prometheus = await startPrometheus(t)
  const { sluice } = await startLab(t, { replicas: 2, flags: ['--prometheus-url', prometheus.url] })
  const first = await sluice.leader()
  const [follower] = sluice.replicas().filter(replica => replica !== first)
  assert.ok(follower !== undefined)

  await eventually('the leader knows', async () => ((await first.metric(KNOWN_PODS)) === 1 ? true : undefined))
  assert.equal(await follower.metric(KNOWN_PODS), undefined)
  assert.match(prometheus.asked[0] ?? '', /^\/api\/v1\/query\?query=max\+by/)

  const before = prometheus.asked.length
  await sluice.end(first, 'SIGKILL')
  await eventually('the next leader knows', async () => ((await follower.metric(KNOWN_PODS)) === 1 ? true : undefined))
  assert.ok(prometheus.asked.length > before)
})
