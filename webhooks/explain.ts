import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cluster } from '../src/admission/cluster.ts'
import type { Answer, Call, Clock, Endpoint } from '../src/admission/endpoint.ts'
import type { ExemptNamespaces } from '../src/admission/exempt.ts'
import { type Explained, explainManifest } from '../src/admission/explanation.ts'
import type { PlacedObject } from '../src/admission/objects.ts'
import { questionRefused } from '../src/admission/question.ts'
import { explainedJson } from '../src/admission/quota-json.ts'
import { scratchDesk } from '../src/admission/scratch-desk.ts'
import type { Book } from '../src/quota/book.ts'
import { failed, type Parsed, parsed } from '../src/schema/parsed.ts'
import { isObject, type JsonValue } from '../src/schema/parts.ts'
import { flattenLists } from '../src/workload/lists.ts'
import { podTemplates } from '../src/workload/templates.ts'
import { patient } from './patient-desk.ts'
import { policyTimer } from './policy-timer.ts'

const PATH = '/explain'

// A pod of a question costs what two reviews cost, and reviews come first. So a question has at most 16 manifests and 16 × 32 pods,
// which take about a second; a review waits for at most one manifest to be read, or one pod to be judged, of each question that is
// being answered. What the first pods of a template meet, the others meet as well.
const MAX_MANIFESTS = 16
const MAX_TEMPLATES = 16
const MAX_PODS = 32
const MAX_QUESTIONS = 4

export interface ExplainDeps {
  readonly cluster: () => Cluster
  readonly exempt: ExemptNamespaces
  /** The ledgers as of the last versions seen. Nothing is written to them. */
  readonly ledger: { book(tree: string): Book | undefined }
  readonly clock: Clock
}

/**
 * `POST /explain`: what would become of the pods of a manifest now, and every limit they would meet. `?namespace=` says where they
 * would be created, whatever the manifest names. Nothing is charged, and no other pod is named.
 */
export function explainPods(deps: ExplainDeps): Endpoint {
  let questions = 0
  return {
    path: PATH,
    async answer(body, call) {
      if (questions >= MAX_QUESTIONS) return questionRefused(429, [TOO_MANY])
      questions += 1
      try {
        return await answer(body, call, deps)
      } finally {
        questions -= 1
      }
    },
  }
}

const TOO_MANY = {
  at: 'explain',
  problem: `${MAX_QUESTIONS} questions are being answered`,
  remedy: 'try again in a moment',
}

const TOO_LATE = { at: 'explain', problem: 'the deadline has passed', remedy: 'ask about less at a time' }

async function answer(body: unknown, call: Call, deps: ExplainDeps): Promise<Answer> {
  const manifests = parseManifests(body)
  if (!manifests.ok) return questionRefused(400, manifests.issues)
  const namespace = parseNamespace(call.query)
  if (!namespace.ok) return questionRefused(400, namespace.issues)

  const cluster = deps.cluster()
  const bookOf = (tree: string) => deps.ledger.book(tree)
  const shared = {
    cluster,
    exempt: deps.exempt,
    bookOf,
    isQuotaKnown: true,
    maxPods: MAX_PODS,
    startTimer: policyTimer(deps.clock, call.deadlineMs),
    ...(namespace.value === undefined ? {} : { namespace: namespace.value }),
  }
  const explained: Explained[] = []
  for (const manifest of manifests.value) {
    await nextTurn()
    if (deps.clock.now() >= call.deadlineMs) return questionRefused(429, [TOO_LATE])
    const desk = patient(scratchDesk(cluster.quotas, bookOf), call, deps.clock)
    explained.push(...(await explainManifest(manifest, { ...shared, desk })))
  }
  return { status: 200, body: { explained: explained.map(explainedJson) } }
}

function parseManifests(body: unknown): Parsed<readonly PlacedObject[]> {
  if (!isObject(body as JsonValue)) {
    return failed({ at: 'body', problem: 'is no object', remedy: 'send a Pod, or a manifest of any workload, as JSON' })
  }
  const manifests = flattenLists([body as JsonValue], MAX_MANIFESTS + 1)
  if (manifests.length > MAX_MANIFESTS) return tooMuch(`has more than ${MAX_MANIFESTS} manifests`)
  const untyped = manifests.findIndex(
    ({ apiVersion, kind }) => typeof apiVersion !== 'string' || typeof kind !== 'string',
  )
  if (untyped !== -1) return failed({ at: placeOf(untyped, manifests), problem: 'has no apiVersion and kind' })
  const templates = manifests.reduce((sum, manifest) => sum + podTemplates(manifest, MAX_TEMPLATES + 1).length, 0)
  if (templates > MAX_TEMPLATES) return tooMuch(`has more than ${MAX_TEMPLATES} pod templates`)
  return parsed(manifests.map((value, index) => ({ at: placeOf(index, manifests), value })))
}

function tooMuch(problem: string): Parsed<never> {
  return failed({ at: 'body', problem, remedy: 'ask about some of them at a time' })
}

function placeOf(index: number, { length }: readonly unknown[]): string {
  return length === 1 ? 'body' : `body items[${index}]`
}

// What the API server accepts as the name of a namespace (RFC 1123 label).
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

function parseNamespace(query: string): Parsed<string | undefined> {
  const namespace = new URLSearchParams(query).get('namespace')
  if (namespace === null || NAMESPACE.test(namespace)) return parsed(namespace ?? undefined)
  return failed({ at: 'namespace', problem: 'is not the name of a namespace' })
}
