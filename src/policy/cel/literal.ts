/** Writing values into the source of an expression. */

const PLAIN = /^[^'\\\p{Cc}]*$/u

/** A text literal. JSON's escapes are CEL's as well. */
export function textLiteral(text: string): string {
  return PLAIN.test(text) ? `'${text}'` : JSON.stringify(text)
}

export function textsLiteral(texts: readonly string[]): string {
  return `[${texts.map(textLiteral).join(', ')}]`
}
