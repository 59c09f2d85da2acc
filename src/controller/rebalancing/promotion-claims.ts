/** The claims by which the ledger holds room in a better tier for pods that are there, until they are counted in it. */
import { type Claim, claimKey } from '../../quota/claim.ts'
import { find } from '../../quota/persistent-map.ts'
import type { Amounts } from '../../quota/usage.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Promote } from '../../rebalance/plan.ts'

interface Moving {
  readonly uid: string
  readonly amounts: Amounts
}

type Ledger = Pick<LedgerWriter, 'amend' | 'book'>

/** Holds room for all of these pods, or for none: where one does not fit any more, it is false. Rejects when the ledger's store fails. */
export async function holdRoom(
  tree: string,
  { tenant, to }: Promote,
  pods: readonly Moving[],
  untilMs: number,
  ledger: Ledger,
): Promise<boolean> {
  const claims = pods.map(({ uid, amounts }): Claim => {
    return { tenant, tier: to, amounts, heldFor: { kind: 'pod', uid }, untilMs }
  })
  await ledger.amend(
    tree,
    claims.map(claim => ({ kind: 'claim', claim })),
  )
  // One that does not fit any more is not entered.
  const entered = ledger.book(tree)?.ledger.claims
  const isHeld = ({ heldFor }: Claim) => entered !== undefined && find(entered, claimKey(tenant, heldFor))?.tier === to
  if (claims.every(isHeld)) return true
  await letGo(tree, tenant, pods, ledger)
  return false
}

/** Gives the room back that is held for these pods. Rejects when the ledger's store fails. */
export async function letGo(
  tree: string,
  tenant: string,
  pods: readonly Pick<Moving, 'uid'>[],
  ledger: Ledger,
): Promise<void> {
  if (pods.length === 0) return
  await ledger.amend(
    tree,
    pods.map(({ uid }) => ({ kind: 'unclaim', key: claimKey(tenant, { kind: 'pod', uid }) })),
  )
}
