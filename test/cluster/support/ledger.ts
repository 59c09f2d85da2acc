/** The ledger of a tree as it is stored, read without Sluice being asked. */

import { textAt } from '../../../src/admission/objects.ts'
import { partsOf } from '../../../src/quota/holding.ts'
import { EMPTY_LEDGER, type Ledger } from '../../../src/quota/ledger.ts'
import { ledgerReader } from '../../../src/quota/ledger-text.ts'
import { entries } from '../../../src/quota/persistent-map.ts'
import { formatIssue } from '../../../src/schema/parsed.ts'
import type { ControlPlane } from './control-plane.ts'

export async function ledgerIn({ api }: ControlPlane, tree: string): Promise<Ledger> {
  const { status, body } = await api.call('GET', `/apis/sluice.dev/v1alpha1/quotaledgers/${tree}`)
  if (status === 404) return EMPTY_LEDGER
  if (status !== 200) throw new Error(`the ledger of ${tree}: ${status} ${JSON.stringify(body)}`)
  const ledger = ledgerReader().read(textAt(body, 'spec', 'charges') ?? '')
  if (!ledger.ok) throw new Error(`the ledger of ${tree}: ${ledger.issues.map(formatIssue).join('; ')}`)
  return ledger.value
}

/** Milli-GPUs by `tenant/tier class`, pods that were counted and those that were only charged alike. */
export function heldIn(ledger: Ledger): Readonly<Record<string, number>> {
  const held = [...entries(ledger.held)].flatMap(partsOf)
  return Object.fromEntries(
    held.flatMap(({ tenant, tier, amounts }) =>
      [...amounts].map(([name, amount]) => [`${tenant}/${tier} ${name}`, Number(amount)] as const),
    ),
  )
}
