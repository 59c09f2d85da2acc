/**
 * The report of `node --test` with what was skipped, and why, in its last lines: a run that skipped half of itself must not look
 * like one that passed.
 */

import { Readable } from 'node:stream'
import type { TestEvent } from 'node:test/reporters'
import { spec } from 'node:test/reporters'

interface Counts {
  passed: number
  failed: number
  readonly skipped: string[]
}

// Node asks for the default export.
// biome-ignore lint/style/noDefaultExport: the runner's contract
export default async function* report(source: AsyncGenerator<TestEvent, void>): AsyncGenerator<string, void> {
  const counts: Counts = { passed: 0, failed: 0, skipped: [] }
  const watched = Readable.from(watch(source, counts))
  for await (const text of watched.pipe(new spec())) yield String(text)
  for (const line of counts.skipped) yield `skipped: ${line}\n`
  yield `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped\n`
}

async function* watch(source: AsyncGenerator<TestEvent, void>, counts: Counts): AsyncGenerator<TestEvent, void> {
  for await (const event of source) {
    count(event, counts)
    yield event
  }
}

function count(event: TestEvent, counts: Counts): void {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return
  // A file or a suite is not a test of its own.
  if (event.data.details.type === 'suite') return
  const { skip, name } = event.data
  if (skip !== undefined && skip !== false)
    counts.skipped.push(`${name}${typeof skip === 'string' ? ` (${skip})` : ''}`)
  else if (event.type === 'test:fail') counts.failed += 1
  else counts.passed += 1
}
