import type { GpuPolicyDocument } from '../schema/documents.ts'
import { blamedOn, type Issue } from '../schema/parsed.ts'
import { TIER_LABEL } from './owned-keys.ts'

/** A label that is injected, and who does it. */
type Setter = readonly [label: string, by: string, document?: GpuPolicyDocument]

/**
 * Finds policies that inject into pods selected by a label which is itself injected. All policies see the pod as it came, so such a
 * policy would say nothing on the first pass, and something on a second one, which other webhooks cause or not.
 */
export function injectedSelectors(documents: readonly GpuPolicyDocument[]): readonly Issue[] {
  const setters: readonly Setter[] = [
    [TIER_LABEL, 'the admission itself'],
    ...documents.flatMap(document =>
      (document.spec.inject?.labels ?? []).map(({ key }): Setter => [key, nameOf(document), document]),
    ),
  ]
  return documents.filter(({ spec }) => spec.inject !== undefined).flatMap(document => issuesOf(document, setters))
}

function issuesOf(document: GpuPolicyDocument, setters: readonly Setter[]): readonly Issue[] {
  const { matchLabels = {}, matchExpressions = [] } = document.spec.match?.objectSelector ?? {}
  const selected = new Set([...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)])
  const name = nameOf(document)
  return setters
    .filter(([label, by]) => selected.has(label) && by !== name)
    .flatMap(([label, by, setter]) => {
      const problem = `selects by the label ${label}, which ${by} injects: on a first pass it is not there yet`
      const remedy = label === TIER_LABEL ? 'use match.tiers' : 'select by what that policy selects by'
      const both = setter === undefined ? [document] : [document, setter]
      return blamedOn(both, [{ at: `${name}: spec.match.objectSelector`, problem, remedy }])
    })
}

function nameOf({ metadata }: GpuPolicyDocument): string {
  return `GpuPolicy ${metadata.name}`
}
