/** Nodes as the GPU traces of Alibaba have them: one a row, with its model and how many GPUs it has. Those without any are left out. */
import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'
import * as cells from './cells.ts'
import { type Row, readTable } from './table.ts'
import type { TraceNode } from './trace.ts'
import { twins } from './twins.ts'

const COLUMNS = { required: ['sn', 'gpu', 'model'], optional: [] }

// Far more than any node has; a table with its columns mixed up must not make a million GPUs.
const MOST_GPUS = 1024

export function readNodes(text: string, file: string): Parsed<readonly TraceNode[]> {
  const table = readTable(text, file, COLUMNS)
  if (!table.ok) return table
  const issues: Issue[] = []
  const nodes = table.value.flatMap(row => nodeOf(row, issues) ?? [])
  issues.push(...twins(table.value, 'sn', 'node'))
  const withGpus = nodes.filter(({ gpus }) => gpus > 0)
  if (issues.length === 0 && withGpus.length === 0) {
    issues.push({ at: file, problem: 'no node has a GPU', remedy: 'give the nodes that have some' })
  }
  return issues.length === 0 ? parsed(withGpus) : failed(...issues.slice(0, 20))
}

function nodeOf(row: Row, issues: Issue[]): TraceNode | undefined {
  const name = cells.name(row.cell('sn'), issues)
  const model = modelOf(row, issues)
  const gpus = cells.wholeNumber(row.cell('gpu'), issues)
  if (name === undefined || model === undefined || gpus === undefined) return undefined
  if (gpus <= MOST_GPUS) return { name, model, gpus }
  issues.push({
    at: row.cell('gpu')?.at ?? '',
    problem: `${gpus} GPUs in one node`,
    remedy: `write at most ${MOST_GPUS}`,
  })
  return undefined
}

// A model becomes the name of an accelerator class, which the API server takes only in this form.
const MODEL = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/

function modelOf(row: Row, issues: Issue[]): string | undefined {
  const cell = row.cell('model')
  if (cell === undefined || MODEL.test(cell.text)) return cell?.text
  const problem = `${JSON.stringify(cell.text)} is no name for a model`
  issues.push({ at: cell.at, problem, remedy: 'use letters, digits, dots and hyphens' })
  return undefined
}
