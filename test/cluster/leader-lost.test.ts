import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPods, type LoadResult, lostOf } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'
import { PLENTY } from './support/quotas.ts'
import type { Replica } from './support/replica.ts'

const CREATES = 200
const CREATORS = 8

function createMany({ cluster }: Lab): Promise<LoadResult> {
  return createPods(cluster.admin, {
    count: CREATES,
    creators: CREATORS,
    pod: () => podFor(1),
    namespaceOf: () => TEAM_A,
  })
}

async function forwardsOf(replicas: readonly Replica[], result: 'charged' | 'failed'): Promise<number> {
  const counts = replicas.map(replica => replica.metric(`sluice_forwarded_charges_total{result="${result}"}`))
  return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0)
}

async function followersOf({
  sluice,
}: Lab): Promise<{ readonly leader: Replica; readonly followers: readonly Replica[] }> {
  const leader = await sluice.leader()
  return { leader, followers: sluice.replicas().filter(replica => replica !== leader) }
}

function assertAllAdmitted({ answers }: LoadResult): void {
  assert.deepEqual(lostOf(answers), [])
}

async function untilAnotherLeads(former: Replica, followers: readonly Replica[]): Promise<void> {
  await eventually('another replica leads', async () => {
    const leads = await Promise.all(followers.map(replica => replica.metric('sluice_leader')))
    return leads.includes(1) && !followers.includes(former) ? true : undefined
  })
}

test('a leader that is lost', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { quotas: PLENTY, replicas: 3 })

  await t.test('charges for the others while it is there', async () => {
    const { leader, followers } = await followersOf(lab)
    // Were it called as well, it would not be told apart what it decides for others and what for itself.
    lab.sluice.withdraw(leader)
    assertAllAdmitted(await createMany(lab))
    assert.ok((await forwardsOf(followers, 'charged')) > 0)
  })

  await t.test(
    'is done without when it hangs: those who forward to it decide in time, and soon stop asking it',
    async () => {
      const { leader, followers } = await followersOf(lab)
      leader.process.signal('SIGSTOP')
      assertAllAdmitted(await createMany(lab))
      // Until its lease expires, after 15 s, it is tried about every seven: three times, with no more than all creators have on
      // their way. Were it tried again as soon as it has not answered, that would be more.
      const failed = await forwardsOf(followers, 'failed')
      assert.ok(failed <= 3 * CREATORS, `${failed}`)
      await untilAnotherLeads(leader, followers)
    },
  )

  await t.test('does not lead any more when it wakes up, and what it had on its way does no harm', async () => {
    const asleep = lab.sluice.replicas()[0]
    for (const replica of lab.sluice.replicas()) replica.process.signal('SIGCONT')
    assert.ok(asleep !== undefined)
    await eventually('one leads', async () => {
      const leads = await Promise.all(lab.sluice.replicas().map(replica => replica.metric('sluice_leader')))
      return leads.filter(one => one === 1).length === 1 ? true : undefined
    })
    assertAllAdmitted(await createMany(lab))
    assert.deepEqual(await lab.held(), await lab.heldByPods())
  })

  await t.test('is replaced when it is killed', async () => {
    const { leader, followers } = await followersOf(lab)
    lab.sluice.withdraw(leader)
    await lab.sluice.end(leader, 'SIGKILL')
    assertAllAdmitted(await createMany(lab))
    await untilAnotherLeads(leader, followers)
    assertAllAdmitted(await createMany(lab))
    assert.deepEqual(await lab.held(), await lab.heldByPods())
  })
})
