/** Parts with a flaw each, such as real systems had. A check that cannot find them would be worth nothing. */
import type { Change } from '../../src/quota/change.ts'
import { claimKey } from '../../src/quota/claim.ts'
import { chargeOf, charges, claims, type Ledger, withClaim, withoutClaim } from '../../src/quota/ledger.ts'
import { entries, insertAll } from '../../src/quota/persistent-map.ts'
import type { PodView } from '../../src/quota/recount.ts'
import { type PodTally, podTally } from '../../src/quota/tally.ts'
import type { Verdict } from '../../src/quota/verdict.ts'
import type { LedgerStore, Versioned } from '../../src/quota/versions.ts'
import { type LedgerWriter, ledgerWriter, type WriterDeps } from '../../src/quota/writer.ts'
import { type Parts, REAL } from './parts.ts'
import { TREE } from './scenario.ts'

export interface Mutant {
  readonly name: string
  readonly parts: Parts
  /** The scenario that finds it, and what it says. */
  readonly scenario: string
  readonly says: RegExp
}

const LAST_GPU = 'two tenants on two replicas contend for the last GPU'
const STALE_LIST = 'a new leader starts from a stale list (kubernetes#123434)'
const CLAIMING_LEADER = 'the leader dies before or after it claims'
const NEVER_COMES = 'whoever drew on a claim never comes'
const RECOUNT = 'a recount races a charge, and its pod ends'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a store that writes over what it has not seen',
    parts: { ...REAL, store: store => ({ ...store, replace: (...call) => overwrite(store, ...call) }) },
    scenario: LAST_GPU,
    says: /lacks pods|pass a limit/,
  },
  {
    name: 'a store that is read from a cache which is behind',
    parts: { ...REAL, store: behind },
    scenario: RECOUNT,
    says: /at no time was it too much/,
  },
  {
    name: 'a store that loses a charge when it writes two',
    parts: { ...REAL, store: store => ({ ...store, replace: (...call) => forgetful(store, ...call) }) },
    scenario: 'a denied waiter is in a batch that meets a conflict (kubernetes#141904)',
    says: /lacks pods|no version has that charge/,
  },
  {
    name: 'a retry that admits who was denied (kubernetes#141904)',
    parts: { ...REAL, writer: admitsRefused },
    scenario: 'a denied waiter is in a batch that meets a conflict (kubernetes#141904)',
    says: /no version has that charge/,
  },
  {
    name: 'a writer that answers before its write',
    parts: { ...REAL, writer: hasty },
    scenario: LAST_GPU,
    says: /lacks pods|no version has that charge/,
  },
  {
    name: 'a writer that books dry runs',
    parts: { ...REAL, writer: booksDryRuns },
    scenario: 'a dry run goes with requests that are meant',
    says: /dry is booked, for which nobody waits/,
  },
  {
    name: 'charges that lapse while their pods may still be created',
    parts: { ...REAL, writer: deps => ledgerWriter({ ...deps, pendingMs: 20 }) },
    scenario: 'a pod that was charged appears late',
    says: /lacks pods/,
  },
  {
    name: 'holds that never lapse',
    parts: { ...REAL, writer: deps => ledgerWriter({ ...deps, gangHoldMs: 1_000_000 }) },
    scenario: 'a hold lapses, and then the missing member comes',
    says: /at rest .*disagree|at rest room is held/,
  },
  {
    name: 'members that are charged one by one',
    parts: { ...REAL, writer: membersAlone },
    scenario: 'two gangs want room that one of them has',
    says: /gangs a and b are both there/,
  },
  {
    name: 'no limit to the charges of a ledger',
    parts: { ...REAL, writer: deps => ledgerWriter({ ...deps, maxCharges: 1_000 }) },
    scenario: 'the ledger is full until charges are counted',
    says: /2 charges, gangs and claims are stored where 1 have room/,
  },
  {
    name: 'a view that tells what was seen since',
    parts: { ...REAL, tally: talksOfThePresent },
    scenario: RECOUNT,
    says: /lacks pods/,
  },
  {
    name: 'a recount that ignores how far it has seen (kubernetes#123434)',
    parts: { ...REAL, views: asIfNewest },
    scenario: STALE_LIST,
    says: /lacks pods|its charge stands beside/,
  },
  {
    name: 'an expiry that ignores what was not seen yet',
    parts: { ...REAL, views: () => (view, nowMs) => ({ ...view, asOfMs: nowMs }) },
    scenario: 'a pod that was charged appears late',
    says: /lacks pods/,
  },
  {
    name: 'a list that does not say how far it reaches',
    parts: { ...REAL, tally: () => ({ ...podTally(), reached: () => {} }) },
    scenario: 'a new leader finds that every pod has gone',
    says: /at rest .*disagree/,
  },
  {
    name: 'claims that everybody of their tenant draws on',
    parts: { ...REAL, writer: drawsAsOwner },
    scenario: CLAIMING_LEADER,
    says: /s is booked, for which nobody waits/,
  },
  {
    name: 'a claim that is given up before its room is asked for',
    parts: { ...REAL, writer: givesUpFirst },
    scenario: CLAIMING_LEADER,
    says: /lost, or more than it was/,
  },
  {
    name: 'a claim that stays whole when it is drawn on',
    parts: { ...REAL, store: store => ({ ...store, replace: (...call) => undrawn(store, ...call) }) },
    scenario: CLAIMING_LEADER,
    says: /burst is admitted where 2 of 1 are used/,
  },
  {
    name: 'a claim that is lost with the charge that drew on it (kueue#13662)',
    parts: { ...REAL, store: store => ({ ...store, replace: (...call) => unreturned(store, ...call) }) },
    scenario: NEVER_COMES,
    says: /lost, or more than it was/,
  },
  {
    name: 'claims that lapse before their end',
    parts: { ...REAL, views: () => view => ({ ...view, asOfMs: view.asOfMs + 1_000, mayLapse: () => false }) },
    scenario: NEVER_COMES,
    says: /lost, or more than it was/,
  },
  {
    name: 'a claim of a pod that ends before the pod is counted in its tier',
    parts: { ...REAL, views: () => view => ({ ...view, pods: asIfMoved(view) }) },
    scenario: 'a pod moves to a tier in which room is claimed for it, while another asks there',
    says: /pass a limit|lacks pods/,
  },
  {
    name: 'claims that have no end',
    parts: { ...REAL, writer: claimsForEver },
    scenario: 'a claim lapses, and then whoever asks gets its room',
    says: /at rest claims are left/,
  },
]

const CHARGED: Verdict = { kind: 'charged', tier: 'reserved', borrowed: new Map(), lenders: new Map() }

type Replace = Parameters<LedgerStore['replace']>

async function overwrite(store: LedgerStore, ...[tree, , next]: Replace): ReturnType<LedgerStore['replace']> {
  return store.replace(tree, await store.read(tree), next)
}

async function forgetful(store: LedgerStore, ...[tree, current, next]: Replace): ReturnType<LedgerStore['replace']> {
  const lost: Ledger = next.charges.size > 1 ? current.value : next
  return store.replace(tree, current, lost)
}

/** After a conflict it is read itself. */
function behind(store: LedgerStore): LedgerStore {
  const versions: Versioned<Ledger>[] = []
  let isCacheOutdated = false
  return {
    read: async tree => (isCacheOutdated ? undefined : versions.at(-2)) ?? store.read(tree),
    async replace(...call) {
      const written = await store.replace(...call)
      isCacheOutdated = written === 'conflict'
      if (written !== 'conflict') versions.push(written)
      return written
    },
  }
}

function admitsRefused(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  return {
    ...writer,
    async charge(request, deadlineMs) {
      const verdict = await writer.charge(request, deadlineMs)
      return verdict.kind === 'refused' ? CHARGED : verdict
    },
  }
}

function hasty(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  return {
    ...writer,
    async charge(request, deadlineMs) {
      const verdict = await writer.preview(request, deadlineMs)
      void writer.charge(request, deadlineMs)
      return verdict
    },
  }
}

function booksDryRuns(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  return { ...writer, preview: writer.charge }
}

function membersAlone(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  return {
    ...writer,
    charge: ({ gang: _, ...alone }, deadlineMs) => writer.charge(alone, deadlineMs),
  }
}

function talksOfThePresent(): PodTally {
  const tally = podTally()
  return { ...tally, view: asOfMs => ({ ...tally.view(asOfMs), statusOf: uid => tally.view(asOfMs).statusOf(uid) }) }
}

function asIfNewest(): (view: PodView) => PodView {
  let newest = 0n
  return view => {
    newest = view.position > newest ? view.position : newest
    return { ...view, position: newest }
  }
}

function drawsAsOwner(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  return { ...writer, charge: (request, deadlineMs) => writer.charge({ ...request, owner: 'job' }, deadlineMs) }
}

function givesUpFirst(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  return {
    ...writer,
    async charge({ owner, ...request }, deadlineMs) {
      const key = claimKey(request.tenant, { kind: 'owner', owner: owner ?? '' })
      await writer.amend(TREE, [{ kind: 'unclaim', key }])
      return writer.charge(request, deadlineMs)
    },
  }
}

function claimsForEver(deps: WriterDeps): LedgerWriter {
  const writer = ledgerWriter(deps)
  const endless = (change: Change): Change =>
    change.kind === 'claim' ? { ...change, claim: { ...change.claim, untilMs: 1_000_000 } } : change
  return { ...writer, amend: (tree, changes) => writer.amend(tree, changes.map(endless)) }
}

async function undrawn(store: LedgerStore, ...[tree, current, next]: Replace): ReturnType<LedgerStore['replace']> {
  const kept = [...claims(current.value)].reduce(withClaim, next)
  return store.replace(tree, current, next.charges.size > current.value.charges.size ? kept : next)
}

async function unreturned(store: LedgerStore, ...[tree, current, next]: Replace): ReturnType<LedgerStore['replace']> {
  const isReturned = charges(current.value).some(({ uid, drew }) => drew !== undefined && !chargeOf(next, uid))
  const lost = [...entries(next.claims)].reduce((left, [key]) => withoutClaim(left, key), next)
  return store.replace(tree, current, isReturned ? lost : next)
}

function asIfMoved({ pods }: PodView): PodView['pods'] {
  return insertAll(
    pods,
    [...entries(pods)].map(([uid]) => [uid, { tier: 'reserved' }] as const),
  )
}
