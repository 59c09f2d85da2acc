/**
 * The checks find what they are there for: each flaw in its scenario, with the story of how it does harm.
 *
 * SLUICE_MODEL_STORIES=1 node --test test/model/mutants.test.ts   prints the stories.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { begin } from './model.ts'
import { MUTANTS } from './mutants.ts'
import { SCENARIOS } from './scenarios.ts'
import { explore, shortened } from './search.ts'
import { tell } from './story.ts'

const BOUNDS = { depth: 60, runs: 10_000 }
const SHORTENING_RUNS = 500

for (const { name, parts, scenario: wanted, says } of MUTANTS) {
  test(`found: ${name}`, async t => {
    const scenario = SCENARIOS.find(candidate => candidate.name === wanted)
    assert.ok(scenario !== undefined, `there is no scenario "${wanted}"`)
    const start = () => begin(scenario, parts)
    const { violation } = await explore(start, BOUNDS)
    assert.ok(violation !== undefined, 'nothing was found')
    const story = await tell(scenario, parts, await shortened(start, violation, SHORTENING_RUNS))
    t.diagnostic(process.env.SLUICE_MODEL_STORIES === '1' ? story : (story.split('\n')[0] ?? ''))
    assert.match(story, says)
    assert.match(story, /^choices: \["/m)
  })
}
