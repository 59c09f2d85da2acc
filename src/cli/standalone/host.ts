/**
 * Where pods are in a process without a cluster, and who counts them: the webhook tells of those it admitted, whoever deletes one says
 * so, and what was charged and never came lapses.
 */
import type { Clock } from '../../admission/endpoint.ts'
import type { Validation } from '../../admission/validate.ts'
import { chargeOf } from '../../quota/ledger.ts'
import type { Quotas } from '../../quota/tiers.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Notice } from '../../rebalance/snapshot.ts'
import type { Tier } from '../../schema/parts.ts'
import { arrived, type HostedPod } from './pods.ts'
import { type TreePods, treePods } from './tree-pods.ts'

export interface PodHost {
  /** A pod was let in. One that was not charged, because its tenant is only warned, holds nothing and is not kept. */
  admitted(validation: Validation): void
  /** A pod has ended; false where there was none. */
  remove(uid: string): boolean
  /** What a pod was told, or that it was taken back. */
  notice(uid: string, notice: Notice | null): void
  /** A pod holds what it holds in another tier from now on. */
  retier(uid: string, tier: Tier): void
  /** The pods of a tree, in the order in which they came. */
  of(tree: string): readonly HostedPod[]
  inNamespace(namespace: string): readonly HostedPod[]
  find(uid: string): HostedPod | undefined
  /** Counts what is there, and lets lapse what was held for pods that did not come. Rejects when the store fails. */
  recount(): Promise<void>
}

interface HostDeps {
  readonly writer: Pick<LedgerWriter, 'amend' | 'book'>
  /** Nobody changes them while the process runs. */
  readonly quotas: Quotas
  readonly clock: Clock
}

export function podHost({ writer, quotas, clock }: HostDeps): PodHost {
  const trees = new Map([...quotas.trees].map(([name, tree]) => [name, treePods(tree, clock.now)] as const))

  function holderOf(uid: string): TreePods | undefined {
    return trees.values().find(pods => pods.find(uid) !== undefined)
  }

  return {
    admitted(validation) {
      const { subject } = validation.examined
      const uid = subject.pod.metadata.uid ?? subject.request.uid
      const tree = quotas.treeOfTenant.get(subject.tenant ?? '')?.name ?? ''
      const book = writer.book(tree)
      const charge = book === undefined ? undefined : chargeOf(book.ledger, uid)
      if (charge !== undefined) trees.get(tree)?.enter(arrived(validation, charge, clock.now()))
    },
    remove: uid => holderOf(uid)?.leave(uid) !== undefined,
    notice: (uid, notice) => holderOf(uid)?.notice(uid, notice),
    retier: (uid, tier) => holderOf(uid)?.retier(uid, tier),
    of: tree => trees.get(tree)?.all() ?? [],
    inNamespace: name => [...trees.values()].flatMap(pods => pods.all().filter(({ namespace }) => namespace === name)),
    find: uid => holderOf(uid)?.find(uid),
    async recount() {
      for (const [tree, pods] of trees) {
        const view = pods.view(clock.now())
        await writer.amend(tree, [{ kind: 'recount', view }])
        pods.stored(view)
      }
    },
  }
}
