/**
 * Waking one owner: an annotation of it changes, and its controller looks at it again at once instead of at the end of its back-off.
 * Other replicas may have refused the same owner, so it is read first, and written only as it was read.
 */
import type { Clock } from '../../admission/endpoint.ts'
import { textAt } from '../../admission/objects.ts'
import type { ApiAnswer, ApiServer } from '../api-server.ts'
import { intervalOf, type RefusedOwner } from './refused.ts'

export const RETRY_ANNOTATION = 'sluice.dev/retry-at'

export type Touched =
  | { readonly kind: 'woken' }
  /** Another replica has woken it a moment ago. */
  | { readonly kind: 'recent'; readonly atMs: number }
  /** It changed while it was being woken, perhaps because somebody else did. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'forbidden'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }

export interface TouchDeps {
  readonly api: ApiServer
  readonly clock: Clock
}

// It is tried again a moment later; waiting longer would only hold up the others.
const CALL_MS = 5_000

/** Wakes an owner. Never rejects. */
export async function touch(refused: RefusedOwner, deps: TouchDeps): Promise<Touched> {
  try {
    return await touchOnce(refused, deps)
  } catch (cause) {
    return { kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) }
  }
}

async function touchOnce(refused: RefusedOwner, { api, clock }: TouchDeps): Promise<Touched> {
  const { path, owner } = refused
  const call = { path, isMetadataEnough: true, timeoutMs: CALL_MS } as const
  const read = await api.call({ ...call, method: 'GET' })
  if (read.status !== 200) return withoutSuccess(read)

  const { metadata } = read.body
  // A pod may name any object; one of another UID was never its owner, and one that is being deleted will create nothing.
  if (textAt(metadata, 'uid') !== owner.uid || textAt(metadata, 'deletionTimestamp') !== undefined)
    return { kind: 'gone' }
  const atMs = Date.parse(textAt(metadata, 'annotations', RETRY_ANNOTATION) ?? '')
  const nowMs = clock.now()
  // Clocks of replicas differ by a little; what is far ahead of ours was not written by one of them.
  if (Math.abs(nowMs - atMs) < intervalOf(refused)) return { kind: 'recent', atMs }

  // The version is the object's own as well: no other of its name has it.
  const resourceVersion = textAt(metadata, 'resourceVersion') ?? ''
  const annotations = { [RETRY_ANNOTATION]: new Date(nowMs).toISOString() }
  const body = { metadata: { resourceVersion, annotations } }
  const answer = await api.call({ ...call, method: 'PATCH', patch: 'merge', body })
  return answer.status === 200 ? { kind: 'woken' } : withoutSuccess(answer)
}

function withoutSuccess({ status, body }: ApiAnswer): Touched {
  const message = `${status} ${textAt(body, 'message') ?? ''}`.trim()
  switch (status) {
    case 404:
      return { kind: 'gone' }
    case 403:
      return { kind: 'forbidden', message }
    case 409:
      return { kind: 'conflict' }
    default:
      return { kind: 'failed', message }
  }
}
