/** What the rebalancer does with capacity that is lent out, act by act. */
import { type fillUp, sayRun } from './fill-up.ts'
import { type Job, type JobController, jobController } from './job.ts'
import { passUntil, settle } from './rounds.ts'
import { heading, type Stage, say } from './stage.ts'
import { usageChange, usageNow } from './usage-table.ts'

const CLASS = 'h100'
const TWO_HOURS_MS = 2 * 3_600_000

/** After two hours every pod has run for longer than the least that its cohort promises it. */
export async function rebalance([pretrain, digest]: Awaited<ReturnType<typeof fillUp>>, stage: Stage): Promise<void> {
  await settle(stage)
  stage.clock.advance(TWO_HOURS_MS)
  const borrowers = [pretrain, digest]
  await act(stage, 'Below its share', 'two hours later, search-serving asks for burst, of which others have much', () =>
    belowItsShare(borrowers, stage),
  )
  await act(stage, 'An owner comes back', 'research starts three pods on what is reserved for it, and lent out', () =>
    ownerComesBack(borrowers, stage),
  )
  await act(stage, 'A reservation frees up', 'a pod of pretrain that ran in reserved has done its work', () =>
    reservationFreesUp(pretrain, stage),
  )
}

async function act(stage: Stage, title: string, subtitle: string, play: () => Promise<void>): Promise<void> {
  heading(stage, title, subtitle)
  const before = usageNow(stage, CLASS)
  await play()
  stage.terminal.out('')
  usageChange(stage, CLASS, before)
}

const EVALUATE: Job = { namespace: 'research', name: 'evaluate', pods: 3 }

async function ownerComesBack(borrowers: readonly JobController[], stage: Stage): Promise<void> {
  const evaluate = jobController(EVALUATE, stage)
  sayRun(await evaluate.createMissing(), evaluate.job, stage)
  sayWhoRuns(evaluate, stage)
  await reclaim(stage)
  sayWhoRuns(evaluate, stage)
  await tryAgain(borrowers, stage)
}

const REINDEX: Job = { namespace: 'search-serving', name: 'reindex', pods: 1 }

async function belowItsShare(borrowers: readonly JobController[], stage: Stage): Promise<void> {
  const reindex = jobController(REINDEX, stage)
  sayRun(await reindex.createMissing(), reindex.job, stage)
  await reclaim(stage)
  await tryAgain(borrowers, stage)
  sayRun(await reindex.createMissing(), reindex.job, stage)
  sayWhoRuns(reindex, stage)
}

async function reservationFreesUp(pretrain: JobController, stage: Stage): Promise<void> {
  const first = pretrain.pods().find(({ charged }) => charged.tier === 'reserved')
  if (first === undefined) throw new Error('the example cluster has changed')
  await pretrain.finish(first)
  await settle(stage)
}

/** Notices, the time until the last of them has run out, and what is done then. */
async function reclaim(stage: Stage): Promise<void> {
  const deadlineMs = await settle(stage)
  if (deadlineMs === undefined) throw new Error('nobody was given notice')
  passUntil(stage, deadlineMs)
  await settle(stage)
}

/** What is asked for, and why it is refused; what to do about it was said before. */
const FIRST_AND_WHY = 2

/** Controllers do not wait: what was evicted is created again at once. */
async function tryAgain(borrowers: readonly JobController[], stage: Stage): Promise<void> {
  for (const one of borrowers) {
    const { admitted, event } = await one.createMissing()
    sayRun({ admitted, event: event.slice(0, FIRST_AND_WHY) }, one.job, stage)
  }
}

function sayWhoRuns({ job, pods }: JobController, stage: Stage): void {
  const waiting = pods().filter(({ standing }) => standing.startedAtMs === null).length
  const running = pods().length - waiting
  const whose = `${job.namespace}/${job.name}`
  if (running > 0) say(stage, 'good', 'running', `${running} of ${pods().length} pods of ${whose}`)
  if (waiting > 0)
    say(stage, 'note', 'waiting', `${waiting} of ${pods().length} pods of ${whose}, for what is lent out`)
}
