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
