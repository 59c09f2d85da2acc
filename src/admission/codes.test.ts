import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf } from '../schema/testing.ts'
import { CODES } from './codes.ts'
import { codesPage } from './codes-page.ts'

test('every code says what happened and what to do', () => {
  for (const [code, { title, meaning, remedy }] of Object.entries(CODES)) {
    assert.match(code, /^SLU-[EPQS]\d{3}$/)
    for (const text of [title, meaning, remedy]) assert.ok(text.length > 5, code)
    assert.match(meaning, /\.$/, code)
    assert.match(remedy, /\.$/, code)
  }
})

test('the page has the codes of the engine, then those of the policies in order, each with its remedy', () => {
  const rule = (code: string, more = {}) => ({ expression: 'true', code, message: `about ${code}`, ...more })
  const page = codesPage([
    policyOf({ validate: [rule('SLU-P130'), { expression: 'true' }] }, 'b'),
    policyOf({ description: 'd', validate: [{ ...rule('SLU-P110', { fix: 'mend it' }) }] }, 'a'),
  ])
  const headings = page.split('\n').filter(line => line.startsWith('## '))
  assert.deepEqual(
    headings,
    [...Object.keys(CODES), 'SLU-P110', 'SLU-P130'].map(code => `## ${code}`),
  )
  assert.match(page, /\*\*From the policy `a`\.\*\* about SLU-P110\n\nWhat to do: mend it\n/)
})
