/**
 * What one decision costs inside the process, and where the time goes. Prints one JSON line; `admission.ts` runs it for every set of
 * policies. To profile it: `node --cpu-prof test/bench/in-process.ts 20 validate 5`.
 */
import type { PolicySetName } from './bench-cluster.ts'
import { answer, type DecisionPath, decisionPath, isAllowed, type Stages, withFreshUids } from './decision-path.ts'
import { median, percentile } from './statistics.ts'

export interface InProcessResult {
  readonly policies: PolicySetName
  readonly timings: Readonly<Record<WebhookName, Timing>>
}

export type WebhookName = 'mutate' | 'validate'

export interface Timing {
  readonly bytes: number
  readonly count: number
  readonly p50Us: number
  readonly p99Us: number
  /** The median and the 99th percentile of the least disturbed tenth of a second: what the code takes when nothing else runs. */
  readonly calm: { readonly p50Us: number; readonly p99Us: number }
  /** Medians, in microseconds. */
  readonly stagesUs: Stages
}

const WARM_UP_MS = 600
const BLOCK_MS = 100
const [policies = '20', only, seconds = '1'] = process.argv.slice(2)
const webhooks = (['mutate', 'validate'] as const).filter(
  name => only === undefined || only === 'both' || only === name,
)

const path = await decisionPath(policies as PolicySetName)
const runs = webhooks.map(webhook => ({ webhook, times: [] as Float64Array[], stages: [] as Stages[] }))
for (const { webhook } of runs) {
  await repeat(path.bodies[webhook], WARM_UP_MS, text => decide(path, webhook, text))
  await repeat(path.bodies[webhook], WARM_UP_MS, stagesOf(path, webhook))
}
// Taken in turns, so that a neighbour on the machine disturbs all alike.
for (let block = 0; block < (Number(seconds) * 1000) / BLOCK_MS; block += 1) {
  for (const { webhook, times, stages } of runs) {
    times.push(
      Float64Array.from(await repeat(path.bodies[webhook], BLOCK_MS, text => decide(path, webhook, text))).sort(),
    )
    stages.push(...(await repeat(path.bodies[webhook], BLOCK_MS / 2, stagesOf(path, webhook))))
  }
}
const timings = Object.fromEntries(
  runs.map(run => [run.webhook, timingOf(path.bodies[run.webhook], run.times, run.stages)]),
)
process.stdout.write(`${JSON.stringify({ policies, timings })}\n`)

function timingOf(bodies: readonly string[], blocks: readonly Float64Array[], stages: readonly Stages[]): Timing {
  const all = Float64Array.from(blocks.flatMap(block => [...block])).sort()
  const calmest = blocks.toSorted((a, b) => percentile(a, 0.5) - percentile(b, 0.5))[0] ?? all
  return {
    bytes: bodies[0]?.length ?? 0,
    count: all.length,
    ...percentilesOf(all),
    calm: percentilesOf(calmest),
    stagesUs: mediansOf(stages),
  }
}

function percentilesOf(timesMs: Float64Array) {
  return { p50Us: percentile(timesMs, 0.5) * 1000, p99Us: percentile(timesMs, 0.99) * 1000 }
}

function mediansOf(stages: readonly Stages[]): Stages {
  const names = Object.keys(stages[0] ?? {})
  return Object.fromEntries(names.map(name => [name, median(stages.map(stage => stage[name] ?? 0)) * 1000]))
}

async function decide(path: DecisionPath, webhook: WebhookName, text: string): Promise<number> {
  const before = performance.now()
  const answered = await answer(path[webhook], text, path.call())
  const tookMs = performance.now() - before
  if (!isAllowed(answered)) throw new Error(`the pod of the benchmark was refused: ${answered}`)
  return tookMs
}

function stagesOf(path: DecisionPath, webhook: WebhookName) {
  return webhook === 'mutate' ? path.mutateStages : path.validateStages
}

/** New UIDs are written outside of what is timed. */
async function repeat<T>(
  bodies: readonly string[],
  forMs: number,
  run: (text: string) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = []
  const untilMs = performance.now() + forMs
  for (let index = 0; performance.now() < untilMs; index += 1) {
    results.push(await run(withFreshUids(bodies[index % bodies.length] ?? '')))
  }
  return results
}
