import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBudget, EXPRESSION_COST, exceed, type Metered, metered, runningBudget, tick } from './cost.ts'

function spend(total: number, step = 1): () => string {
  return () => {
    for (let spent = 0; spent < total; spent += step) tick(step)
    return 'done'
  }
}

function limitOf(result: Metered<unknown>): string {
  return result.kind === 'exceeded' ? result.limit : result.kind
}

test('what is spent is taken from the budget', () => {
  const budget = createBudget(10_000)
  assert.equal(metered(budget, spend(1_500)).kind, 'done')
  assert.equal(budget.left, 8_500)
})

test('one expression spends at most a million, whatever the budget', () => {
  const budget = createBudget(5 * EXPRESSION_COST)
  assert.equal(metered(budget, spend(EXPRESSION_COST - 1)).kind, 'done')
  assert.match(limitOf(metered(budget, spend(EXPRESSION_COST))), /one expression/)
  assert.match(limitOf(metered(budget, () => tick(3 * EXPRESSION_COST))), /one expression/)
})

test('a budget that is used up stops this expression and every later one', () => {
  const budget = createBudget(2_000)
  assert.match(limitOf(metered(budget, spend(10_000))), /budget of the policy/)
  assert.match(limitOf(metered(budget, () => 'free')), /budget of the policy/)
})

test('time is asked for at the start and while units are spent', () => {
  let asked = 0
  const late = () => {
    asked += 1
    return asked > 3
  }
  assert.match(limitOf(metered(createBudget(EXPRESSION_COST), spend(100_000))), /done/)
  assert.match(limitOf(metered(createBudget(EXPRESSION_COST, late), spend(100_000))), /time/)
  assert.equal(asked, 4)
  assert.match(
    limitOf(
      metered(
        createBudget(EXPRESSION_COST, () => true),
        () => 'free',
      ),
    ),
    /time/,
  )
})

test('a passed limit is reported even when it was swallowed on its way', () => {
  const swallow = () => {
    try {
      tick(EXPRESSION_COST)
    } catch {}
    return true
  }
  assert.match(limitOf(metered(createBudget(10 * EXPRESSION_COST), swallow)), /one expression/)
})

test('after a passed limit every further unit fails at once', () => {
  let failures = 0
  metered(createBudget(10 * EXPRESSION_COST), () => {
    for (let round = 0; round < 5; round += 1) {
      try {
        tick(EXPRESSION_COST)
      } catch {
        failures += 1
      }
    }
  })
  assert.equal(failures, 5)
})

test('an inner evaluation has a limit of its own and the budget of the outer one', () => {
  const budget = createBudget(10 * EXPRESSION_COST)
  const outer = metered(budget, () => {
    tick(900_000)
    assert.equal(runningBudget(), budget)
    const inner = metered(runningBudget(), spend(900_000, 1_000))
    tick(50_000)
    return inner.kind
  })
  assert.deepEqual(outer, { kind: 'done', value: 'done' })
  assert.equal(budget.left, 10 * EXPRESSION_COST - 1_850_000)
})

test('errors, a full stack and a limit that is no cost are told apart', () => {
  const budget = createBudget(EXPRESSION_COST)
  const error = new Error('x')
  const recurse = (): number => 1 + recurse()
  assert.deepEqual(
    metered(budget, () => {
      throw error
    }),
    { kind: 'failed', error },
  )
  assert.match(limitOf(metered(budget, recurse)), /stack/)
  assert.equal(limitOf(metered(budget, () => exceed('the length of a text'))), 'the length of a text')
  assert.equal(metered(budget, () => 1).kind, 'done')
})
