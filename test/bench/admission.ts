/**
 * The admission path beside its floor (`node test/bench/admission.ts`): both webhooks over TLS against a bare server that parses the
 * review and answers a constant, then one decision in the process. Everything is measured in one run and told as ratios. The exit code
 * is 0 whatever the figures are: a machine that is busy with other things must fail nobody's build.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { POLICY_SETS, type PolicySetName } from './bench-cluster.ts'
import { type Bodies, decisionPath } from './decision-path.ts'
import type { InProcessResult, Timing, WebhookName } from './in-process.ts'
import { type LoadClient, openLoadClient, type Slot } from './load-client.ts'
import { median, table } from './statistics.ts'
import type { Listening } from './webhook-server.ts'

const ROUNDS = 5
const SLOT_MS = 600
// By CPU time, since what has to warm up is the compiler of the server, and by the clock for a machine that is never free.
const WARM_UP_CPU_SECONDS = 7
const MAX_WARM_UP_MS = 10_000
const CONNECTIONS = 32
const SERVER_CORE = '0'
const CLIENT_CORE = '1'

const BAR_RATE = 0.5
const BAR_P50_US = 150
const BAR_P99_US = 1_000

const isPinned = pinSelf()
const startedMs = performance.now()
printMachine()
printTls(await overTls())
printInProcess(await inProcess())
console.log(`\nin all ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)

interface Variant {
  readonly name: string
  readonly server: PolicySetName | 'floor'
  readonly client: LoadClient
  readonly process: ChildProcess
}

interface Measured extends Slot {
  readonly serverCpuSeconds: number
  readonly clientCpuSeconds: number
}

type Results = ReadonlyMap<string, readonly Measured[]>

async function overTls(): Promise<Results> {
  const variants = await startVariants()
  for (const variant of variants) await warmUp(variant)
  const results = new Map<string, Measured[]>(variants.map(variant => [variant.name, []]))
  // One after the other and round after round, so that what else the machine does meets all of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const variant of variants) results.get(variant.name)?.push(await measure(variant, SLOT_MS))
  }
  for (const { client, process } of variants) {
    client.close()
    if (process.connected) process.disconnect()
  }
  return results
}

async function startVariants(): Promise<readonly Variant[]> {
  const variants: Variant[] = []
  const add = async (
    name: string,
    server: Variant['server'],
    started: Started,
    path: string,
    bodies: readonly string[],
  ) => {
    const target = { ...started.listening, path, bodies: bodies.map(body => Buffer.from(body)) }
    variants.push({ name, server, process: started.process, client: await openLoadClient(target, CONNECTIONS) })
  }
  const floorBodies = await bodiesOf('20')
  await add('floor', 'floor', await startServer('floor'), '/', floorBodies.validate)
  for (const policies of POLICY_SETS) {
    const started = await startServer(policies)
    const { mutate, validate, dryRun } = await bodiesOf(policies)
    await add(`mutate ${policies}`, policies, started, '/mutate/pods', mutate)
    await add(`validate ${policies}`, policies, started, '/validate/pods', validate)
    if (policies === '20') await add('validate 20, dry run', policies, started, '/validate/pods', dryRun)
  }
  return variants
}

async function bodiesOf(policies: PolicySetName): Promise<Bodies> {
  return (await decisionPath(policies)).bodies
}

interface Started {
  readonly process: ChildProcess
  readonly listening: Listening
}

async function startServer(variant: string): Promise<Started> {
  const process = startNode(['webhook-server.ts', variant], ['ignore', 'ignore', 'inherit', 'ipc'])
  const ended = once(process, 'exit').then(() => Promise.reject(new Error(`the server of ${variant} ended`)))
  const [listening] = (await Promise.race([once(process, 'message'), ended])) as [Listening]
  // From here on it ends when it is told to.
  ended.catch(() => {})
  return { process, listening }
}

function startNode(
  [script = '', ...args]: readonly string[],
  stdio: ('ignore' | 'inherit' | 'ipc' | 'pipe')[],
): ChildProcess {
  const command = [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args]
  const [program = '', ...rest] = isPinned ? ['taskset', '-c', SERVER_CORE, ...command] : command
  return spawn(program, rest, { stdio })
}

async function warmUp(variant: Variant): Promise<void> {
  const untilMs = performance.now() + MAX_WARM_UP_MS
  for (let used = 0; used < WARM_UP_CPU_SECONDS && performance.now() < untilMs; ) {
    used += (await measure(variant, SLOT_MS / 4)).serverCpuSeconds
  }
}

async function measure({ client, process: server }: Variant, forMs: number): Promise<Measured> {
  const serverBefore = await cpuSecondsOf(server)
  const clientBefore = secondsOf(process.cpuUsage())
  const slot = await client.run(forMs)
  const clientCpuSeconds = secondsOf(process.cpuUsage()) - clientBefore
  return { ...slot, clientCpuSeconds, serverCpuSeconds: (await cpuSecondsOf(server)) - serverBefore }
}

async function cpuSecondsOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [usage] = (await once(server, 'message')) as [NodeJS.CpuUsage]
  return secondsOf(usage)
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

async function inProcess(): Promise<readonly InProcessResult[]> {
  const results: InProcessResult[] = []
  for (const policies of POLICY_SETS) results.push(await measureInProcess(policies))
  return results
}

async function measureInProcess(policies: PolicySetName): Promise<InProcessResult> {
  const child = startNode(['in-process.ts', policies, 'both', '1'], ['ignore', 'pipe', 'inherit'])
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [exitCode] = await once(child, 'close')
  if (exitCode !== 0) throw new Error(`in-process.ts ${policies} ended with ${exitCode}`)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

/** The load generator keeps to the core that the servers do not have. */
function pinSelf(): boolean {
  if (os.availableParallelism() < 2) return false
  try {
    execFileSync('taskset', ['-a', '-c', '-p', CLIENT_CORE, String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function printMachine(): void {
  const [cpu] = os.cpus()
  const load = os.loadavg()[0]?.toFixed(1)
  const pinning = isPinned
    ? 'server on core 0, client on core 1'
    : 'taskset is not there or there is one core: nothing is pinned'
  console.log(`${os.cpus().length} x ${cpu?.model.trim()}, node ${process.version}, load before ${load}; ${pinning}`)
}

function printTls(results: Results): void {
  const floor = results.get('floor') ?? []
  const rows = [...results].map(([name, slots]) => rowOf(name, slots, floor))
  console.log(
    `\nover TLS: ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SLOT_MS} ms in turns, medians; bar: at least ${BAR_RATE} of the floor`,
  )
  console.log(
    table([
      ['', 'req/s', 'of floor', 'per CPU s', 'of floor', 'p50 ms', 'p99 ms', 'CPU server', 'client', 'bar'],
      ...rows,
    ]),
  )
  const busy = [...results.values()].flat().map(busyShare)
  const least = Math.min(...busy)
  console.log(
    least > 0.9
      ? '  the server used its core fully in every slot: it is what was measured'
      : `  the server had as little as ${percent(least)} of its core in a slot: others used the machine; "per CPU s" is the figure to read`,
  )
  const refused = [...results.values()].flat().reduce((sum, slot) => sum + slot.refused, 0)
  if (refused > 0) console.log(`  ${refused} pods were refused: the figures are worthless`)
}

function rowOf(name: string, slots: readonly Measured[], floor: readonly Measured[]): readonly string[] {
  const ofFloor = (value: (slot: Measured) => number) =>
    median(slots.map((slot, round) => value(slot) / value(floor[round] ?? slot)))
  const cpuRatio = ofFloor(perCpuSecond)
  return [
    name,
    median(slots.map(rate)).toFixed(0),
    ofFloor(rate).toFixed(2),
    median(slots.map(perCpuSecond)).toFixed(0),
    cpuRatio.toFixed(2),
    median(slots.map(slot => slot.p50Ms)).toFixed(1),
    median(slots.map(slot => slot.p99Ms)).toFixed(1),
    percent(median(slots.map(busyShare))),
    percent(median(slots.map(slot => slot.clientCpuSeconds / slot.seconds))),
    name === 'floor' ? '' : verdict(cpuRatio >= BAR_RATE),
  ]
}

function rate({ requests, seconds }: Slot): number {
  return requests / seconds
}

/** What a core to itself would do: hardly changes when others use the machine. */
function perCpuSecond({ requests, serverCpuSeconds }: Measured): number {
  return requests / serverCpuSeconds
}

function busyShare({ serverCpuSeconds, seconds }: Measured): number {
  return serverCpuSeconds / seconds
}

function printInProcess(results: readonly InProcessResult[]): void {
  const timings = results.flatMap(({ policies, timings: { mutate, validate } }) => [
    { policies, webhook: 'mutate' as const, timing: mutate },
    { policies, webhook: 'validate' as const, timing: validate },
  ])
  console.log(
    `\nin process: text of the review to text of the answer, in us; bar: p50 under ${BAR_P50_US}, p99 under ${BAR_P99_US}, where calm`,
  )
  const head = ['', 'p50', 'p99', 'calm p50', 'calm p99', 'cold p50', 'cold p99', 'review kB', 'decisions', 'bar']
  const rows = timings.map(({ webhook, policies, timing }) => timingRow(`${webhook} ${policies}`, timing))
  console.log(table([head, ...rows]))
  console.log(
    '  calm: the least disturbed tenth of a second; cold: with the caches used by others between two decisions',
  )
  const refused = timings.reduce((sum, { timing }) => sum + timing.refused, 0)
  if (refused > 0) console.log(`  ${refused} pods were refused: the figures are worthless`)
  for (const webhook of ['mutate', 'validate'] as const) printStages(webhook, results)
}

function timingRow(name: string, { hot, calm, cold, bytes, count }: Timing): readonly string[] {
  const figures = [hot, calm, cold].flatMap(({ p50Us, p99Us }) => [p50Us.toFixed(0), p99Us.toFixed(0)])
  const isWithin = calm.p50Us < BAR_P50_US && calm.p99Us < BAR_P99_US
  return [name, ...figures, (bytes / 1000).toFixed(1), String(count), verdict(isWithin)]
}

function printStages(webhook: WebhookName, results: readonly InProcessResult[]): void {
  const [first] = results
  if (first === undefined) return
  const names = Object.keys(first.timings[webhook].stagesUs)
  const rows = results.map(({ policies, timings }) => {
    const stages = timings[webhook].stagesUs
    return [`${webhook} ${policies}`, ...names.map(name => (stages[name] ?? Number.NaN).toFixed(1))]
  })
  console.log(`\n${webhook}, by stage, medians in us`)
  console.log(table([['', ...names], ...rows]))
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : 'MISSED'
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
