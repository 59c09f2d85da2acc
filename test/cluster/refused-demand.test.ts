import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { startLab, TEAM_A } from './support/lab.ts'
import { jobFor, podFor } from './support/pods.ts'
import type { Replica } from './support/replica.ts'

const JOBS = `/apis/batch/v1/namespaces/${TEAM_A}/jobs`
// As much as team-a may have in each of its three tiers.
const OF_EACH_TIER = 4

/** Two replicas; the API server asks the one that does not lead. */
async function followerAsked(t: TestContext) {
  const { cluster, sluice, create } = await startLab(t, { controllers: true, replicas: 2 })
  const leader = await sluice.leader()
  const [follower] = sluice.replicas().filter(replica => replica !== leader)
  assert.ok(follower !== undefined)
  sluice.withdraw(leader)
  return { api: cluster.api, create, leader, follower }
}

function knows(replica: Replica, count: number): Promise<true> {
  const asked = async () => ((await replica.metric('sluice_refused_demand')) === count ? true : undefined)
  return eventually(`${replica.name} knows of ${count} that were refused`, asked)
}

test('what one replica refused the leader knows, until its owner is gone', { skip: skipWithoutCluster }, async t => {
  const { api, create, leader, follower } = await followerAsked(t)
  for (let tier = 0; tier < 3; tier += 1) await create(TEAM_A, podFor(OF_EACH_TIER))
  for (const name of ['first', 'second']) await api.must('POST', JOBS, jobFor(name, OF_EACH_TIER))
  await knows(follower, 2)
  await knows(leader, 2)

  await api.must('DELETE', `${JOBS}/first?propagationPolicy=Background`)
  await knows(leader, 1)
  await knows(follower, 1)
})
