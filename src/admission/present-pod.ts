/**
 * A pod that is there, and what it holds: the same for a list of pods that somebody prints and for the pods that a leader follows.
 */
import type { ClaimLookup } from '../gpu/claims.ts'
import type { Demand } from '../gpu/demand.ts'
import type { Book } from '../quota/book.ts'
import { firstFit } from '../quota/decide.ts'
import type { Tenant } from '../quota/quota-tree.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Issue } from '../schema/parsed.ts'
import { isList, type JsonObject, type Tier } from '../schema/parts.ts'
import { parsePod } from '../schema/pod.ts'
import { podRequest } from '../schema/review.ts'
import type { Cluster } from './cluster.ts'
import { type ExemptNamespaces, isExempt } from './exempt.ts'
import { fieldAt, textAt } from './objects.ts'
import { type Examined, examine } from './subject.ts'

export type PresentPod =
  /** It asks for no accelerator, or its namespace is exempt. */
  | { readonly kind: 'free' }
  /** What it holds cannot be said. */
  | { readonly kind: 'unclear'; readonly issues: readonly Issue[] }
  /** `issues`: what admission would have refused it for; it runs all the same. */
  | {
      readonly kind: 'holding'
      readonly examined: Examined
      readonly demand: Demand
      readonly issues: readonly Issue[]
    }

interface PodIdentity {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

const FREE: PresentPod = { kind: 'free' }

/** What a pod holds for as long as it has not ended. */
export function presentPod(object: JsonObject, cluster: Cluster, exempt: ExemptNamespaces): PresentPod {
  const { uid, namespace } = podIdentity(object)
  const request = podRequest({ uid, namespace, object })
  if (isExempt(request, exempt)) return FREE
  const pod = parsePod(object)
  if (!pod.ok) return { kind: 'unclear', issues: pod.issues }

  const known = { ...cluster, claims: withMadeClaims(cluster.claims, object) }
  const examined = examine(request, pod.value, known, { areClaimsKnown: false })
  const { denials, undecidable, subject } = examined
  const issues = [...denials.map(({ field = 'spec', message }) => ({ at: field, problem: message })), ...undecidable]
  if (subject.demand !== undefined) return { kind: 'holding', examined, demand: subject.demand, issues }
  return issues.length === 0 ? FREE : { kind: 'unclear', issues }
}

/** Whether it holds nothing any more, although its object is still there. One that is being deleted runs until it is gone. */
export function hasEnded(object: JsonObject): boolean {
  const phase = textAt(object, 'status', 'phase')
  return phase === 'Succeeded' || phase === 'Failed'
}

export function podIdentity(object: JsonObject): PodIdentity {
  const namespace = textAt(object, 'metadata', 'namespace') ?? 'default'
  const name = textAt(object, 'metadata', 'name') ?? ''
  // Lists of another origin may lack it; a pod is known by its name for as long as it lives.
  return { uid: textAt(object, 'metadata', 'uid') || `${namespace}/${name}`, namespace, name }
}

/** Where a pod counts that names no tier: in the first that fits; it runs, so else in the last of its tenant's order. */
export function tierOfUnlabelled(
  book: Book,
  tenant: Tenant,
  demand: Amounts,
): { readonly tier: Tier; readonly fits: boolean } {
  const fitting = firstFit(book, tenant, { tenant: tenant.spec.name, tier: 'auto', demand })
  return { tier: fitting ?? tenant.spec.tierOrder.at(-1) ?? 'burst', fits: fitting !== undefined }
}

/** A template may be gone, or another, since the pod's claim was made from it: what the pod has been given is that claim. */
function withMadeClaims(claims: ClaimLookup, object: JsonObject): ClaimLookup {
  const made = madeClaims(object)
  if (made.size === 0) return claims
  return {
    claim: (namespace, name) => claims.claim(namespace, name),
    template(namespace, name) {
      const claim = made.get(name)
      const found = claim === undefined ? undefined : claims.claim(namespace, claim)
      return found?.kind === 'found' ? found : claims.template(namespace, name)
    },
  }
}

/** By the name of the template, the claim that was made from it for this pod. */
function madeClaims(object: JsonObject): ReadonlyMap<string, string> {
  const claimOf = new Map(pairsAt(object, ['status', 'resourceClaimStatuses'], 'name', 'resourceClaimName'))
  const templates = pairsAt(object, ['spec', 'resourceClaims'], 'resourceClaimTemplateName', 'name')
  return new Map(
    templates.flatMap(([template, name]): [string, string][] => {
      const claim = claimOf.get(name)
      return claim === undefined ? [] : [[template, claim]]
    }),
  )
}

function pairsAt(object: JsonObject, path: readonly string[], key: string, value: string): readonly [string, string][] {
  const list = fieldAt(object, ...path)
  return (isList(list) ? list : []).flatMap((item): [string, string][] => {
    const [left, right] = [textAt(item, key), textAt(item, value)]
    return left === undefined || right === undefined ? [] : [[left, right]]
  })
}
