/** Text as CEL counts it: in code points, while JavaScript counts UTF-16 units. They differ only beyond the BMP. */
import { exceed, MAX_BUILT_LENGTH, tick } from '../cost.ts'

const SURROGATE = /[\ud800-\udfff]/

/** A text by position. Slices and searches are the engine's own while one unit is one character. */
export interface Characters {
  readonly length: number
  slice(start: number, end: number): string
  indexOf(part: string, from: number): number
  lastIndexOf(part: string, from: number): number
}

export function charactersOf(text: string): Characters {
  return SURROGATE.test(text) ? new CodePoints(text) : text
}

/** Throws when a function is about to build a text longer than expressions may. */
export function checkBuiltLength(length: number): void {
  tick(length >>> 3)
  if (length > MAX_BUILT_LENGTH) exceed('the length of a text')
}

/**
 * Charges for searching one text in another. The engine's search takes time in the product of both lengths when somebody
 * wants it to (`aaa...` in `aaa...`: 4 s for two annotations), 0.15 ns for each.
 */
export function tickSearch(text: string, part: string): void {
  tick(Math.ceil((text.length * part.length) / 512))
}

class CodePoints implements Characters {
  readonly #text: string
  /** The offset in UTF-16 units of every character, and of the end. */
  readonly #offsets: readonly number[]

  constructor(text: string) {
    // One unit per character: unlike the text itself, this is an array to build.
    tick(text.length)
    const offsets: number[] = []
    for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) offsets.push(at)
    offsets.push(text.length)
    this.#text = text
    this.#offsets = offsets
  }

  get length(): number {
    return this.#offsets.length - 1
  }

  slice(start: number, end: number): string {
    return this.#text.slice(this.#offsets[start], this.#offsets[end])
  }

  indexOf(part: string, from: number): number {
    return this.#position(this.#text.indexOf(part, this.#offsets[from]))
  }

  lastIndexOf(part: string, from: number): number {
    return this.#position(this.#text.lastIndexOf(part, this.#offsets[from]))
  }

  #position(offset: number): number {
    return offset < 0 ? -1 : this.#offsets.indexOf(offset)
  }
}
