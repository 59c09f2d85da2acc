/**
 * The ledgers as objects of a cluster: one QuotaLedger for each cohort tree, written by compare-and-swap on its resource version.
 *
 * **What a watch is good for.** `read` must give a version that was current after the call began, because denials are given on it. A
 * version that the watch brings after that moment need not be: it may have been replaced before the call began, with the event of that
 * still on its way. Nothing in an event says when its version ceased to be current, and a conflict says only that some version is newer.
 * So `read` always asks, without a resource version, which etcd answers with a quorum. What the watch brings is `newest`, which is
 * good for guesses and for the next write: where it is out of date the write conflicts and costs a round trip, never a limit. That
 * is the case that counts, because after a conflict nearly every batch writes something.
 */
import { fieldAt, textAt } from '../admission/objects.ts'
import type { ApiAnswer, ApiServer, Audience, Follow } from '../controller/api-server.ts'
import type { TextStore } from '../quota/text-store.ts'
import type { Versioned } from '../quota/versions.ts'
import { API_VERSION } from '../schema/kind.ts'
import type { JsonObject } from '../schema/parts.ts'
import { quotaLedger } from '../schema/usage.ts'
import { type HeardText, heardTexts } from './heard-texts.ts'
import { refusal } from './list.ts'
import { versionAt } from './sighting.ts'
import type { Time } from './silence.ts'

export interface LedgerObjectsDeps extends Time {
  /** On a line of its own. */
  readonly api: ApiServer
  readonly follow: Follow
  /** The watch has brought a newer version of this tree. */
  readonly onNewer?: (tree: string) => void
}

export interface LedgerObjects extends Required<TextStore> {
  /** Those that were heard of, also of trees that no cohort defines any more. */
  trees(): readonly string[]
  /** Done when it is known which ledgers there are. */
  readonly listed: Promise<void>
  /** Why the watch may be behind. Charging works without it. */
  problem(): string | undefined
  stop(): void
}

const PATH = `/apis/${API_VERSION}/${quotaLedger.plural}`
/** The format of the object; that of the text stands in the text. */
const FORMAT = 1
/** Half of what an API server gives a webhook by default: there is time left to say that the store is away. */
const TIMEOUT_MS = 5_000
/** The winner of a conflict is told of no sooner than its write ends, and a read costs a round trip as well. */
const HEARING_MS = 100
/** There is no object yet. */
const NONE: Versioned<string> = { version: '', value: '' }

export function ledgerObjects({ api, follow, onNewer, clock, timer }: LedgerObjectsDeps): LedgerObjects {
  const heard = heardTexts({ clock, timer })
  const following = follow<string>({ path: PATH, keep: chargesIn, audience: audienceOf(heard, onNewer) })

  function storedAs(tree: string, body: JsonObject, value: string): Versioned<string> {
    const version = versionAt(body)
    if (version === undefined) throw new Error(`the ledger of ${tree} was answered without a resource version`)
    const stored = { version: String(version), value }
    heard.hear(tree, version, stored)
    return stored
  }

  async function conflict(tree: string, current: string): Promise<'conflict'> {
    // A watch that is behind brings nothing in time.
    if (following.problem() === undefined) await heard.newerThan(tree, current, HEARING_MS)
    return 'conflict'
  }

  return {
    listed: following.listed,
    problem: following.problem,
    stop: following.stop,
    newest: tree => heard.newest(tree),
    trees: () => heard.trees(),
    async read(tree) {
      const answer = await api.call({ method: 'GET', path: pathOf(tree), timeoutMs: TIMEOUT_MS })
      if (isMissing(answer, tree)) {
        // Deleted: the watch will say when, and what is heard until then is of a ledger that is no more.
        heard.forget(tree)
        return NONE
      }
      if (answer.status !== 200) throw refused(`read the ledger of ${tree}`, answer)
      const charges = chargesIn(answer.body)
      if (charges === undefined)
        throw new Error(`the ledger of ${tree} is of an unknown format: ${formatOf(answer.body)}`)
      return storedAs(tree, answer.body, charges)
    },
    async replace(tree, current, next) {
      const body = objectOf(tree, current, next)
      const [method, path] = current === NONE.version ? (['POST', PATH] as const) : (['PUT', pathOf(tree)] as const)
      const query = { fieldManager: 'sluice' }
      const answer = await api.call({ method, path, query, body, isMetadataEnough: true, timeoutMs: TIMEOUT_MS })
      if (answer.status === 200 || answer.status === 201) return storedAs(tree, answer.body, next)
      // Created by another, changed by another, or deleted.
      if (answer.status === 409 || isMissing(answer, tree)) return conflict(tree, current)
      throw refused(`write the ledger of ${tree}`, answer)
    },
  }
}

function audienceOf(heard: HeardText, onNewer: (tree: string) => void = () => {}): Audience<string> {
  const hear = (tree: string, version: bigint, text: string) => {
    if (heard.hear(tree, version, { version: String(version), value: text })) onNewer(tree)
  }
  const gone = (tree: string, version: bigint) => {
    if (heard.hear(tree, version, NONE)) onNewer(tree)
  }
  return {
    replaced(all, version) {
      const present = new Set(all.map(({ name }) => name))
      for (const { name, resourceVersion, kept } of all) hear(name, resourceVersion, kept)
      for (const tree of heard.trees()) if (!present.has(tree)) gone(tree, version)
    },
    changed({ name, resourceVersion, kept }) {
      // Of a format that is not ours: whoever reads it is told so.
      if (kept !== undefined) hear(name, resourceVersion, kept)
    },
    removed: ({ name, resourceVersion }) => gone(name, resourceVersion),
    reached() {},
  }
}

function pathOf(tree: string): string {
  return `${PATH}/${encodeURIComponent(tree)}`
}

function objectOf(tree: string, version: string, charges: string): JsonObject {
  const labels = { 'app.kubernetes.io/managed-by': 'sluice' }
  const metadata = { name: tree, labels, ...(version === NONE.version ? {} : { resourceVersion: version }) }
  return { apiVersion: API_VERSION, kind: quotaLedger.kind, metadata, spec: { format: FORMAT, charges } }
}

function chargesIn(object: JsonObject): string | undefined {
  return fieldAt(object, 'spec', 'format') === FORMAT ? textAt(object, 'spec', 'charges') : undefined
}

function formatOf(object: JsonObject): string {
  return JSON.stringify(fieldAt(object, 'spec', 'format') ?? null)
}

/** Without the CRD the whole path is unknown, which is another 404: nothing may be decided on a ledger that cannot be stored. */
function isMissing({ status, body }: ApiAnswer, tree: string): boolean {
  return status === 404 && textAt(body, 'reason') === 'NotFound' && textAt(body, 'details', 'name') === tree
}

function refused(what: string, answer: ApiAnswer): Error {
  const { why } = refusal(answer)
  const remedy = answer.status === 404 ? ' (install the CRD quotaledgers.sluice.dev)' : ''
  return new Error(`the API server would not ${what}: ${why}${remedy}`)
}
