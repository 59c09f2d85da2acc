/**
 * Where a text stops being JSON, and how deep it nests.
 *
 * The engine's own message quotes the body, which may hold a tenant's secrets, and for an unexpected character it
 * names no position. So the place is found by reading the text again, on the error path only, in one pass and without
 * recursion.
 */

export interface Place {
  readonly line: number
  readonly column: number
  readonly offset: number
  readonly isEnd: boolean
}

type Expecting = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close'

const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20

/** The first place at which the text cannot be JSON any more, or undefined when it is JSON. */
export function findSyntaxError(text: string): Place | undefined {
  const offset = errorOffset(text)
  return offset === undefined ? undefined : placeOf(text, offset)
}

/** Whether arrays and objects nest deeper than `limit`. What a text that is no JSON gets is of no use, but it ends. */
export function nestsDeeperThan(text: string, limit: number): boolean {
  // Every level takes two characters: a short text needs no reading.
  if (text.length <= 2 * limit) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      const end = stringEnd(text, at)
      if (end < 0) return false
      at = end - 1
    } else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    if (depth > limit) return true
  }
  return false
}

function errorOffset(text: string): number | undefined {
  const open: string[] = []
  let expecting: Expecting = 'value'
  let at = skipSpace(text, 0)

  while (expecting !== 'comma-or-close' || open.length > 0) {
    const char = text[at] ?? ''
    const end = tokenEnd(text, at, expecting, open.at(-1))
    if (end === undefined) return at
    if (end < 0) return -end
    expecting = nextExpected(char, expecting, open)
    at = skipSpace(text, end)
  }
  return at === text.length ? undefined : at
}

/** The end of the token that may stand here; undefined when none may; negative: the place inside a broken string. */
function tokenEnd(text: string, at: number, expecting: Expecting, opener: string | undefined): number | undefined {
  const char = text[at] ?? ''
  switch (expecting) {
    case 'colon':
      return char === ':' ? at + 1 : undefined
    case 'comma-or-close':
      return char === ',' || char === closerOf(opener) ? at + 1 : undefined
    case 'key-or-close':
    case 'key':
      if (char === '"') return stringEnd(text, at)
      return char === '}' && expecting === 'key-or-close' ? at + 1 : undefined
    case 'value-or-close':
    case 'value':
      if (char === '"') return stringEnd(text, at)
      if (char === '{' || char === '[') return at + 1
      if (char === ']' && expecting === 'value-or-close') return at + 1
      return scalarEnd(text, at)
  }
}

function nextExpected(char: string, expecting: Expecting, open: string[]): Expecting {
  if (char === '{' || char === '[') {
    open.push(char)
    return char === '{' ? 'key-or-close' : 'value-or-close'
  }
  if (char === '}' || char === ']') {
    open.pop()
    return 'comma-or-close'
  }
  if (char === ',') return open.at(-1) === '{' ? 'key' : 'value'
  if (char === ':') return 'value'
  return expecting === 'key' || expecting === 'key-or-close' ? 'colon' : 'comma-or-close'
}

function closerOf(opener: string | undefined): string {
  return opener === '{' ? '}' : ']'
}

function scalarEnd(text: string, at: number): number | undefined {
  const end = match(SCALAR, text, at)
  return end === at ? undefined : end
}

/** The offset after the closing quote, or the negative offset of what may not stand in a string. */
function stringEnd(text: string, start: number): number {
  let at = start + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code < FIRST_PRINTABLE) return -at
    if (code === BACKSLASH) {
      const end = match(ESCAPE, text, at)
      if (end === at) return -at
      at = end
    } else at++
  }
  return -text.length
}

/** Character by character: this runs once for each token of what may be 7 MiB. */
function skipSpace(text: string, start: number): number {
  let at = start
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function placeOf(text: string, offset: number): Place {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return { line, column: offset - lineStart + 1, offset, isEnd: offset >= text.length }
}
