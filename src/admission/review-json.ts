import type { TemplateReview } from './manifest-review.ts'

/** The pods that run together or not at all, where a pod is judged with others. */
function togetherJson({ wholeGang }: TemplateReview) {
  return wholeGang === undefined ? null : { pods: wholeGang.size, demand: numbers(wholeGang.demand) }
}

function numbers(amounts: ReadonlyMap<string, bigint>): Readonly<Record<string, number>> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, Number(amount)]))
}

/** One review as `-o json` prints it. Demand is in milli-GPUs by class, effective in units by resource. */
export function reviewJson(file: string, review: TemplateReview) {
  const { gang, template, demand } = review
  return {
    file,
    kind: review.kind,
    name: review.name,
    namespace: review.namespace,
    podTemplate: template.podTemplate,
    verdict: review.verdict,
    tenant: review.tenant ?? null,
    tier: review.tier ?? null,
    tiers: Object.fromEntries(review.tiers),
    demand: numbers(demand?.byClass ?? new Map()),
    effective: numbers(review.effective),
    gang: gang === undefined ? null : { id: gang.id, size: gang.size ?? null, together: togetherJson(review) },
    pods: review.pods,
    patch: review.operations,
    injected: review.injections,
    warnings: review.warnings,
    denials: review.denials.map(({ code, policy, field, message, why, fix }) => ({
      code,
      policy: policy ?? null,
      field: field ?? null,
      message,
      why: why ?? null,
      fix: fix ?? null,
    })),
    undecidable: review.undecidable.map(({ at, problem }) => ({ at, problem })),
  }
}
