/**
 * The demo, as people see it. What it prints of the rebalancer stands in docs/rebalancing.md; `UPDATE_GOLDEN=1` writes it there.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT, sluiceHere } from '../support/sluice-process.ts'

const PAGE = join(ROOT, 'docs', 'rebalancing.md')
const BEGIN = '<!-- transcript -->\n```console\n'
const END = '```\n<!-- end -->'
const FIRST_ACT = 'Below its share'
const WIDTH = 80

async function transcript(): Promise<string> {
  const { exitCode, stdout, stderr } = await sluiceHere(['demo', '--once'])
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
  return stdout
}

const seen = await transcript()
const acts = seen.slice(seen.indexOf(FIRST_ACT))

test('what the page on rebalancing shows is what the demo prints', () => {
  const page = readFileSync(PAGE, 'utf8')
  const [head = '', rest = ''] = page.split(BEGIN)
  const [told = '', tail = ''] = rest.split(END)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(PAGE, `${head}${BEGIN}${acts}${END}${tail}`)
  else assert.equal(acts, told)
})

test('the demo prints the same each time, but for its port', async () => {
  const portless = (text: string) => text.replace(/127\.0\.0\.1:\d+/, 'ADDRESS')
  assert.equal(portless(await transcript()), portless(seen))
})

test('what it says of the rebalancer fits a terminal', () => {
  const wide = acts.split('\n').filter(line => line.length > WIDTH)
  assert.deepEqual(wide, [])
})
