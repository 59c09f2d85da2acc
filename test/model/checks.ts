/** The laws of the ledger, on a world at any moment and on one that has come to rest. */
import { gangKey } from '../../src/quota/gang.ts'
import { EMPTY_LEDGER, type Ledger } from '../../src/quota/ledger.ts'
import { entries } from '../../src/quota/persistent-map.ts'
import { wrongAnswer } from './answers.ts'
import { passedLimit, shortfall, sumsHeld, sumsOf } from './sums.ts'
import type { World } from './world.ts'
import { wrongWrite } from './writes.ts'

export interface Watch {
  /** What is wrong after the last event. */
  wrong(): string | undefined
  /** What is new is known to be right. */
  skip(): void
}

/** Checks a world after each of its events, what is new in it each time. */
export function watchful(world: World): Watch {
  const { network, callers, scenario } = world
  let versions = 1
  const judged = new Set<unknown>()

  function newWrites(): string | undefined {
    for (; versions < network.history.versions.length; versions += 1) {
      const [before, after] = network.history.versions.slice(versions - 1, versions + 1)
      const what = before && after && wrongWrite(world, before, after)
      if (what !== undefined) return what
    }
    return undefined
  }

  function newAnswers(): string | undefined {
    for (const asked of callers.asked) {
      if (asked.answer === null || judged.has(asked)) continue
      judged.add(asked)
      const what = wrongAnswer(scenario, asked)
      if (what !== undefined) return what
    }
    return undefined
  }

  return {
    wrong: () => newWrites() ?? newAnswers() ?? wrongNow(world),
    skip: () => {
      versions = network.history.versions.length
      for (const asked of callers.asked) if (asked.answer !== null) judged.add(asked)
    },
  }
}

function wrongNow(world: World): string | undefined {
  const { scenario, callers, network, now } = world
  const standing = world.standing()
  const needed = sumsOf(standing)
  const passed = passedLimit(scenario.limits, needed)
  if (passed !== undefined) return `the pods that are there or may still come pass a limit: ${passed}`
  const short = shortfall(sumsHeld(newestLedger(world).held), needed)
  if (short !== undefined) return `the ledger lacks pods that are there or may still come: it has ${short}`
  const late = callers.asked.find(
    ({ answer, deadlineMs, review }) => answer === null && now() >= deadlineMs && !network.dead.has(review.replica),
  )
  if (late !== undefined) return `${late.review.name} has no answer at its deadline`
  return rivalry(world)
}

function rivalry({ scenario, standing }: World): string | undefined {
  if (scenario.rivals.length === 0) return undefined
  const tenants = Object.keys(scenario.limits.reserved)
  const keys = new Set(standing().map(({ gang }) => gang))
  const present = scenario.rivals.filter(id => tenants.some(tenant => keys.has(gangKey(tenant, id))))
  return present.length > 1 ? `gangs ${present.join(' and ')} are both there, and one has room` : undefined
}

/** What is wrong when nothing more will happen and a leader that saw everything has recounted. */
export function wrongAtRest(world: World): string | undefined {
  const ledger = newestLedger(world)
  const [held, needed] = [sumsHeld(ledger.held), sumsOf(world.cluster.pods())]
  if (ledger.charges.size > 0) return 'at rest charges are left'
  if (ledger.claims.size > 0) return 'at rest claims are left'
  const apart = shortfall(held, needed) ?? shortfall(needed, held)
  if (apart !== undefined) return `at rest the ledger and the pods disagree: ${apart}`
  const live = new Set(world.cluster.pods().map(({ gang }) => gang))
  for (const [key, gang] of entries(ledger.gangs)) {
    if (gang.heldUntilMs !== null) return `at rest room is held for gang ${key}`
    if (!live.has(key)) return `at rest gang ${key} is remembered, of which no pod is there`
  }
  return undefined
}

export function newestLedger({ network }: World): Ledger {
  return network.history.versions.at(-1) ?? EMPTY_LEDGER
}
