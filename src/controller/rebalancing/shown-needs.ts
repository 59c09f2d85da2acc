/** The needs of a plan for which nothing is done but to show it, each in words. */
import { asciiLine } from '../../admission/text.ts'
import { missingFrom } from '../../quota/gang.ts'
import { find } from '../../quota/persistent-map.ts'
import type { MetNeed, Plan, Rule } from '../../rebalance/plan.ts'
import type { HeldPod, ReclaimableTier, Snapshot } from '../../rebalance/snapshot.ts'
import { ruleFor } from '../../rebalance/steps.ts'
import { forWhom, gpusOf } from './for-whom.ts'

export interface ShownNeed {
  readonly id: string
  readonly rule: Rule
  /** Who would have to go. */
  readonly pods: readonly { readonly uid: string; readonly tier: ReclaimableTier }[]
  readonly line: string
}

/** A line of the log is cut at 2,000 characters, and must not be cut within a name. */
const MOST_CHARACTERS = 1_400

export function shownNeeds({ met }: Plan, snapshot: Snapshot): readonly ShownNeed[] {
  const shown = met.filter(({ isApplied }) => !isApplied)
  const victims = new Set(shown.flatMap(one => one.victims))
  const pods = new Map(snapshot.pods.filter(({ uid }) => victims.has(uid)).map(pod => [pod.uid, pod]))
  return shown.map(one => shownNeed(one, pods, snapshot))
}

function shownNeed(
  { need, victims }: MetNeed,
  known: ReadonlyMap<string, HeldPod>,
  { book }: Pick<Snapshot, 'book'>,
): ShownNeed {
  const rule = ruleFor(need)
  const pods = victims.flatMap(victim => known.get(victim) ?? [])
  const holds = victims.filter(victim => !known.has(victim)).map(key => holdWords(key, book))
  const who = listed([...holds, ...pods.map(podWords)])
  return {
    id: need.id,
    rule,
    pods: pods.flatMap(({ uid, tier }) => (tier === 'reserved' ? [] : [{ uid, tier }])),
    line: asciiLine(`${rule}, ${forWhom(rule, need)}: ${who}`),
  }
}

function podWords({ namespace, name, tenant, tier, amounts }: HeldPod): string {
  return `${namespace}/${name} of ${tenant}, ${tier}, ${gpusOf(amounts)}`
}

function holdWords(key: string, { ledger }: Snapshot['book']): string {
  const gang = find(ledger.gangs, key)
  if (gang === undefined) return 'what a gang holds'
  return `what a gang of ${gang.tenant} holds, ${gang.tier}, ${gpusOf(missingFrom(gang))}`
}

function listed(victims: readonly string[]): string {
  if (victims.length === 0) return 'what others give back is enough'
  let text = ''
  let count = 0
  for (const victim of victims) {
    if (count > 0 && text.length + victim.length > MOST_CHARACTERS) break
    text += `${count === 0 ? '' : '; '}${victim}`
    count += 1
  }
  return count === victims.length ? text : `${text}; and ${victims.length - count} more`
}
