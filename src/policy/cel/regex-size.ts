/**
 * How large the program of a regular expression becomes, before it is compiled: `(?:abc){1000}` is thirteen characters
 * and four thousand instructions. Compiling is what a hostile pattern can make slow; matching is linear.
 */

// Sticky: each finds one token where the last one ended.
const TOKEN = /\\Q.*?(?:\\E|$)|\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|\{(\d+)(,(\d*))?\}|\(\?(?:P?<[^>]*>|[a-zA-Z-]*:?)|./sy
const CLASS_END = /\\.|\[:[^\]]*:\]|./sy

/** An upper estimate of the number of characters and classes the pattern stands for when every repeat is written out. */
export function regexSize(pattern: string): number {
  const groups: number[] = []
  let size = 0
  let last = 0
  for (let at = 0; at < pattern.length; ) {
    const token = tokenAt(pattern, at)
    at += token.text.length
    if (token.text === '(' || token.text.startsWith('(?')) {
      groups.push(size)
      size = 0
      last = 0
    } else if (token.text === ')') {
      // A closing bracket without an opening one is an error the compiler reports; counted as a group of everything.
      last = size + 1
      size = (groups.pop() ?? 0) + last
    } else if (token.repeat !== undefined) {
      size += last * Math.max(token.repeat - 1, 0)
      last *= Math.max(token.repeat, 1)
    } else {
      last = token.text.startsWith('\\Q') ? token.text.length : 1
      size += last
    }
  }
  return groups.reduce((sum, outer) => sum + outer, size)
}

interface Token {
  readonly text: string
  readonly repeat?: number
}

function tokenAt(pattern: string, at: number): Token {
  if (pattern[at] === '[') return { text: pattern.slice(at, classEnd(pattern, at)) }
  TOKEN.lastIndex = at
  const [text = '', least, range, most] = TOKEN.exec(pattern) ?? []
  if (least === undefined) return { text }
  return { text, repeat: Math.max(Number(least), range === undefined || most === '' ? 0 : Number(most)) }
}

/** Where a character class ends. The first `]` in it is a member, as is anything escaped or named (`[:alpha:]`). */
function classEnd(pattern: string, start: number): number {
  let at = start + 1
  if (pattern[at] === '^') at += 1
  if (pattern[at] === ']') at += 1
  while (at < pattern.length && pattern[at] !== ']') {
    CLASS_END.lastIndex = at
    at += CLASS_END.exec(pattern)?.[0].length ?? 1
  }
  return at + 1
}
