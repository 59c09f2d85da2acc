import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { folderOf } from '../support/sluice-process.ts'
import { createPods } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { newAuthority } from './support/certificates.ts'
import { type Collected, collected } from './support/collected.ts'
import type { ControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A, TEAM_B } from './support/lab.ts'
import { type Link, startLink } from './support/link.ts'
import { mountSecret } from './support/mounted-secret.ts'
import { podFor } from './support/pods.ts'
import { SUBJECT } from './support/sluice.ts'

const SECONDS = Number(process.env.SLUICE_SOAK_SECONDS ?? 30)
/** Twice what both tenants may have, so that half of them are denied. */
const CREATES = 32
const CREATORS = 8
/** Connections are cut and certificates replaced in one of so many rounds. */
const ROUGH_EVERY = 5

const SERIES = {
  heap: 'nodejs_heap_size_used_bytes',
  resident: 'process_resident_memory_bytes',
  descriptors: 'process_open_fds',
} as const
type Figure = keyof typeof SERIES
type Sample = Readonly<Record<Figure, number>>

const MIB = 2 ** 20
/**
 * How much more there may be at the end of the second half than at its beginning.
 *
 * - The heap is looked at when it was just collected, and the lowest of some rounds counts, so what is seen is alive. That moves by
 *   the pods that are in between, code that became hot, and texts that the engine keeps by, about 2 MiB at first and 0.5 MiB in the
 *   second half of ten minutes. Ten minutes are 17,000 reviews of creates and 500 other policies: what each of the former leaves
 *   behind is seen from 1 kB on, and what each of the latter does from 30 kB on, a tenth of a compiled cluster.
 * - Pages that were touched once are given back late: the resident size follows the highest heap so far.
 * - Descriptors: a watch that begins anew is open beside the former one for a moment, and so is a probe.
 */
const ALLOWED: Sample = { heap: 8 * MIB, resident: 24 * MIB, descriptors: 8 }
const WINDOWS = 5

interface Soaked {
  readonly lab: Lab
  readonly link: Link
  readonly collect: Collected['collect']
  readonly renew: () => Promise<void>
}

async function start(t: TestContext): Promise<Soaked> {
  const authority = await newAuthority('CN=Sluice test authority')
  const pair = async () => ({ ...(await authority.sign(SUBJECT)), ca: authority.ca })
  const secret = mountSecret(folderOf(t, {}), await pair())
  const opened = Promise.withResolvers<Link>()
  const reach = async ({ url }: ControlPlane) => {
    const link = await startLink(url)
    opened.resolve(link)
    return link.url
  }
  const { env, collect } = await collected()
  const lab = await startLab(t, { reach, certificates: { flags: secret.flags }, apart: [{ env }] })
  const link = await opened.promise
  t.after(() => link.close())
  return { lab, link, collect, renew: async () => secret.replace(await pair()) }
}

function policy(version: number) {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'GpuPolicy',
    metadata: { name: 'changing' },
    spec: {
      match: { objectSelector: { matchLabels: { version: String(version) } } },
      validate: [{ code: 'LAB-100', expression: `${version} < 0`, message: 'it is of the last round' }],
    },
  }
}

/** Creates, denials, deletes, another policy, and now and then what networks and certificates do. */
async function oneRound({ lab, link, renew }: Soaked, round: number): Promise<void> {
  const { api, admin } = lab.cluster
  const { answers } = await createPods(admin, {
    count: CREATES,
    creators: CREATORS,
    pod: index => podFor(1, { metadata: { labels: { version: String(index % 4 === 0 ? round : -1) } } }),
    namespaceOf: index => (index % 2 === 0 ? TEAM_A : TEAM_B),
  })
  for (const { status, message } of answers) assert.ok(status === 201 || status === 403 || status === 422, message)
  for (const namespace of [TEAM_A, TEAM_B]) await api.must('DELETE', `/api/v1/namespaces/${namespace}/pods`)
  const path = '/apis/sluice.dev/v1alpha1/gpupolicies'
  if (round === 0) await api.must('POST', path, policy(1))
  else await api.must('PATCH', `${path}/changing`, policy(round + 1))
  if (round % ROUGH_EVERY !== 0) return
  link.cut()
  await renew()
}

async function sampled({ lab, collect }: Soaked): Promise<Sample> {
  const [replica] = lab.sluice.replicas()
  await collect()
  const lines = (await replica?.metrics())?.split('\n') ?? []
  const told = (figure: Figure) => {
    const line = lines.find(text => text.startsWith(`${SERIES[figure]} `))
    assert.ok(line !== undefined, `${SERIES[figure]} is not told`)
    return Number(line.split(' ')[1])
  }
  return { heap: told('heap'), resident: told('resident'), descriptors: told('descriptors') }
}

/** By how much the lowest of each window rises over the second half, by the line of least squares through them. */
function growthOf(samples: readonly Sample[], figure: Figure): number {
  const half = samples.slice(Math.floor(samples.length / 2)).map(sample => sample[figure])
  const size = half.length / WINDOWS
  const lowest = Array.from({ length: WINDOWS }, (_, at) =>
    Math.min(...half.slice(Math.floor(at * size), Math.floor((at + 1) * size))),
  )
  const middle = (WINDOWS - 1) / 2
  const mean = lowest.reduce((sum, value) => sum + value, 0) / WINDOWS
  const rise = lowest.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0)
  const run = lowest.reduce((sum, _, at) => sum + (at - middle) ** 2, 0)
  return (rise / run) * (WINDOWS - 1)
}

test(`a replica is as large as before after ${SECONDS} s of everything`, { skip: skipWithoutCluster }, async t => {
  const soaked = await start(t)
  const samples: Sample[] = []
  const untilMs = performance.now() + SECONDS * 1_000
  // Fewer would be no second half to speak of, on however slow a machine.
  for (let round = 0; performance.now() < untilMs || samples.length < 4 * WINDOWS; round += 1) {
    await oneRound(soaked, round)
    samples.push(await sampled(soaked))
  }
  const { lab } = soaked
  const [first, last] = [samples[0], samples.at(-1)]
  t.diagnostic(`${samples.length} rounds of ${CREATES} creates; at first ${JSON.stringify(first)}`)
  t.diagnostic(`at last ${JSON.stringify(last)}`)
  for (const figure of ['heap', 'resident', 'descriptors'] as const) {
    const growth = growthOf(samples, figure)
    t.diagnostic(`${figure}: ${Math.round(growth)} more over the second half`)
    assert.ok(growth <= ALLOWED[figure], `${figure} grew by ${Math.round(growth)}`)
  }
  await eventually('everything was given back', async () => {
    return Object.keys(await lab.held()).length === 0 ? true : undefined
  })
  for (const replica of lab.sluice.replicas()) assert.equal(await replica.isReady(), true)
})
