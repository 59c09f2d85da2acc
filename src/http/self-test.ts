/** Asking our own webhooks as the API server will: over the same address, and believing only whom it will believe. */
import { randomUUID } from 'node:crypto'
import https from 'node:https'
import { fieldAt, textAt } from '../admission/objects.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import type { JsonValue } from '../schema/parts.ts'
import { podRequest } from '../schema/review.ts'

export interface SelfTestTarget {
  /** `https://sluice.sluice-system.svc`. */
  readonly base: string
  /** PEM of the authorities that are believed, and no others. */
  readonly ca: string
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 64 * 1024
const PATHS = ['/mutate/pods', '/validate/pods']

/**
 * Sends both pod webhooks a review of a pod that asks for nothing, as a dry run. What they decide does not matter (a policy may
 * refuse it); that they do, and under the certificate that will be checked, is all that is asked.
 */
export async function selfTest(target: SelfTestTarget): Promise<Parsed<void>> {
  for (const path of PATHS) {
    const url = `${target.base.replace(/\/+$/, '')}${path}`
    const review = reviewOfNothing()
    try {
      const answer = await post(url, review, target)
      if (!isAnswerTo(review, answer)) {
        return failed({ at: url, problem: 'answered with something that is no review', remedy: REMEDY })
      }
    } catch (cause) {
      return failed({ at: url, problem: problemOf(cause), remedy: REMEDY })
    }
  }
  return parsed(undefined)
}

const REMEDY = 'check the address, the service and its endpoints, and the authority of its certificate'

function reviewOfNothing() {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'sluice-self-test', namespace: 'default' },
    spec: { containers: [{ name: 'nothing', image: 'example.com/nothing' }] },
  }
  const request = podRequest({ uid: randomUUID(), namespace: 'default', userInfo: { username: 'sluice' }, object })
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { ...request, dryRun: true } }
}

function isAnswerTo({ request }: ReturnType<typeof reviewOfNothing>, answer: JsonValue): boolean {
  const isDecided = typeof fieldAt(answer, 'response', 'allowed') === 'boolean'
  return isDecided && textAt(answer, 'response', 'uid') === request.uid
}

function post(url: string, review: object, { ca, timeoutMs = TIMEOUT_MS }: SelfTestTarget): Promise<JsonValue> {
  const body = JSON.stringify(review)
  // A connection of its own: one that is kept would prove nothing about the certificate of today.
  const options = {
    method: 'POST',
    ca,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
  } as const
  return new Promise((resolve, reject) => {
    const request = https.request(`${url}?timeout=${Math.ceil(timeoutMs / 1000)}s`, options, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('the answer does not end'))
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(valueIn(text))
        else reject(new Error(`the answer is status ${response.statusCode}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

function valueIn(text: string): JsonValue {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function problemOf(cause: unknown): string {
  if (cause instanceof Error && ['AbortError', 'TimeoutError'].includes(cause.name)) return 'did not answer in time'
  if (cause instanceof AggregateError) return cause.errors.map(problemOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}
