import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventLines } from './event-lines.ts'

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

test('lines are the same however the network cuts them, between the bytes of a character too', async () => {
  const line = fc.string({ unit: 'grapheme' }).map(text => text.replaceAll('\n', ''))
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(9)), async (lines, sizes) => {
      const bytes = Buffer.from(lines.map(one => `${one}\n`).join(''))
      assert.deepEqual(await Array.fromAsync(eventLines(cut(bytes, sizes))), lines)
    }),
  )
})

test('a line that is cut off is no event, and one that never ends is refused', async () => {
  assert.deepEqual(await Array.fromAsync(eventLines(cut(Buffer.from('a\nb'), []))), ['a'])
  await assert.rejects(
    Array.fromAsync(eventLines(cut(Buffer.from('x'.repeat(20)), [5, 5, 5]), 12)),
    /more than 12 bytes/,
  )
})
