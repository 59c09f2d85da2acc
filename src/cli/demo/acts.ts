/** What the rebalancer does with capacity that is lent out, act by act. */
import { type Borrowers, sayRun } from './fill-up.ts'
import { type Job, type JobController, jobController } from './job.ts'
import { passUntil, settle } from './rounds.ts'
import { sayShares } from './shares.ts'
import { heading, type Stage, say } from './stage.ts'
import { usageChange, usageNow } from './usage-table.ts'

const CLASS = 'h100'
const TWO_HOURS_MS = 2 * 3_600_000

/** After two hours every pod has run for longer than the least that its cohort promises it. */
export async function rebalance({ pretrain, others }: Borrowers, stage: Stage): Promise<void> {
  const borrowers = [pretrain, ...others]
  heading(stage, 'What need not be borrowed', 'the first round of the leader')
  await settle(stage)
  for (const { makeDo } of borrowers) makeDo()
  stage.clock.advance(TWO_HOURS_MS)
  await act(stage, 'Below its share', 'the clock is moved by two hours; search-serving asks for 8 h100', () =>
    belowItsShare(borrowers, stage),
  )
  await act(stage, 'An owner comes back', 'research starts three pods on what it has reserved', () =>
    ownerComesBack(borrowers, stage),
  )
  await act(stage, 'A reservation frees up', 'a reserved pod of pretrain has done its work', () =>
    reservationFreesUp(pretrain, borrowers, stage),
  )
}

async function act(stage: Stage, title: string, subtitle: string, play: () => Promise<void>): Promise<void> {
  heading(stage, title, subtitle)
  const before = usageNow(stage, CLASS)
  await play()
  stage.terminal.out('')
  usageChange(stage, CLASS, before)
}

const REINDEX: Job = { namespace: 'search-serving', name: 'reindex', pods: 1 }

async function belowItsShare(borrowers: readonly JobController[], stage: Stage): Promise<void> {
  const reindex = jobController(REINDEX, stage)
  sayRun(await reindex.createMissing(), REINDEX, stage)
  sayShares(stage, CLASS)
  await reclaim(stage, () => {})
  await tryAgain(borrowers, stage)
  sayRun(await reindex.createMissing(), REINDEX, stage)
}

const EVALUATE: Job = { namespace: 'research', name: 'evaluate', pods: 3 }

async function ownerComesBack(borrowers: readonly JobController[], stage: Stage): Promise<void> {
  const evaluate = jobController(EVALUATE, stage)
  sayRun(await evaluate.createMissing(), EVALUATE, stage)
  sayWhoRuns(evaluate, stage)
  sayShares(stage, CLASS)
  await reclaim(stage, () => sayWhoRuns(evaluate, stage))
  await tryAgain(borrowers, stage)
}

async function reservationFreesUp(
  pretrain: JobController,
  borrowers: readonly JobController[],
  stage: Stage,
): Promise<void> {
  const reserved = pretrain.pods().find(({ charged }) => charged.tier === 'reserved')
  if (reserved === undefined) throw new Error('the example cluster has changed')
  await pretrain.finish(reserved)
  say(stage, 'faint', 'ended', `${reserved.standing.name} of ${reserved.charged.tenant}`)
  await settle(stage)
  await tryAgain(borrowers, stage)
}

/** Notices, and for each of their deadlines the time until then and what is done about it. */
async function reclaim(stage: Stage, afterwards: () => void): Promise<void> {
  const deadlines = await settle(stage)
  if (deadlines.length === 0) throw new Error('nobody was given notice')
  for (const deadlineMs of deadlines) {
    passUntil(stage, deadlineMs)
    await settle(stage)
    afterwards()
  }
}

/** Controllers do not wait: what was evicted is created again at once. */
async function tryAgain(borrowers: readonly JobController[], stage: Stage): Promise<void> {
  for (const one of borrowers.filter(({ isShort }) => isShort())) {
    const { admitted, refusal } = await one.createMissing()
    sayRun({ admitted, event: [], refusal }, one.job, stage)
    const { namespace, name } = one.job
    if (refusal.length > 0)
      say(stage, 'bad', 'denied', `${namespace}/${name} tries again: ${refusal[0]}`, refusal[1] ?? '')
  }
}

function sayWhoRuns({ job: { namespace, name }, pods }: JobController, stage: Stage): void {
  const waiting = pods().filter(({ standing }) => standing.startedAtMs === null).length
  const [running, all] = [pods().length - waiting, pods().length]
  if (running > 0) say(stage, 'good', 'running', `${running} of ${all} pods of ${namespace}/${name}`)
  if (waiting > 0)
    say(stage, 'note', 'waiting', `${waiting} of ${all} pods of ${namespace}/${name}, for what is lent out`)
}
