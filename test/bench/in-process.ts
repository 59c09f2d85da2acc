/**
 * What one decision costs inside the process, and where the time goes. Prints one JSON line; `admission.ts` runs it for every set of
 * policies. To profile it: `node --cpu-prof test/bench/in-process.ts 20 validate 5`.
 */
import { answer, type DecisionPath, decisionPath, isAllowed, type Stages, withFreshUids } from './decision-path.ts'
import type { PolicySetName } from './bench-cluster.ts'
import { median, percentile } from './statistics.ts'

export interface InProcessResult {
  readonly policies: PolicySetName
  readonly mutate: Timing
  readonly validate: Timing
}

export interface Timing {
  readonly bytes: number
  readonly p50Us: number
  readonly p99Us: number
  readonly count: number
  /** Medians, in microseconds. */
  readonly stagesUs: Stages
}

const WARM_UP_MS = 700
const [policies = '20', only, seconds = '0.8'] = process.argv.slice(2)
const path = await decisionPath(policies as PolicySetName)
const result = {
  policies,
  ...(only === 'validate' ? {} : { mutate: await timingOf('mutate', path) }),
  ...(only === 'mutate' ? {} : { validate: await timingOf('validate', path) }),
}
process.stdout.write(`${JSON.stringify(result)}\n`)

async function timingOf(webhook: 'mutate' | 'validate', path: DecisionPath): Promise<Timing> {
  const bodies = path.bodies[webhook]
  const stagesOf = webhook === 'mutate' ? path.mutateStages : path.validateStages
  const whole = async (text: string) => {
    const before = performance.now()
    const answered = await answer(path[webhook], text, path.call())
    const tookMs = performance.now() - before
    if (!isAllowed(answered)) throw new Error(`the pod of the benchmark was refused: ${answered}`)
    return tookMs
  }
  await repeat(bodies, WARM_UP_MS, whole)
  await repeat(bodies, WARM_UP_MS / 2, stagesOf)
  const times = Float64Array.from(await repeat(bodies, Number(seconds) * 1000, whole)).sort()
  const stages = await repeat(bodies, Number(seconds) * 500, stagesOf)
  return {
    bytes: bodies[0]?.length ?? 0,
    p50Us: percentile(times, 0.5) * 1000,
    p99Us: percentile(times, 0.99) * 1000,
    count: times.length,
    stagesUs: mediansOf(stages),
  }
}

/** New UIDs are written outside of what is timed. */
async function repeat<T>(bodies: readonly string[], forMs: number, run: (text: string) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = []
  const untilMs = performance.now() + forMs
  for (let index = 0; performance.now() < untilMs; index += 1) {
    results.push(await run(withFreshUids(bodies[index % bodies.length] ?? '')))
  }
  return results
}

function mediansOf(stages: readonly Stages[]): Stages {
  const names = Object.keys(stages[0] ?? {})
  return Object.fromEntries(names.map(name => [name, median(stages.map(stage => stage[name] ?? 0)) * 1000]))
}
