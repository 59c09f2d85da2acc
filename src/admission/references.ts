import type { SluiceDocument } from '../schema/documents.ts'
import type { DocumentName } from '../schema/parsed.ts'

/** A document that names another one, and the field in which it does. */
export interface Reference {
  readonly from: DocumentName
  readonly field: string
}

/** Whoever would be left with the name of something that is not there. */
export function referencesTo({ kind, name }: DocumentName, documents: readonly SluiceDocument[]): readonly Reference[] {
  return documents.flatMap(document =>
    namesIn(document)
      .filter(named => named.kind === kind && named.name === name)
      // What names itself is gone with itself.
      .filter(() => document.kind !== kind || document.metadata.name !== name)
      .map(({ field }) => ({ from: { kind: document.kind, name: document.metadata.name }, field })),
  )
}

interface Named extends DocumentName {
  readonly field: string
}

function namesIn(document: SluiceDocument): readonly Named[] {
  switch (document.kind) {
    case 'AcceleratorClass':
    case 'FabricProfile':
      return []
    case 'Cohort':
      return [...named('Cohort', document.spec.parent, 'spec.parent'), ...classesOf(document.spec.classes)]
    case 'TenantQuota':
      return [...named('Cohort', document.spec.cohort, 'spec.cohort'), ...classesOf(document.spec.classes)]
    case 'GpuPolicy':
      // One that is switched off may name what is to come.
      return document.spec.suspend === true
        ? []
        : named('FabricProfile', document.spec.inject?.fabric?.profile, 'spec.inject.fabric.profile')
  }
}

function classesOf(classes: readonly { readonly class: string }[]): readonly Named[] {
  return classes.flatMap((entry, index) => named('AcceleratorClass', entry.class, `spec.classes[${index}]`))
}

function named(kind: SluiceDocument['kind'], name: string | undefined, field: string): readonly Named[] {
  return name === undefined ? [] : [{ kind, name, field }]
}
