/** An action of a template, `{{ … }}` or `{% … %}`, and where in the text it stands. */
export interface Action {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The actions of a text, in order. One that is never closed is text. */
export function actionsIn(text: string): readonly Action[] {
  const actions: Action[] = []
  for (let start = nextOpening(text, 0); start >= 0; ) {
    const closing = text.indexOf(text[start + 1] === '{' ? '}}' : '%}', start + 2)
    if (closing < 0) break
    const end = closing + 2
    actions.push({ text: text.slice(start, end), start, end })
    start = nextOpening(text, end)
  }
  return actions
}

function nextOpening(text: string, from: number): number {
  const offset = text.slice(from).search(/\{[{%]/)
  return offset < 0 ? -1 : from + offset
}

/** What an action does to the text around it. */
type Effect = 'opens' | 'alternates' | 'closes' | 'nothing' | 'writes'

export function effectOf({ text }: Action): Effect {
  const body = text
    .slice(2, -2)
    .replace(/^[-~+]|[-~+]$/g, '')
    .trim()
  if (/^(\/\*|#[^a-z]|!|\$\w*\s*:?=|set\b)/.test(body)) return 'nothing'
  if (/^#?(if|with|range|each|unless|for|define|block)\b/.test(body)) return 'opens'
  if (/^(else|elif)\b/.test(body)) return 'alternates'
  return /^(end\w*\b|\/)/.test(body) ? 'closes' : 'writes'
}

// What a condition guards is known no better than what an action prints.
export function isUnknown(action: Action): boolean {
  return !['nothing', 'closes'].includes(effectOf(action))
}
