/** Rounds of the leader, with what each does as lines; between them the clock is moved. */
import { heading, type Stage, say } from './stage.ts'
import { stepText } from './step-text.ts'

// A plan is carried out in one round, and what follows from it in the next; a demo that needs more is wrong.
const MOST_ROUNDS = 5

/** Rounds until nothing is left to do at this moment. Returns the last deadline that somebody was given; undefined: nobody was. */
export async function settle(stage: Stage): Promise<number | undefined> {
  let lastDeadlineMs: number | undefined
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const deadlines = await playRound(stage)
    if (deadlines === undefined) return lastDeadlineMs
    lastDeadlineMs = [lastDeadlineMs ?? 0, ...deadlines].reduce((a, b) => Math.max(a, b)) || undefined
  }
  throw new Error('the rebalancer does not come to rest')
}

/** The deadlines that were given in one round; undefined where no step was taken. */
async function playRound(stage: Stage): Promise<readonly number[] | undefined> {
  const reports = await stage.service.standalone.round()
  const deadlines: number[] = []
  let steps = 0
  for (const report of reports) {
    if (report.kind === 'rejected') throw new Error(`a plan was rejected: ${JSON.stringify(report.issues)}`)
    if (report.kind === 'unclear') throw new Error(`nothing could be planned: ${report.why}`)
    for (const { step, outcome } of report.taken) {
      if (outcome.kind !== 'done') throw new Error(`${step.kind} came out as ${outcome.kind}`)
      const { label, tone, lines } = stepText(step, report)
      say(stage, tone, label, ...lines)
      if (step.kind === 'notify') deadlines.push(step.deadlineMs)
      steps += 1
    }
  }
  return steps === 0 ? undefined : deadlines
}

/** Moves the clock to a moment that somebody was told of. */
export function passUntil(stage: Stage, atMs: number): void {
  const byMs = atMs - stage.clock.now()
  stage.clock.advance(byMs)
  heading(stage, `${Math.ceil(byMs / 1_000)} s later`, 'the clock is moved')
}
