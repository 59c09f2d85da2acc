import assert from 'node:assert/strict'

// C0 and C1 control characters, line and paragraph separators, and what turns the direction of text.
const UNSAFE: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x2028, 0x2029],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
]
const LINE_BREAK = 0x0a

/** Fails where a text would make a terminal do something; line breaks are in order. */
export function assertPlain(text: string): void {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    const isUnsafe = code !== LINE_BREAK && UNSAFE.some(([from, to]) => code >= from && code <= to)
    assert.ok(!isUnsafe, `U+${code.toString(16).padStart(4, '0')} in ${JSON.stringify(text)}`)
  }
}
