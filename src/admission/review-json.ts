import type { TemplateReview } from './manifest-review.ts'

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
    demand: Object.fromEntries([...(demand?.byClass ?? [])].map(([name, amount]) => [name, Number(amount)])),
    effective: Object.fromEntries([...review.effective].map(([name, count]) => [name, Number(count)])),
    gang: gang === undefined ? null : { id: gang.id, size: gang.size ?? null },
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
