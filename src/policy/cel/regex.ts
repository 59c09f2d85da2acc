/**
 * Regular expressions in RE2 syntax, as Kubernetes has them, in time linear in the text. The text and the pattern may both
 * come from a tenant, so JavaScript's own engine, which backtracks, is out of the question.
 */
import { RE2JS, RE2JSSyntaxException } from 're2js'
import { tick } from './cost.ts'
import { CelFailure } from './failure.ts'
import { regexSize } from './regex-size.ts'

const MAX_PATTERN_LENGTH = 1_000
// Compiling takes about 2 us per character and class written out; 2,000 of them are 5 ms.
const MAX_PATTERN_SIZE = 2_000
const COMPILE_COST_PER_SIZE = 25
const CACHED_PATTERNS = 128
const MAX_REMEMBERED_LENGTH = 256

export interface Regex {
  test(text: string): boolean
  /** The first match, or an empty text. */
  find(text: string): string
  findAll(text: string, limit: number): readonly string[]
}

/** Compiles a pattern of the expression itself. Throws what is wrong with it. */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new CelFailure(`a regular expression has at most ${MAX_PATTERN_LENGTH} characters`)
  }
  const size = regexSize(pattern)
  if (size > MAX_PATTERN_SIZE) {
    throw new CelFailure(`a regular expression has at most ${MAX_PATTERN_SIZE} characters when repeats are written out`)
  }
  tick(size * COMPILE_COST_PER_SIZE)
  return new Re2(pattern)
}

const cache = new Map<string, Regex>()

/** Compiles a pattern that is computed from the object, or remembers it; the least recently used one is forgotten. */
export function cachedRegex(pattern: string): Regex {
  const known = cache.get(pattern)
  const regex = known ?? compileRegex(pattern)
  if (known !== undefined) cache.delete(pattern)
  cache.set(pattern, regex)
  if (cache.size > CACHED_PATTERNS) cache.delete(cache.keys().next().value ?? pattern)
  return regex
}

class Re2 implements Regex {
  readonly #regex: RE2JS
  readonly #programSize: number
  // The containers of a pod, and the pods of a gang, mostly have the same image: one answer is worth remembering.
  #lastText: string | undefined
  #lastAnswer = false

  constructor(pattern: string) {
    this.#regex = compiled(pattern)
    this.#programSize = this.#regex.programSize()
  }

  test(text: string): boolean {
    this.#charge(text.length)
    if (text === this.#lastText) return this.#lastAnswer
    const answer = this.#regex.test(text)
    if (text.length <= MAX_REMEMBERED_LENGTH) {
      this.#lastText = text
      this.#lastAnswer = answer
    }
    return answer
  }

  find(text: string): string {
    this.#charge(text.length)
    const matcher = this.#regex.matcher(text)
    return matcher.find() ? (matcher.group() ?? '') : ''
  }

  findAll(text: string, limit: number): readonly string[] {
    const found: string[] = []
    const matcher = this.#regex.matcher(text)
    for (let end = -1; found.length !== limit; ) {
      // A search may look at all the rest of the text and still match only a little of it.
      this.#charge(text.length - Math.max(end, 0))
      if (!matcher.find()) break
      // As in Go, nothing is not found right behind something.
      if (matcher.end() > end || end < 0) found.push(matcher.group() ?? '')
      end = matcher.end()
    }
    return found
  }

  // Measured: at most 0.1 us per character and instruction (usually a tenth); a unit of cost is 0.05 to 0.4 us.
  #charge(length: number): void {
    tick(Math.ceil(((length + 1) * this.#programSize) / 4))
  }
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const reason = error instanceof RE2JSSyntaxException ? error.getDescription() : 'it is too complex'
    throw new CelFailure(`not a regular expression: ${reason}`)
  }
}
