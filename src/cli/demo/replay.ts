/** The examples through both webhooks, and what became of each. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { textAt } from '../../admission/objects.ts'
import { readObjectsOf } from '../../config/cluster-folder.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { podTemplates, type TemplatePod } from '../../workload/templates.ts'
import { created } from './creating.ts'
import { show } from './replayed.ts'
import { heading, type Stage } from './stage.ts'

// Enough to see a gang or a scaled Deployment fill up; a thousand replicas would say the same.
const MAX_PODS_PER_TEMPLATE = 32

export async function replay(file: string, stage: Stage): Promise<void> {
  heading(stage, basename(file), headOf(file))
  const { objects } = readObjectsOf(file)
  const templates = objects.flatMap(({ value }) => podTemplates(value).map(template => ({ manifest: value, template })))
  if (templates.length === 0) stage.terminal.out('  no pods')
  for (const { manifest, template } of templates) await replayTemplate(manifest, template, stage)
}

/** The first sentence of the comment at the top of a manifest. */
function headOf(file: string): string {
  const comment = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line, index, lines) => lines.slice(0, index + 1).every(isComment) && isComment(line))
  const text = comment.map(line => line.replace(/^#\s?/, '')).join(' ')
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/[.:]$/, '') ?? text
}

function isComment(line: string): boolean {
  return line.startsWith('#')
}

async function replayTemplate(manifest: JsonObject, template: TemplatePod, stage: Stage): Promise<void> {
  const namespace = textAt(manifest, 'metadata', 'namespace') ?? 'default'
  const wanted = Math.min(template.replicas ?? 1, MAX_PODS_PER_TEMPLATE)
  const pods = await created(stage, wanted, () => template.pod, namespace)
  const name = textAt(manifest, 'metadata', 'name') ?? textAt(manifest, 'metadata', 'generateName')
  show(`${textAt(manifest, 'kind')} ${namespace}/${name}`, template, pods, stage)
}
