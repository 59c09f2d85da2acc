/**
 * Who watches the load. It keeps its own account of what is real, the pods that exist and those whose creators were told that they
 * may, and holds every stored ledger and every answer against it.
 */

import type { Request } from '../../src/quota/decide.ts'
import { type Charge, charges, EMPTY_LEDGER, holdings, type Ledger } from '../../src/quota/ledger.ts'
import { ledgerReader } from '../../src/quota/ledger-text.ts'
import { find } from '../../src/quota/persistent-map.ts'
import type { Verdict } from '../../src/quota/verdict.ts'
import { TIERS, type Tier } from '../../src/schema/parts.ts'
import type { Figures } from './figures.ts'
import { countLapses } from './lapses.ts'
import type { UseOf } from './oracle.ts'
import { capOf, ORACLE, TENANT_NAMES, wouldFit } from './quotas.ts'
import { MAX_CHARGES } from './replicas.ts'
import { type Held, together, type UseTable, useTable } from './use-table.ts'

export interface Answered {
  readonly request: Request
  readonly isDry: boolean
  readonly askedAtMs: number
  readonly answeredAtMs: number
  readonly patienceMs: number
  readonly verdict: Verdict
}

export interface Witness {
  /** A ledger was stored. */
  wrote(text: string, nowMs: number): void
  dryRun(uid: string): void
  answered(answer: Answered): void
  /** The pod is gone, or its creator will never create it. */
  over(uid: string): void
  problem(what: string): void
  /** The first few things that were wrong. */
  readonly problems: readonly string[]
  /** The ledger that is stored. */
  ledger(): Ledger
}

// A leader that takes over, its watch, its recounts, and lost calls in between.
const MOST_LATE_MS = 30_000
const REMEMBERED_MS = 6_000

interface Version {
  readonly untilMs: number
  readonly use: UseTable
}

export function witness(figures: Figures): Witness {
  const reader = ledgerReader()
  const problems: string[] = []
  const real = new Map<string, Held>()
  const use = useTable()
  const dry = new Set<string>()
  const toldTier = new Map<string, { readonly tier: Tier; readonly atMs: number }>()
  let ledger = EMPTY_LEDGER
  let booked = useTable()
  let former: readonly Version[] = []

  function problem(what: string): void {
    if (problems.length < 5) problems.push(what)
  }

  function checkLedger(nowMs: number): void {
    if (ledger.charges.size > MAX_CHARGES) problem(`${ledger.charges.size} charges are in the ledger`)
    for (const { uid, expiresAtMs } of charges(ledger)) {
      if (dry.has(uid)) problem(`a dry run of ${uid} was booked`)
      if (expiresAtMs + MOST_LATE_MS < nowMs) problem(`the charge of ${uid} lives ${nowMs - expiresAtMs} ms too long`)
    }
    for (const tenant of TENANT_NAMES) checkCovers(tenant)
  }

  /** The ledger holds at least what is real. */
  function checkCovers(tenant: string): void {
    for (const key of ORACLE.classes) {
      for (const tier of TIERS) {
        const [held, needed] = [booked.of(key)(tenant, tier), use.of(key)(tenant, tier)]
        if (held < needed) problem(`the ledger holds ${held} of ${key} for ${tenant}/${tier}, and its pods ${needed}`)
      }
    }
  }

  /**
   * What is real and what a write adds pass no limit. Burst goes into what is idle when it comes; firm use may come after it in the
   * same write, and after a gang whose members have room that is held for them.
   */
  function checkLimits(added: readonly Charge[], hasRoom: (charge: Charge) => boolean): void {
    const [firm, burst] = [useTable(), useTable()]
    for (const charge of added) {
      if (charge.tier !== 'burst') firm.add(charge)
      else if (!hasRoom(charge)) burst.add(charge)
    }
    for (const key of ORACLE.classes) {
      const inFirm = together(use.of(key), firm.of(key))
      for (const excess of ORACLE.firmExcesses(key, inFirm))
        problem(`${excess} of ${key} by what is reserved and shared`)
      for (const tenant of TENANT_NAMES) checkCap(key, inFirm, tenant, ['reserved', 'shared'])
      checkBorrowed(key, burst.of(key))
    }
  }

  function checkBorrowed(key: string, borrowed: UseOf): void {
    const inBurst = together(use.of(key), borrowed)
    for (const tenant of TENANT_NAMES.filter(name => borrowed(name, 'burst') > 0)) {
      const room = ORACLE.room(key, inBurst, tenant, 'burst')
      if (room < 0) problem(`${tenant} borrows ${-room} of ${key} that is not idle`)
      checkCap(key, inBurst, tenant, TIERS)
    }
  }

  function checkCap(key: string, now: UseOf, tenant: string, tiers: readonly Tier[]): void {
    const held = tiers.reduce((sum, tier) => sum + now(tenant, tier), 0)
    if (held > capOf(tenant, key)) problem(`${tenant} holds ${held} of ${key}, more than its cap`)
  }

  /** What is oversubscribed is at most what burst holds: it can be taken back. */
  function checkOversubscription(): void {
    for (const key of ORACLE.classes) {
      const now = use.of(key)
      const over = ORACLE.oversubscription(key, now)
      const lent = TENANT_NAMES.reduce((sum, tenant) => sum + now(tenant, 'burst'), 0)
      if (over > lent) problem(`${over} of ${key} too much are in use, and burst holds only ${lent}`)
      figures.most('oversubscribed', over)
      figures.most('burst', lent)
    }
  }

  function checkAnswer(answer: Answered): void {
    const { request, verdict, askedAtMs, answeredAtMs, patienceMs, isDry } = answer
    const tookMs = answeredAtMs - askedAtMs
    if (tookMs > patienceMs) problem(`${request.uid} was answered after ${tookMs} ms, and had ${patienceMs}`)
    if (verdict.kind === 'barred') problem(`${request.uid} is barred: nothing here is wrong whatever is used`)
    const told = toldTier.get(request.uid)
    if (told === undefined || isDry) return
    const isOtherwise = verdict.kind === 'charged' ? verdict.tier !== told.tier : verdict.kind === 'refused'
    if (isOtherwise && told.atMs < askedAtMs) problem(`${request.uid} was told ${told.tier}, and then ${verdict.kind}`)
    if (verdict.kind === 'charged' && isOtherwise) problem(`${request.uid} got both ${told.tier} and ${verdict.tier}`)
  }

  /** Some ledger that was stored between question and answer had no room. Gangs are left to those who know their members. */
  function checkRefusal({ request, askedAtMs }: Answered): void {
    if (request.gang !== undefined) return
    const meanwhile = [...former.filter(({ untilMs }) => untilMs >= askedAtMs).map(version => version.use), booked]
    if (!meanwhile.some(table => !wouldFit(table.of, request))) {
      problem(`${request.uid} of ${request.tenant} was refused, and at no time was it too much`)
    }
  }

  return {
    problem,
    problems,
    ledger: () => ledger,
    dryRun: uid => void dry.add(uid),
    wrote(text, nowMs) {
      const read = reader.read(text)
      if (!read.ok) return problem(`what was stored cannot be read: ${read.issues[0]?.problem}`)
      const before = ledger
      former = [...former.filter(({ untilMs }) => untilMs > nowMs - REMEMBERED_MS), { untilMs: nowMs, use: booked }]
      ledger = read.value
      booked = tableOf(ledger)
      const known = new Set(charges(before).map(({ uid }) => uid))
      checkLedger(nowMs)
      const added = charges(ledger).filter(({ uid }) => !known.has(uid) && !real.has(uid))
      checkLimits([...added], charge => charge.gang !== null && find(before.gangs, charge.gang) !== undefined)
      countLapses(before, ledger, nowMs, figures, uid => real.has(uid) || toldTier.has(uid))
    },
    answered(answer) {
      const { request, isDry, verdict, answeredAtMs } = answer
      checkAnswer(answer)
      if (verdict.kind === 'refused') checkRefusal(answer)
      if (verdict.kind !== 'charged' || isDry || toldTier.has(request.uid)) return
      const held = { tenant: request.tenant, tier: verdict.tier, amounts: request.demand }
      toldTier.set(request.uid, { tier: verdict.tier, atMs: answeredAtMs })
      real.set(request.uid, held)
      use.add(held)
      checkCovers(request.tenant)
      checkOversubscription()
    },
    over(uid) {
      const held = real.get(uid)
      if (held === undefined) return
      real.delete(uid)
      use.remove(held)
    },
  }
}

function tableOf(ledger: Ledger): UseTable {
  const table = useTable()
  for (const [tenant, holding] of holdings(ledger)) {
    for (const tier of TIERS) table.add({ tenant, tier, amounts: holding[tier] })
  }
  return table
}
