/**
 * Takes secrets out of free text.
 *
 * A log line has named fields only (fields.ts), and none of them is a header, a token, a key or a user's extra values.
 * What is left is the text of messages and errors, into which a library may have put what it was working on.
 */
const CENSORED = '[redacted]'

const PEM_BLOCK = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi
const JSON_WEB_TOKEN = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** `token=…`, `"password": "…"` and their like, quoted or not. */
const ASSIGNMENT =
  /\b(authorization|token|password|secret|api[-_]?key|private[-_]?key)(["']?\s*[:=]\s*["']?)[^\s"',;}]+/gi

export function redact(text: string): string {
  return text
    .replace(PEM_BLOCK, CENSORED)
    .replace(CREDENTIALS, `$1 ${CENSORED}`)
    .replace(JSON_WEB_TOKEN, CENSORED)
    .replace(ASSIGNMENT, `$1$2${CENSORED}`)
}
