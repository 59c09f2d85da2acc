import type { Issue } from '../schema/parsed.ts'
import type { LabelSelector } from '../schema/parts.ts'

/** Whether labels satisfy a selector; an empty selector selects everything (k8s.io/apimachinery/pkg/labels). */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const value = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  const exact = Object.entries(selector.matchLabels ?? {})
  if (exact.some(([key, wanted]) => value(key) !== wanted)) return false
  return (selector.matchExpressions ?? []).every(requirement => holds(requirement, value(requirement.key)))
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]

function holds({ operator, values = [] }: Requirement, found: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return found !== undefined && values.includes(found)
    case 'NotIn':
      return found === undefined || !values.includes(found)
    case 'Exists':
      return found !== undefined
    case 'DoesNotExist':
      return found === undefined
  }
}

/** What no API server would accept of a selector, and what would silently select nothing, or everything. */
export function selectorIssues(selector: LabelSelector | undefined, at: string): readonly Issue[] {
  return requirementIssues(selector?.matchExpressions, `${at}.matchExpressions`)
}

export function requirementIssues(
  requirements: readonly Omit<Requirement, 'key'>[] | undefined,
  at: string,
): readonly Issue[] {
  return (requirements ?? []).flatMap(({ operator, values = [] }, index): readonly Issue[] => {
    const takesValues = operator === 'In' || operator === 'NotIn'
    if (takesValues === values.length > 0) return []
    const problem = takesValues ? `${operator} without values` : `${operator} takes no values`
    const remedy = takesValues ? 'list at least one, or use Exists or DoesNotExist' : 'remove them, or use In or NotIn'
    return [{ at: `${at}[${index}]`, problem, remedy }]
  })
}
