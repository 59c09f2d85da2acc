import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { LAPSE_PATIENCE_MS, type Lab, startLab, TEAM_A, TEAM_B } from './support/lab.ts'
import { type Link, startLink } from './support/link.ts'
import { podFor } from './support/pods.ts'

// Longer than bookmarks are waited for, and lists on connections that are dead.
const SILENCE = { patienceMs: 300_000 } as const
/** A watch that begins anew may be open twice for a moment, and a probe comes and goes. */
const FEW = 4
/** The API server waits for longer than the webhooks do, as it does by default, and charges outlive that. */
const LAPSING = { apiServerFlags: ['--request-timeout=30s'], flags: ['--charge-seconds', '35'] } as const
const GPUS_OF_TEAM_A = 12
const BUSY = /\[SLU-Q230\] exceeded quota: the ledger is busy, nothing was booked/

/** What team-a may hold in all, by tier. */
const LIMITS = { 'team-a/reserved h100': 4_000, 'team-a/shared h100': 4_000, 'team-a/burst h100': 4_000 } as const

interface Answer {
  readonly status: number
  readonly message: string
}

/** Who asks does not wait for longer than the API server does; whoever is not answered then has no pod. */
async function create({ cluster }: Lab, pod: JsonObject = podFor(1)): Promise<Answer> {
  const { status, body } = await cluster.api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods`, pod)
  return { status, message: textAt(body, 'message') ?? '' }
}

/** Whether a pod of team-b, which has room, would be admitted. */
async function tried({ cluster }: Lab, pod: JsonObject = podFor(1)): Promise<Answer> {
  const { status, body } = await cluster.api.call('POST', `/api/v1/namespaces/${TEAM_B}/pods?dryRun=All`, pod)
  return { status, message: textAt(body, 'message') ?? '' }
}

async function untilAdmitted(lab: Lab): Promise<void> {
  let last: Answer | undefined
  await eventually(
    'a pod is admitted',
    async () => {
      last = await tried(lab)
      return last.status === 201 ? true : undefined
    },
    { seen: () => JSON.stringify(last) },
  )
}

const total = (held: Readonly<Record<string, number>>) => Object.values(held).reduce((sum, amount) => sum + amount, 0)

function assertWithinLimits(held: Readonly<Record<string, number>>): void {
  for (const [key, limit] of Object.entries(LIMITS)) assert.ok((held[key] ?? 0) <= limit, JSON.stringify(held))
}

async function assertEven({ held, heldByPods }: Lab): Promise<void> {
  assert.deepEqual(await held(), await heldByPods())
}

async function untilEven({ held, heldByPods }: Lab): Promise<void> {
  let seen = ''
  await eventually(
    'the ledger holds what the pods hold, and no more',
    async () => {
      const [charged, there] = [await held(), await heldByPods()]
      seen = `charged ${JSON.stringify(charged)}, there are ${JSON.stringify(there)}`
      return isDeepStrictEqual(charged, there) ? true : undefined
    },
    { patienceMs: LAPSE_PATIENCE_MS, seen: () => seen },
  )
}

/** It forbids pods with a label, which no other policy does. */
const FORBIDDEN: JsonObject = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'GpuPolicy',
  metadata: { name: 'forbidden' },
  spec: {
    validate: [
      {
        code: 'LAB-100',
        reason: 'Forbidden',
        expression: "!('forbidden' in object.metadata.?labels.orValue({}))",
        message: 'it is labelled as forbidden',
      },
    ],
  },
}
const LABELLED = podFor(1, { metadata: { labels: { forbidden: '' } } })

test('a replica and an API server that lose each other', { skip: skipWithoutCluster }, async t => {
  let opened: Link | undefined
  const reach = async ({ url }: Lab['cluster']) => {
    opened = await startLink(url)
    return opened.url
  }
  t.after(() => opened?.close())
  const lab = await startLab(t, { ...LAPSING, reach })
  const link = opened
  assert.ok(link !== undefined)
  const [first] = lab.sluice.replicas()
  assert.ok(first !== undefined)

  await t.test('while the API server hangs every pod is denied in time, with the reason', async () => {
    await lab.create(TEAM_A, podFor(1))
    link.hang()
    const answers = await Promise.all([create(lab), create(lab), create(lab)])
    for (const { status, message } of answers) {
      assert.equal(status, 403, message)
      assert.match(message, BUSY)
    }
    link.pass()
    await untilAdmitted(lab)
    await lab.create(TEAM_A, podFor(1))
    await assertEven(lab)
  })

  const socketsOf = async () => (await first.metric('process_open_fds')) ?? Number.NaN
  const sockets = await socketsOf()

  await t.test('a charge that was stored without a word is withdrawn by the next write', async () => {
    link.deafen()
    const { status, message } = await create(lab)
    assert.equal(status, 403, message)
    assert.match(message, BUSY)
    assert.equal(total(await lab.held()), total(await lab.heldByPods()) + 1_000)
    link.pass()
    await untilAdmitted(lab)
    await lab.create(TEAM_A, podFor(1))
    await assertEven(lab)
  })

  await t.test('a slow API server makes admissions slow, and too slow a one denies them', async () => {
    link.pass(300)
    for (let pods = 0; pods < 3; pods += 1) await lab.create(TEAM_A, podFor(1))
    link.pass(4_000)
    const { status, message } = await create(lab)
    assert.equal(status, 403, message)
    assert.match(message, BUSY)
    link.pass()
    await untilAdmitted(lab)
    await lab.create(TEAM_A, podFor(1))
    await assertEven(lab)
  })

  await t.test('nothing of it leaves a connection open', async () => {
    // A connection that nobody uses is kept for a minute.
    await eventually('no more are open', async () => ((await socketsOf()) <= sockets + FEW ? true : undefined), {
      patienceMs: LAPSE_PATIENCE_MS,
      seen: () => `there were ${sockets}; ${link.connections()} to the API server are open`,
    })
  })

  await t.test('a write of which no answer came may have happened, and the replica is killed over it', async () => {
    const there = total(await lab.heldByPods())
    link.deafen()
    const lost = create(lab)
    await eventually('it has happened', async () => (total(await lab.held()) === there + 1_000 ? true : undefined))
    await lab.sluice.end(first, 'SIGKILL')
    assert.notEqual((await lost).status, 201)
    assert.equal(total(await lab.heldByPods()), there)
    link.pass()
  })

  await t.test('others go on at once and pass no limit, with what was lost still counted', async () => {
    await lab.sluice.add({ reach: lab.cluster.url })
    await untilAdmitted(lab)
    for (let pods = 0; pods < GPUS_OF_TEAM_A; pods += 1) {
      const { status, message } = await create(lab)
      if (status !== 201) assert.match(message, /SLU-Q201/)
    }
    assertWithinLimits(await lab.heldByPods())
    assertWithinLimits(await lab.held())
    assert.equal(total(await lab.held()), total(await lab.heldByPods()) + 1_000)
  })

  await t.test(
    'watches that are cut without a word are found out, and what changed meanwhile is in force',
    async () => {
      const [counting] = lab.sluice.replicas()
      const cut = await lab.sluice.add()
      assert.ok(counting !== undefined)
      lab.sluice.withdraw(counting)
      await untilAdmitted(lab)
      link.forget()
      await lab.cluster.api.must('POST', '/apis/sluice.dev/v1alpha1/gpupolicies', FORBIDDEN)
      await eventually('it is not ready', async () => ((await cut.isReady()) ? undefined : true), SILENCE)
      await eventually('it is ready again', async () => ((await cut.isReady()) ? true : undefined), SILENCE)
      await untilAdmitted(lab)
      const { status, message } = await tried(lab, LABELLED)
      assert.equal(status, 403, message)
      assert.match(message, /LAB-100/)
    },
  )

  await t.test('what was charged for a pod that never came has lapsed, and nothing else is left', () => untilEven(lab))
})
