/** The lines of a watch, one event each. */

/** An event holds one object; etcd stores none of this size. */
const MAX_LINE_BYTES = 16 * 1024 * 1024
const NEWLINE = 0x0a

/** Reads on only when the last line was taken, so whoever is slow slows the connection and not the heap. */
export async function* eventLines(stream: AsyncIterable<Buffer>, maxBytes = MAX_LINE_BYTES): AsyncGenerator<string> {
  let pieces: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const rest = chunk.subarray(start, end)
      yield pieces.length === 0 ? rest.toString() : Buffer.concat([...pieces, rest]).toString()
      pieces = []
      length = 0
      start = end + 1
    }
    if (start === chunk.length) continue
    pieces.push(chunk.subarray(start))
    length += chunk.length - start
    if (length > maxBytes) throw new Error(`an event has more than ${maxBytes} bytes`)
  }
}
