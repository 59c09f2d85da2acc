/** What Prometheus answers to an instant query, read strictly: `{status, data: {resultType: vector, result: [{metric, value}]}}`. */
import { fieldAt, textAt } from '../admission/objects.ts'
import { asciiLine, truncate } from '../admission/text.ts'
import type { UtilisationSample } from '../controller/rebalancing/utilisation.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { isList, type JsonValue } from '../schema/parts.ts'

/**
 * The samples of an answer. Series that name no pod, such as those of GPUs that nobody uses, and values that are no percentage, such as
 * NaN, are passed over; an answer of another form is refused whole.
 */
export function parseAnswer(body: JsonValue): Parsed<readonly UtilisationSample[]> {
  if (textAt(body, 'status') !== 'success') return failed({ at: 'status', problem: complaintIn(body) })
  const type = textAt(body, 'data', 'resultType')
  if (type !== 'vector') {
    return failed({ at: 'data.resultType', problem: `is ${shown(type)}, not vector: the query must be an instant one` })
  }
  const result = fieldAt(body, 'data', 'result')
  if (!isList(result)) return failed({ at: 'data.result', problem: 'is no list' })
  const read = result.map(sampleOf)
  const wrong = read.indexOf('malformed')
  if (wrong !== -1) return failed({ at: `data.result[${wrong}]`, problem: 'has no metric and value as they should be' })
  return parsed(read.filter(sample => typeof sample === 'object'))
}

/** Why a query failed, as Prometheus says it; something else may have answered in its place. */
export function complaintIn(body: JsonValue): string {
  const error = textAt(body, 'error')
  return error === undefined ? 'is not success, and no error is named' : shown(error)
}

function sampleOf(one: JsonValue): UtilisationSample | 'passed-over' | 'malformed' {
  const value = fieldAt(one, 'value')
  if (fieldAt(one, 'metric') === undefined || !isList(value) || value.length !== 2) return 'malformed'
  const [seconds, text] = value
  if (typeof seconds !== 'number' || typeof text !== 'string') return 'malformed'
  const { namespace, pod } = podOf(one)
  const percent = Number(text)
  if (namespace === '' || pod === '' || text === '' || !(percent >= 0 && percent <= 100)) return 'passed-over'
  return { namespace, pod, percent, atMs: Math.round(seconds * 1_000) }
}

/**
 * Where the exporter's own labels do not count (`honor_labels: false`), `namespace` and `pod` are those of the exporter, and those of the
 * pod that has the GPU stand beside them.
 */
function podOf(one: JsonValue): { readonly namespace: string; readonly pod: string } {
  const label = (name: string) => textAt(one, 'metric', name) ?? ''
  const exported = { namespace: label('exported_namespace'), pod: label('exported_pod') }
  return exported.pod === '' ? { namespace: label('namespace'), pod: label('pod') } : exported
}

function shown(text: string | undefined): string {
  return truncate(asciiLine(text ?? 'missing'), 200)
}
