import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { type Explained, explainManifest } from '../admission/explanation.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { explainedJson } from '../admission/quota-json.ts'
import { scratchDesk } from '../admission/scratch-desk.ts'
import { openBooks } from '../quota/books.ts'
import type { Issue, Parsed } from '../schema/parsed.ts'
import { complain, readLayers } from './cluster.ts'
import { explainText } from './explain-text.ts'
import { readRunningPods, remarksJson } from './pods.ts'
import { clusterFor } from './review-files.ts'
import { type ManifestInput, readInputs } from './review-input.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

export interface ExplainOptions {
  readonly file: string
  readonly cluster: string
  /** What runs already, as kubectl lists it; nothing without it. */
  readonly pods?: string
  readonly namespace?: string
  readonly output: 'text' | 'json'
}

/** `sluice explain`: for each pod template of a file, what every policy made of it and every limit of quota that it met. */
export async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const inputs = readInputs([options.file])
  const objects = inputs.flatMap(input => input.objects)
  const cluster = clusterOf(objects, options)
  const problems = [...inputs.flatMap(problemsOf), ...(cluster.ok ? [] : cluster.issues)]
  if (!cluster.ok || problems.length > 0) return badInput(problems, terminal)
  const exempt = exemptNamespaces([])
  const pods = readRunningPods(options.pods, cluster.value, exempt)
  if (!pods.ok) return badInput(pods.issues, terminal)

  const { quotas } = cluster.value
  const books = openBooks(quotas, pods.value.charges)
  const bookOf = (tree: string) => books.get(tree)
  const { namespace } = options
  const deps = {
    cluster: cluster.value,
    exempt,
    bookOf,
    isQuotaKnown: true,
    ...(namespace === undefined ? {} : { namespace }),
  }
  const explained: Explained[] = []
  // Each object is explained by itself: a new desk knows nothing of the objects before.
  for (const object of objects)
    explained.push(...(await explainManifest(object, { ...deps, desk: scratchDesk(quotas, bookOf) })))

  if (options.output === 'text') terminal.out(explainText(explained, pods.value, terminal))
  else
    terminal.out(JSON.stringify({ explained: explained.map(explainedJson), remarks: remarksJson(pods.value) }, null, 2))
  return explained.some(({ review }) => review.verdict === 'denied') ? EXIT.no : EXIT.yes
}

function badInput(issues: readonly Issue[], terminal: Terminal): ExitCode {
  complain(issues, terminal)
  return EXIT.badInput
}

function clusterOf(objects: readonly PlacedObject[], options: ExplainOptions): Parsed<Cluster> {
  const layers = readLayers(options.cluster)
  const base = layers.ok ? assembleCluster(...layers.value) : layers
  if (!layers.ok || !base.ok) return base
  const { namespace } = options
  return clusterFor(objects, base.value, { layers: layers.value, ...(namespace === undefined ? {} : { namespace }) })
}

/** What keeps the objects of a file from being read whole. */
export function problemsOf({ issues, leftOut, file }: ManifestInput): readonly Issue[] {
  const [line] = leftOut
  if (line === undefined) return issues
  const problem = `what ${line.text} writes is not known here`
  return [...issues, { at: `${file}:${line.line}`, problem, remedy: 'render the template first' }]
}
