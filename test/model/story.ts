/** A violation told so that it can be followed: what happened, event by event, and the ledger it led to. */
import { charges, claims, holdings, type Ledger } from '../../src/quota/ledger.ts'
import { entries } from '../../src/quota/persistent-map.ts'
import { TIERS } from '../../src/schema/parts.ts'
import { newestLedger } from './checks.ts'
import { begin } from './model.ts'
import type { Parts } from './parts.ts'
import { CLASS, type Scenario } from './scenario.ts'
import { current, type Violation } from './search.ts'

/** Lets the path of a violation happen once more, and writes it down. */
export async function tell(scenario: Scenario, parts: Parts, { what, path }: Violation): Promise<string> {
  const run = await begin(scenario, parts)
  for (const name of path) await run.take(current(run, name), false)
  if (run.wrong() === undefined) await run.wrongAtRest()
  return [
    `${scenario.name}: ${what}`,
    '',
    ...run.world.story.map(line => `  ${line}`),
    '',
    `the ledger, at ${run.world.now()} ms:`,
    ...ledgerLines(newestLedger(run.world)).map(line => `  ${line}`),
    '',
    `choices: ${JSON.stringify(path)}`,
  ].join('\n')
}

function ledgerLines(ledger: Ledger): readonly string[] {
  const held = holdings(ledger).flatMap(([tenant, holding]) =>
    TIERS.filter(tier => holding[tier].size > 0).map(tier => `${tenant} holds ${holding[tier].get(CLASS)} ${tier}`),
  )
  const booked = charges(ledger).map(
    ({ uid, tenant, tier, bookedBy, expiresAtMs }) =>
      `${uid} of ${tenant} is charged as ${tier} by ${bookedBy} until ${expiresAtMs} ms`,
  )
  const gangs = entries(ledger.gangs).map(
    ([key, { arrived, size, heldUntilMs }]) => `gang ${key}: ${arrived} of ${size}, held until ${heldUntilMs} ms`,
  )
  const claimed = claims(ledger).map(({ tenant, tier, amounts, untilMs }) => {
    return `${amounts.get(CLASS)} ${tier} are claimed for ${tenant} until ${untilMs} ms`
  })
  return [`counted up to event ${ledger.base.position}`, ...held, ...booked, ...gangs, ...claimed]
}
