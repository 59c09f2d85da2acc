import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import { denialText } from '../admission/denial.ts'
import { quotaDesk } from '../admission/desk.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { reviewManifest, type TemplateReview } from '../admission/manifest-review.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { limitName } from '../admission/quota-text.ts'
import { asciiLine } from '../admission/text.ts'
import { formatGpus } from '../quantity/amount.ts'
import { type Explanation, explain as explainQuota } from '../quota/explain.ts'
import type { LedgerWriter } from '../quota/writer.ts'
import type { Issue, Parsed } from '../schema/parsed.ts'
import { complain, readLayers } from './cluster.ts'
import { inProcessLedger, SYSTEM_CLOCK } from './in-process-desk.ts'
import { clusterFor } from './review-files.ts'
import { type ManifestInput, readInputs } from './review-input.ts'
import { reviewJson } from './review-json.ts'
import { injectionLines } from './review-text.ts'
import { columns, EXIT, type ExitCode, type Paint, paintFor, type Terminal } from './terminal.ts'

export interface ExplainOptions {
  readonly file: string
  readonly cluster: string
  readonly namespace?: string
  readonly output: 'text' | 'json'
}

/** `sluice explain`: for each pod template of a file, what every policy made of it and every limit of quota that it met. */
export async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const inputs = readInputs([options.file])
  const objects = inputs.flatMap(input => input.objects)
  const cluster = clusterOf(objects, options)
  const problems = [...inputs.flatMap(problemsOf), ...(cluster.ok ? [] : cluster.issues)]
  if (!cluster.ok || problems.length > 0) {
    complain(problems, terminal)
    return EXIT.badInput
  }

  // The limits are those that the pod met, so they are explained on the ledger as it was before the pod.
  const ledger = await inProcessLedger(() => cluster.value)
  const reports: Report[] = []
  for (const object of objects) {
    const desk = quotaDesk(await inProcessLedger(() => cluster.value), () => cluster.value.quotas, SYSTEM_CLOCK)
    const deps = { cluster: cluster.value, exempt: exemptNamespaces([]), desk, isQuotaKnown: true }
    const reviews = await reviewManifest(
      object,
      options.namespace === undefined ? deps : { ...deps, namespace: options.namespace },
    )
    reports.push(...reviews.map(review => reportOf(review, cluster.value, ledger)))
  }
  show(reports, options, terminal)
  return reports.some(({ review }) => review.verdict === 'denied') ? EXIT.no : EXIT.yes
}

function clusterOf(objects: readonly PlacedObject[], options: ExplainOptions): Parsed<Cluster> {
  const layers = readLayers(options.cluster)
  const base = layers.ok ? assembleCluster(...layers.value) : layers
  if (!layers.ok || !base.ok) return base
  const { namespace } = options
  return clusterFor(objects, base.value, { layers: layers.value, ...(namespace === undefined ? {} : { namespace }) })
}

function problemsOf({ issues, leftOut, file }: ManifestInput): readonly Issue[] {
  const [line] = leftOut
  if (line === undefined) return issues
  const problem = `what ${line.text} writes is not known here`
  return [...issues, { at: `${file}:${line.line}`, problem, remedy: 'render the template first' }]
}

interface Report {
  readonly review: TemplateReview
  readonly policies: ReturnType<Cluster['policies']['explain']>
  readonly quota: Explanation | undefined
}

function reportOf(review: TemplateReview, cluster: Cluster, ledger: LedgerWriter): Report {
  return {
    review,
    policies: review.subject === undefined ? [] : cluster.policies.explain(review.subject),
    quota: limitsMet(review, cluster, ledger),
  }
}

function limitsMet(
  { tenant, demand, subject }: TemplateReview,
  cluster: Cluster,
  ledger: LedgerWriter,
): Explanation | undefined {
  const tree = tenant === undefined ? undefined : cluster.quotas.treeOfTenant.get(tenant)
  const known = tenant === undefined ? undefined : tree?.tenants.get(tenant)
  const book = tree === undefined ? undefined : ledger.book(tree.name)
  if (tenant === undefined || known === undefined || book === undefined || demand === undefined) return undefined
  // The label that Sluice sets says where the pod went; what its author asked for may have been less precise.
  const asked = subject?.pod.metadata.labels?.['sluice.dev/tier'] === undefined ? 'auto' : (subject.tier ?? 'auto')
  return explainQuota(book, known, { tenant, tier: asked, demand: demand.byClass })
}

function show(reports: readonly Report[], { output }: ExplainOptions, terminal: Terminal): void {
  if (output === 'json') {
    terminal.out(JSON.stringify({ explained: reports.map(reportJson) }, null, 2))
    return
  }
  const paint = paintFor(terminal)
  terminal.out(reports.length === 0 ? 'no pods' : reports.map(report => reportText(report, paint)).join('\n\n'))
}

function reportJson({ review, policies, quota }: Report) {
  return {
    ...reviewJson(review.at, review),
    policies,
    quota:
      quota === undefined ? null : { tenant: quota.tenant, cohort: quota.cohort, tiers: quota.tiers.map(tierJson) },
  }
}

function tierJson({ tier, fits, classes }: Explanation['tiers'][number]) {
  return {
    tier,
    fits,
    classes: classes.map(answer => ({
      class: answer.class,
      requested: Number(answer.requested),
      available: Number(answer.available),
      limits: answer.path.map(({ limit, used, limited, room }) => {
        return { limit: limitName(limit), used: Number(used), limited: String(limited), room: String(room) }
      }),
      binding: limitName(answer.binding.limit),
    })),
  }
}

function reportText({ review, policies, quota }: Report, paint: Paint): string {
  const { kind, namespace, name, template, demand, tenant, tier, workload, pods } = review
  const facts = [
    ['verdict', review.verdict],
    ['tenant', tenant ?? 'none'],
    ['tier', tier ?? 'none'],
    [
      'demand',
      [...(demand?.byClass ?? [])].map(([cls, amount]) => `${cls}=${formatGpus(amount)}`).join(', ') || 'none',
    ],
    [
      'workload',
      [workload?.kind, workload?.role, review.gang === undefined ? '' : `gang ${review.gang.id}`]
        .filter(Boolean)
        .join(' '),
    ],
  ] as const
  const refusal =
    review.denials.length === 0
      ? []
      : [
          '',
          ...denialText(review.denials)
            .split('\n')
            .map(line => `  ${line}`),
        ]
  return [
    paint.strong(asciiLine(`${kind} ${namespace}/${name} ${template.podTemplate}`)),
    ...columns(facts).map(line => `  ${line}`),
    '',
    '  policies',
    ...columns(
      policies
        .toSorted((a, b) => Number(b.isMatch) - Number(a.isMatch))
        .map(({ policy, isMatch, because }) => [isMatch ? 'applies' : '-', policy, because]),
    ).map(indent),
    ...(review.injections.length === 0 ? [] : ['', '  injected', ...injectionLines(review).map(indent)]),
    ...(quota === undefined ? [] : ['', `  ${limitsOf(pods.wanted)}`, ...limitLines(quota, paint)]),
    ...refusal,
  ].join('\n')
}

// Later pods meet the same limits with more in use; the refusal tells of the one that did not fit.
function limitsOf(pods: number): string {
  return pods > 1
    ? `limits that the first of ${pods} pods met, in the order they were tried`
    : 'limits, in the order they were tried'
}

function limitLines({ tiers }: Explanation, paint: Paint): readonly string[] {
  return tiers.flatMap(({ tier, fits, classes }) =>
    classes.flatMap(answer => {
      const head = `${tier} ${answer.class}: requested ${formatGpus(answer.requested)}, available ${formatGpus(answer.available)}`
      const steps = answer.path.map(step => [
        `  ${limitName(step.limit)}`,
        `used ${formatGpus(step.used)} of ${formatGpus(step.limited)}`,
        step === answer.binding ? 'binds' : '',
      ])
      return [
        indent(`${head}  ${fits ? paint.good('fits') : paint.bad('does not fit')}`),
        ...columns(steps).map(indent),
      ]
    }),
  )
}

function indent(line: string): string {
  return `    ${line.trimEnd()}`
}
