import assert from 'node:assert/strict'
import { test } from 'node:test'
import { charges, EMPTY_LEDGER, ledgerOf } from './ledger.ts'
import { booked } from './testing.ts'
import { type TextStore, textStore } from './text-store.ts'

const CHARGE = booked('3f1c2b4a-7c1d-4e8f-9a0b-1c2d3e4f5a6b')

test('what one replica writes, another reads; the same version is not read twice', async () => {
  const texts = sharedText()
  const [writer, reader] = [textStore(texts), textStore(texts)]
  const empty = await writer.read('c')
  assert.equal(empty.value.charges.size, 0)
  const written = await writer.replace('c', empty, ledgerOf([CHARGE]))
  assert.ok(written !== 'conflict')
  const read = await reader.read('c')
  assert.deepEqual([...charges(read.value)], [CHARGE])
  assert.equal(await reader.read('c'), read)
  assert.equal(await writer.read('c'), written, 'a writer does not read what it wrote')
})

test('a version that was replaced meanwhile is a conflict, and nothing is written', async () => {
  const texts = sharedText()
  const [one, other] = [textStore(texts), textStore(texts)]
  const [mine, theirs] = [await one.read('c'), await other.read('c')]
  await other.replace('c', theirs, ledgerOf([CHARGE]))
  assert.equal(await one.replace('c', mine, EMPTY_LEDGER), 'conflict')
  assert.equal((await one.read('c')).value.charges.size, 1)
})

test('nothing is decided on a ledger that cannot be read', async () => {
  const store = textStore(sharedText('nonsense'))
  await assert.rejects(store.read('c'), /the ledger of c: QuotaLedger spec\.charges: cannot be read: .*counted anew/)
})

test('what was heard of is read like any other version, and is nothing where it cannot be read', async () => {
  const shared = sharedText()
  const writer = textStore(shared)
  await writer.replace('c', await writer.read('c'), ledgerOf([CHARGE]))
  const heard = await shared.read('c')
  const store = textStore({ ...shared, newest: () => heard })
  const newest = store.newest?.('c')
  assert.deepEqual([...charges(newest?.value ?? EMPTY_LEDGER)], [CHARGE])
  assert.equal(await store.read('c'), newest, 'the same version is not read twice')
  assert.equal(textStore({ ...shared, newest: () => ({ version: '9', value: 'nonsense' }) }).newest?.('c'), undefined)
  assert.equal(textStore(shared).newest?.('c'), undefined)
})

function sharedText(initial = ''): TextStore {
  let stored = { version: '1', value: initial }
  return {
    read: async () => stored,
    async replace(_tree, current, next) {
      if (current !== stored.version) return 'conflict'
      stored = { version: `${Number(stored.version) + 1}`, value: next }
      return stored
    },
  }
}
