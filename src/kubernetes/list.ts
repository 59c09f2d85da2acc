/** A list, page by page, as of one version. */
import { fieldAt, textAt } from '../admission/objects.ts'
import type { ApiAnswer, ApiServer, Collection, Sighting } from '../controller/api-server.ts'
import { isList, isObject, type JsonObject } from '../schema/parts.ts'
import { sighting, versionAt } from './sighting.ts'

export type Listing<T> =
  | { readonly kind: 'listed'; readonly all: readonly Sighting<T>[]; readonly version: bigint }
  /** The API server knows no such API. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string; readonly cause?: unknown; readonly retryAfterMs?: number }

export interface ListDeps<T> {
  readonly api: ApiServer
  readonly collection: Pick<Collection<T>, 'path' | 'query'>
  readonly keep: (object: JsonObject) => T | undefined
}

/** As client-go: about 5 MiB of pods, which take 40 ms to parse while nobody else is served. */
const PAGE = '500'
/** Pods in thousands take a while to come out of etcd. */
const PAGE_TIMEOUT_MS = 30_000
/** How often a list may run out of the history it reads from, which is five minutes long, before that is a failure. */
const MOST_RESTARTS = 3

/** The first page asks for what is newest, so the list is never older than the call. */
export async function list<T>(deps: ListDeps<T>): Promise<Listing<T>> {
  try {
    for (let start = 0; start < MOST_RESTARTS; start++) {
      const listing = await pages(deps)
      if (listing !== 'expired') return listing
    }
    return { kind: 'failed', why: 'its pages expired while it was read' }
  } catch (cause) {
    return { kind: 'failed', why: cause instanceof Error ? cause.message : 'it failed', cause }
  }
}

async function pages<T>({ api, collection, keep }: ListDeps<T>): Promise<Listing<T> | 'expired'> {
  const { path, query } = collection
  const all: Sighting<T>[] = []
  let next = ''
  for (;;) {
    const asked = { ...query, limit: PAGE, ...(next === '' ? {} : { continue: next }) }
    const answer = await api.call({ method: 'GET', path, query: asked, timeoutMs: PAGE_TIMEOUT_MS })
    if (answer.status === 404) return { kind: 'absent' }
    if (answer.status === 410 && next !== '') return 'expired'
    if (answer.status !== 200) return { kind: 'failed', ...refusal(answer) }

    const problem = readPage(answer.body, keep, all)
    if (problem !== undefined) return { kind: 'failed', why: problem }
    next = textAt(answer.body, 'metadata', 'continue') ?? ''
    const version = versionAt(answer.body)
    if (version === undefined) return { kind: 'failed', why: 'it has no resource version' }
    if (next === '') return { kind: 'listed', all, version }
  }
}

/** Adds what is of interest. What is wrong with the page, if anything. */
function readPage<T>(
  body: JsonObject,
  keep: (object: JsonObject) => T | undefined,
  all: Sighting<T>[],
): string | undefined {
  if (!isList(body.items)) return 'it is no list'
  for (const item of body.items) {
    const seen = isObject(item) ? sighting(item, keep) : undefined
    if (seen === undefined) return 'it has an item without uid, name or version'
    if (isOfInterest(seen)) all.push(seen)
  }
  return undefined
}

function isOfInterest<T>(seen: Sighting<T | undefined>): seen is Sighting<T> {
  return seen.kept !== undefined
}

/** Why not, and when to ask again where the API server says so. */
export function refusal({ status, body }: ApiAnswer): { readonly why: string; readonly retryAfterMs?: number } {
  const message = textAt(body, 'message') ?? textAt(body, 'reason') ?? ''
  const seconds = fieldAt(body, 'details', 'retryAfterSeconds')
  const retry = typeof seconds === 'number' && seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}
  return { why: `${status} ${message}`.trim(), ...retry }
}
