import type { PlacedObject } from '../admission/objects.ts'
import { textAt } from '../admission/objects.ts'
import { isSluiceApi } from '../schema/documents.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'

type Layers = readonly (readonly PlacedObject[])[]

/**
 * The layers without the documents that are named as kubectl names them, `TenantQuota/research`; the kind in any case. What is
 * not there cannot be deleted: the name is misspelt, and the answer would be that of another question.
 */
export function withoutDeleted(layers: Layers, references: readonly string[]): Parsed<Layers> {
  const issues = references.flatMap(reference => issueOf(reference, layers))
  if (issues.length > 0) return failed(...issues)
  const gone = new Set(references.map(reference => reference.toLowerCase()))
  return parsed(layers.map(layer => layer.filter(object => !gone.has(referenceOf(object)))))
}

function issueOf(reference: string, layers: Layers): readonly Issue[] {
  const at = '--delete'
  const shown = JSON.stringify(reference)
  if (!/^[A-Za-z]+\/[^/]+$/.test(reference)) {
    return [{ at, problem: `${shown} names no document`, remedy: 'write KIND/NAME, such as TenantQuota/research' }]
  }
  if (layers.flat().some(object => referenceOf(object) === reference.toLowerCase())) return []
  return [
    { at, problem: `there is no ${reference} to delete`, remedy: 'use the kind and name of a document of the cluster' },
  ]
}

function referenceOf({ value }: PlacedObject): string {
  if (!isSluiceApi(value.apiVersion)) return ''
  return `${String(value.kind)}/${textAt(value, 'metadata', 'name') ?? ''}`.toLowerCase()
}
