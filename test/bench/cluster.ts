/**
 * Pods created through a real API server: without a webhook, with one that always says yes, with one that besides is registered and
 * patches as Sluice does, and with Sluice, in turns of one run.
 * `npm run bench:cluster` with KUBEBUILDER_ASSETS; SLUICE_BENCH_PODS and SLUICE_BENCH_ROUNDS say how much.
 *
 * All share the machine with the API server and etcd, so that ratios count and figures do not. Namespaces tell them apart, so
 * that they stand in one cluster: a webhook is asked about those of its own alone.
 */
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { TIER_LABEL } from '../../src/policy/owned-keys.ts'
import type { JsonObject, JsonValue } from '../../src/schema/parts.ts'
import { startAlwaysYes } from '../cluster/always-yes.ts'
import { createPods } from '../cluster/create-load.ts'
import { startControlPlane } from '../cluster/support/control-plane.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { podFor } from '../cluster/support/pods.ts'
import { startSluice } from '../cluster/support/sluice.ts'
import { markdown, median } from './statistics.ts'

const PODS = Number(process.env.SLUICE_BENCH_PODS ?? 1_000)
const ROUNDS = Number(process.env.SLUICE_BENCH_ROUNDS ?? 5)
const CREATORS = [32, 64]

const BARE = 'bench-bare'
const YES = 'bench-yes'
/** Registered with our match conditions, and answers with our patch: what is left to Sluice is to decide, and the ledger. */
const FLOOR = 'bench-floor'
const OURS = 'bench-sluice'
const ALL = [BARE, YES, FLOOR, OURS]

const QUOTAS = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: bench}
spec:
  classes:
  - {class: h100, capacity: {gpus: 1000000}, instanceTypes: [p5.48xlarge]}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: bench}
spec:
  namespaces: [${OURS}]
  cohort: bench
  classes:
  - {class: h100, reserved: 1000000}
`

interface Round {
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const cluster = await startControlPlane()
const ends: (() => Promise<void>)[] = []
try {
  for (const name of ALL) await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name } })
  const yes = await startAlwaysYes(cluster, { namespace: YES })
  const sluice = await startSluice(cluster, { flags: ['--exempt-namespaces', BARE, YES, FLOOR, '--log-level', 'warn'] })
  try {
    await cluster.kubectl(['apply', '-f', '-'], { stdin: QUOTAS })
    const floor = await startFloor()
    ends.push(floor.stop)
    await bench('one replica')
    await sluice.add()
    await sluice.add()
    await bench('three replicas')
  } finally {
    for (const end of ends) await end()
    await sluice.stop()
    await yes.stop()
  }
} finally {
  await cluster.stop()
}

async function startFloor() {
  const path = '/apis/admissionregistration.k8s.io/v1'
  const webhooksOf = async (kind: string) => {
    const { webhooks } = await cluster.api.must('GET', `${path}/${kind}/sluice`)
    return (webhooks as readonly JsonObject[]).filter(({ name }) => String(name).includes('pods'))
  }
  const [mutating, validating] = [
    await webhooksOf('mutatingwebhookconfigurations'),
    await webhooksOf('validatingwebhookconfigurations'),
  ]
  const patch = await eventually('Sluice mutates', patchOfSluice)
  return startAlwaysYes(cluster, { name: 'floor', namespace: FLOOR, patch, like: { mutating, validating } })
}

/** What Sluice has made of a pod, as a patch of the pod as it is sent. */
async function patchOfSluice(): Promise<string | undefined> {
  const { body } = await cluster.api.call('POST', `/api/v1/namespaces/${OURS}/pods?dryRun=All`, podFor(1))
  const { metadata, spec } = body
  const annotations = fieldAt(metadata, 'annotations')
  const tier = textAt(metadata, 'labels', TIER_LABEL)
  if (annotations === undefined || tier === undefined) return undefined
  const added = {
    '/metadata/labels': { [TIER_LABEL]: tier },
    '/metadata/annotations': annotations,
    '/spec/tolerations': fieldAt(spec, 'tolerations') ?? [],
    '/spec/volumes': fieldAt(spec, 'volumes') ?? [],
    '/spec/containers/0/volumeMounts':
      fieldAt((fieldAt(spec, 'containers') as readonly JsonValue[])[0], 'volumeMounts') ?? [],
  }
  const operations = Object.entries(added).map(([path, value]) => ({ op: 'add', path, value }))
  return Buffer.from(JSON.stringify(operations)).toString('base64')
}

async function bench(replicas: string): Promise<void> {
  for (const namespace of ALL) await round(namespace, 64, 500)
  for (const creators of CREATORS) {
    const rounds = new Map<string, Round[]>(ALL.map(namespace => [namespace, []]))
    for (let at = 0; at < ROUNDS; at += 1) {
      for (const [namespace, results] of rounds) results.push(await round(namespace, creators, PODS))
    }
    console.log(`\n${replicas}, ${creators} creators, medians of ${ROUNDS} rounds of ${PODS} pods\n`)
    console.log(tableOf(rounds))
  }
}

async function round(namespace: string, creators: number, count: number): Promise<Round> {
  const result = await createPods(cluster.admin, {
    count,
    creators,
    pod: () => podFor(1),
    namespaceOf: () => namespace,
  })
  if (result.created.length !== count) {
    const refused = result.answers.find(({ status }) => status !== 201)
    throw new Error(`${namespace}: ${JSON.stringify(result.statuses)}: ${refused?.message}`)
  }
  // What is there does not slow down what comes after it in the next round.
  await cluster.api.must('DELETE', `/api/v1/namespaces/${namespace}/pods?gracePeriodSeconds=0`)
  return { rate: count / result.seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms }
}

function tableOf(rounds: ReadonlyMap<string, readonly Round[]>): string {
  const of = (namespace: string, field: keyof Round) => (rounds.get(namespace) ?? []).map(one => one[field])
  const middle = (namespace: string, field: keyof Round) => median(of(namespace, field))
  // Of the same round, so that what else the machine did counts on both sides.
  const ratio = (namespace: string, base: string, field: keyof Round) => {
    const bases = of(base, field)
    return median(of(namespace, field).map((value, at) => value / (bases[at] ?? Number.NaN))).toFixed(2)
  }
  return markdown([
    [
      '',
      'pods/s',
      'p50 ms',
      'p99 ms',
      'rate to none',
      'p50 to none',
      'rate to yes',
      'p99 to yes',
      'rate to floor',
      'p99 to floor',
    ],
    ...ALL.map(name => [
      name.replace('bench-', ''),
      middle(name, 'rate').toFixed(0),
      middle(name, 'p50Ms').toFixed(1),
      middle(name, 'p99Ms').toFixed(1),
      ratio(name, BARE, 'rate'),
      ratio(name, BARE, 'p50Ms'),
      ratio(name, YES, 'rate'),
      ratio(name, YES, 'p99Ms'),
      ratio(name, FLOOR, 'rate'),
      ratio(name, FLOOR, 'p99Ms'),
    ]),
  ])
}
