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
  /** Answers that did not allow the pod; there must be none. */
  readonly refused: number
  /** One decision after the other. */
  readonly hot: Percentiles
  /** The least disturbed tenth of a second of those: what the code takes when nothing else runs. */
  readonly calm: Percentiles
  /** With other memory touched in between, as a server does that reads from many connections. */
  readonly cold: Percentiles
  /** Medians of the hot ones, in microseconds. */
  readonly stagesUs: Stages
}

export interface Percentiles {
  readonly p50Us: number
  readonly p99Us: number
}

// The decision still gets faster after ten thousand of them, and a service that has run for a minute is what its users meet.
const WARM_UP_MS = 3_000
const BLOCK_MS = 100
/** More than the caches that belong to one core, a byte of each line of which is changed between two decisions. */
const ELSEWHERE = new Uint8Array(4 * 1024 * 1024)
const CACHE_LINE = 64
const [policies = '20', only, seconds = '1'] = process.argv.slice(2)
const webhooks = (['mutate', 'validate'] as const).filter(
  name => only === undefined || only === 'both' || only === name,
)

const path = await decisionPath(policies as PolicySetName)
const runs = webhooks.map(webhook => ({
  webhook,
  hot: [] as Decided[][],
  cold: [] as Decided[],
  stages: [] as Stages[],
}))
for (const { webhook } of runs) {
  await repeat(path.bodies[webhook], WARM_UP_MS, text => decide(path, webhook, text))
  await repeat(path.bodies[webhook], WARM_UP_MS, stagesOf(path, webhook))
}
// Taken in turns, so that a neighbour on the machine disturbs all alike.
for (let block = 0; block < (Number(seconds) * 1000) / BLOCK_MS; block += 1) {
  for (const { webhook, hot, cold, stages } of runs) {
    const bodies = path.bodies[webhook]
    hot.push(await repeat(bodies, BLOCK_MS, text => decide(path, webhook, text)))
    cold.push(...(await repeat(bodies, BLOCK_MS / 2, text => decideCold(path, webhook, text))))
    stages.push(...(await repeat(bodies, BLOCK_MS / 2, stagesOf(path, webhook))))
  }
}
const timings = Object.fromEntries(runs.map(run => [run.webhook, timingOf(path.bodies[run.webhook], run)]))
process.stdout.write(`${JSON.stringify({ policies, timings })}\n`)

function timingOf(bodies: readonly string[], { hot, cold, stages }: Omit<(typeof runs)[number], 'webhook'>): Timing {
  const all = hot.flat()
  const blocks = hot.map(percentilesOf)
  const calm = blocks.toSorted((one, other) => one.p50Us - other.p50Us)[0] ?? percentilesOf(all)
  return {
    bytes: bodies[0]?.length ?? 0,
    count: all.length,
    refused: [...all, ...cold].filter(({ isAllowed }) => !isAllowed).length,
    hot: percentilesOf(all),
    calm,
    cold: percentilesOf(cold),
    stagesUs: mediansOf(stages),
  }
}

function percentilesOf(decisions: readonly Decided[]): Percentiles {
  const sorted = Float64Array.from(decisions, ({ tookMs }) => tookMs).sort()
  return { p50Us: percentile(sorted, 0.5) * 1000, p99Us: percentile(sorted, 0.99) * 1000 }
}

function mediansOf(stages: readonly Stages[]): Stages {
  const names = Object.keys(stages[0] ?? {})
  return Object.fromEntries(names.map(name => [name, median(stages.map(stage => stage[name] ?? 0)) * 1000]))
}

interface Decided {
  readonly tookMs: number
  readonly isAllowed: boolean
}

async function decide(path: DecisionPath, webhook: WebhookName, text: string): Promise<Decided> {
  const before = performance.now()
  const answered = await answer(path[webhook], text, path.call())
  return { tookMs: performance.now() - before, isAllowed: isAllowed(answered) }
}

function decideCold(path: DecisionPath, webhook: WebhookName, text: string): Promise<Decided> {
  for (let at = 0; at < ELSEWHERE.length; at += CACHE_LINE) ELSEWHERE[at] = (ELSEWHERE[at] ?? 0) + 1
  return decide(path, webhook, text)
}

function stagesOf(path: DecisionPath, webhook: WebhookName) {
  return webhook === 'mutate' ? path.mutateStages : path.validateStages
}

/** New UIDs are written outside of what is timed. */
async function repeat<T>(bodies: readonly string[], forMs: number, run: (text: string) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  const untilMs = performance.now() + forMs
  for (let index = 0; performance.now() < untilMs; index += 1) {
    results.push(await run(withFreshUids(bodies[index % bodies.length] ?? '')))
  }
  return results
}
