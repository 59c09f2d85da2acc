import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CreateAnswer, createPods } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'

const PLENTY = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: lab}
spec:
  classes: [{class: h100, capacity: {gpus: 100000}, instanceTypes: [p5.48xlarge]}]
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-a}
spec:
  namespaces: [team-a]
  cohort: lab
  classes: [{class: h100, reserved: 100000}]
`
const BATCH = 100
const CREATORS = 16

/** Creates pods for as long as the work takes. */
async function loadedDuring({ cluster }: Lab, work: Promise<void>): Promise<readonly CreateAnswer[]> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  const answers: CreateAnswer[] = []
  while (!isOver) {
    const load = { count: BATCH, creators: CREATORS, pod: () => podFor(1), namespaceOf: () => TEAM_A }
    answers.push(...(await createPods(cluster.admin, load)).answers)
  }
  await over
  return answers
}

/** As a Deployment does with maxSurge 1: a new one is ready before an old one ends. */
async function replaceAll({ sluice }: Lab): Promise<void> {
  for (const old of sluice.replicas()) {
    await sluice.add()
    await sluice.end(old, 'SIGTERM')
  }
}

test('a rolling update under load loses no admission', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { quotas: PLENTY, replicas: 2 })
  const before = lab.sluice.replicas()
  const answers = await loadedDuring(lab, replaceAll(lab))

  assert.ok(lab.sluice.replicas().every(replica => !before.includes(replica)))
  assert.ok(answers.length >= 2 * BATCH, `only ${answers.length} pods were created`)
  const lost = answers.filter(answer => answer.status !== 201)
  assert.deepEqual(
    lost.map(({ status, message }) => `${status} ${message}`),
    [],
  )
  assert.deepEqual(await lab.held(), await lab.heldByPods())
})
