/** Many creators at once, through the API server: what a measurement or a test of contention puts on a cluster. */
import { textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { percentile } from '../bench/statistics.ts'
import { type ApiAddress, apiClient } from './support/api-client.ts'

export interface Load {
  /** How many pods are created in all, one try each. */
  readonly count: number
  /** How many of them are under way at once. */
  readonly creators?: number
  readonly pod: (index: number) => JsonObject
  readonly namespaceOf: (index: number) => string
  /** Told of each answer as it comes, so that something can happen in the middle. */
  readonly onAnswer?: (answer: CreateAnswer) => void
}

export interface CreateAnswer {
  readonly index: number
  readonly latencyMs: number
  /** 0 where no answer came: then nobody knows whether there is a pod. */
  readonly status: number
  /** Of a create that was not accepted. */
  readonly message: string
  /** The pod, if there is one. */
  readonly pod: JsonObject | undefined
}

export interface LoadResult {
  readonly answers: readonly CreateAnswer[]
  readonly seconds: number
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<number, number>>
  readonly created: readonly JsonObject[]
  readonly p50Ms: number
  readonly p99Ms: number
}

const CREATORS = 64
const CREATED = 201

/** Each creator has one kept connection and takes the next pod when it has the answer to its last. */
export async function createPods(admin: ApiAddress, load: Load): Promise<LoadResult> {
  const { count, creators = CREATORS } = load
  const client = apiClient(admin, creators)
  const answers: CreateAnswer[] = []
  const indices = Array(count).keys()
  const create = async () => {
    for (const index of indices) {
      const answer = await createOne(client, load, index)
      answers.push(answer)
      load.onAnswer?.(answer)
    }
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: creators }, create))
  const seconds = (performance.now() - startedMs) / 1_000
  client.close()
  return summary(answers, seconds)
}

export const BATCH = 100
const CREATORS_OF_A_BATCH = 16

/** Creates pods for as long as the work takes, which it must outlast. */
export async function createDuring(
  admin: ApiAddress,
  load: Omit<Load, 'count' | 'onAnswer'>,
  work: Promise<void>,
): Promise<readonly CreateAnswer[]> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  // A failure is that of whoever asked, once the batch that is under way has its answers.
  over.catch(() => {})
  const answers: CreateAnswer[] = []
  while (!isOver) {
    const batch = { creators: CREATORS_OF_A_BATCH, ...load, count: BATCH }
    answers.push(...(await createPods(admin, batch)).answers)
  }
  await over
  return answers
}

/** Those that made no pod, as text. */
export function lostOf(answers: readonly CreateAnswer[]): readonly string[] {
  return answers.filter(({ pod }) => pod === undefined).map(({ status, message }) => `${status} ${message}`)
}

async function createOne(
  client: ReturnType<typeof apiClient>,
  { pod, namespaceOf }: Load,
  index: number,
): Promise<CreateAnswer> {
  const path = `/api/v1/namespaces/${namespaceOf(index)}/pods`
  const sentMs = performance.now()
  try {
    const { status, body } = await client.call('POST', path, pod(index))
    const latencyMs = performance.now() - sentMs
    if (status === CREATED) return { index, latencyMs, status, message: '', pod: body }
    return { index, latencyMs, status, message: textAt(body, 'message') ?? '', pod: undefined }
  } catch (cause) {
    return { index, latencyMs: performance.now() - sentMs, status: 0, message: String(cause), pod: undefined }
  }
}

function summary(answers: readonly CreateAnswer[], seconds: number): LoadResult {
  const latencies = Float64Array.from(answers, answer => answer.latencyMs).sort()
  const counts = Object.groupBy(answers, answer => answer.status)
  return {
    answers,
    seconds,
    statuses: Object.fromEntries(Object.entries(counts).map(([status, group]) => [status, group?.length ?? 0])),
    created: answers.flatMap(({ pod }) => (pod === undefined ? [] : [pod])),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}
