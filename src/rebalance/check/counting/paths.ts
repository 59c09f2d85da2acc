/** Who stands where in a tree. */
import type { Node } from '../../../quota/tree.ts'

/** From a node up to, and without, one of those above it; to the root where that is not above it. */
export function below(node: Node, top: Node): readonly Node[] {
  const path: Node[] = []
  for (let at: Node | null = node; at !== null && at.index !== top.index; at = at.parent) path.push(at)
  return path
}

export function isUnder(node: Node, top: Node): boolean {
  for (let at: Node | null = node; at !== null; at = at.parent) if (at.index === top.index) return true
  return false
}

/** The nearest node above both, or one of them. */
export function meetingPoint(a: Node, b: Node): Node {
  let at = a
  while (at.parent !== null && !isUnder(b, at)) at = at.parent
  return at
}
