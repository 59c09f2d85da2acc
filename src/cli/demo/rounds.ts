/** Rounds of the leader, with what each does as lines; between them the clock is moved. */
import type { CycleReport } from '../../controller/rebalancing/cycle.ts'
import { sum } from '../../quota/holding.ts'
import type { Promote, Step } from '../../rebalance/plan.ts'
import { type Stage, say } from './stage.ts'
import { stepText } from './step-text.ts'

// A plan is carried out in one round, and what follows from it in the next; a demo that needs more is wrong.
const MOST_ROUNDS = 5

/** Rounds until nothing is left to do at this moment. Returns the deadlines that were given, one after the other. */
export async function settle(stage: Stage): Promise<readonly number[]> {
  const deadlines = new Set<number>()
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const reports = await stage.service.standalone.round()
    const taken = reports.flatMap(report => sayTaken(report, stage))
    for (const step of taken) if (step.kind === 'notify') deadlines.add(step.deadlineMs)
    if (taken.length === 0) return [...deadlines].toSorted((a, b) => a - b)
  }
  throw new Error('the rebalancer does not come to rest')
}

function sayTaken(report: CycleReport, stage: Stage) {
  if (report.kind !== 'carried-out') throw new Error(`a plan of the demo was ${report.kind}: ${JSON.stringify(report)}`)
  const undone = report.taken.find(({ outcome }) => outcome.kind !== 'done')
  if (undone !== undefined) throw new Error(`${undone.step.kind} came out as ${undone.outcome.kind}`)
  const steps = report.taken.map(({ step }) => step)
  for (const step of withPromotionsTogether(steps)) {
    const { label, tone, lines } = stepText(step, report)
    say(stage, tone, label, ...lines)
  }
  return steps
}

/** Promotions come first in a plan; those of a tenant between the same tiers are told of in one line. */
function withPromotionsTogether(steps: readonly Step[]): readonly Step[] {
  const promotions = steps.filter(step => step.kind === 'promote')
  const groups = Map.groupBy(promotions, ({ tenant, from, to }) => `${tenant} ${from} ${to}`)
  return [...groups.values().flatMap(together), ...steps.filter(step => step.kind !== 'promote')]
}

function together(group: readonly Promote[]): readonly Promote[] {
  const [first] = group
  if (first === undefined) return []
  const pods = group.flatMap(step => step.pods)
  return [{ ...first, pods, amounts: group.map(({ amounts }) => amounts).reduce(sum) }]
}

/** Moves the clock to a moment that somebody was told of. */
export function passUntil(stage: Stage, atMs: number): void {
  const byMs = atMs - stage.clock.now()
  stage.clock.advance(byMs)
  say(stage, 'faint', '', `-- ${Math.ceil(byMs / 1_000)} s later: the clock is moved --`)
}
