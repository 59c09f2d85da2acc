import { CODES_URL } from './codes.ts'
import { asciiLine, truncate } from './text.ts'

/** One reason to refuse a pod. */
export interface Denial {
  readonly code: string
  /** Invalid: the spec must change, and controllers stop. Forbidden: the same pod may be admitted later, and they go on. */
  readonly reason: 'Invalid' | 'Forbidden'
  /** The policy that refuses, where one does. */
  readonly policy?: string
  /** The field to blame: `spec.containers[0].resources.limits`. */
  readonly field?: string
  /** What is wrong, in one line without the field, the same on every retry: events are grouped by their text. */
  readonly message: string
  readonly why?: string
  readonly fix?: string
}

// kubectl shows a first line of any length, events cut it; 1,024 is where the events API refuses (facts: admission §3).
const MAX_FIRST_LINE = 160
const MAX_TEXT = 1000
/** The most of a reason or a remedy that is shown. */
export const MAX_LINE = 320
// `(and 123 more)` on a line of its own.
const ROOM_FOR_REST = 24

// The spec is to be corrected before quota means anything; then what the platform forbids; quota, which may pass, last.
const SEVERITY = ['SLU-E', 'SLU-P', 'SLU-S', 'SLU-Q']

export function worstFirst(denials: readonly Denial[]): readonly Denial[] {
  const severity = ({ code }: Denial) => {
    const index = SEVERITY.findIndex(prefix => code.startsWith(prefix))
    return index < 0 ? SEVERITY.indexOf('SLU-P') : index
  }
  return denials.toSorted((a, b) => severity(a) - severity(b))
}

/** The whole text of a refusal, as webhook, CLI, events and page show it. */
export function denialText(denials: readonly Denial[]): string {
  const blocks = worstFirst(denials).map(blockOf)
  const [first = ''] = blocks
  let text = truncate(first, blocks.length === 1 ? MAX_TEXT : MAX_TEXT - ROOM_FOR_REST)
  for (const [index, block] of blocks.slice(1).entries()) {
    const rest = blocks.length - 1 - index
    const next = `${text}\n${block}`
    if (next.length > MAX_TEXT - ROOM_FOR_REST) return `${text}\n(and ${rest} more)`
    text = next
  }
  return text
}

/** One refusal in one line, for a cause or a bullet. */
export function denialLine({ code, message, fix }: Denial): string {
  return truncate(asciiLine(`[${code}] ${message}${fix === undefined ? '' : `; fix: ${fix}`}`), 512)
}

function blockOf({ code, field, message, why, fix }: Denial): string {
  const plain = asciiLine(`[${code}] ${message}`)
  const withField = asciiLine(`[${code}] ${field ?? ''}: ${message}`)
  // `kubectl get events` shows the first line alone, so the field stands there if there is room for it.
  const isRoomy = field !== undefined && withField.length <= MAX_FIRST_LINE
  const lines = [truncate(isRoomy ? withField : plain, MAX_FIRST_LINE)]
  if (field !== undefined && !isRoomy) lines.push(`  field: ${truncate(asciiLine(field), MAX_LINE)}`)
  if (why !== undefined) lines.push(`  why: ${truncate(asciiLine(why), MAX_LINE)}`)
  if (fix !== undefined) lines.push(`  fix: ${truncate(asciiLine(fix), MAX_LINE)}`)
  lines.push(`  more: ${CODES_URL}/${code}`)
  return lines.join('\n')
}
