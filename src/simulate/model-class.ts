/** Which accelerator class the GPUs of a model count in. */
import type { ClassTable } from '../gpu/class-table.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import type { TraceNode } from './trace/trace.ts'

/** The class that bears the name of the model, in the form that the API server takes. */
export function classNameOf(model: string): string {
  return model.toLowerCase()
}

/** By model, or every model that the cluster has no class for. */
export function classesOf(nodes: readonly TraceNode[], { classes }: ClassTable): Parsed<ReadonlyMap<string, string>> {
  const models = [...new Set(nodes.map(({ model }) => model))].toSorted()
  const unknown = models.filter(model => !classes.has(classNameOf(model)))
  if (unknown.length === 0) return parsed(new Map(models.map(model => [model, classNameOf(model)])))
  return failed(
    ...unknown.map(model => ({
      at: `nodes of the model ${model}`,
      problem: `no AcceleratorClass is named ${JSON.stringify(classNameOf(model))}`,
      remedy: 'define it in the cluster folder, or write the name of a class in the column model',
    })),
  )
}
