import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exemptNamespaces } from '../../admission/exempt.ts'
import { clusterWith } from '../../admission/testing.ts'
import { present } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { podReader } from '../counting/pod-facts.ts'
import { podDisruptionBudgets } from './budgets.ts'
import { running } from './testing.ts'

const cluster = clusterWith()
const read = podReader({ cluster: () => cluster, exempt: exemptNamespaces([]), unclear() {} })

function factsOf(labels: JsonObject) {
  return present(read(running('p', 'burst', 1, { metadata: { labels } })), 'facts')
}

function budget(name: string, spec: JsonObject, status: JsonObject = { disruptionsAllowed: 1 }, namespace = 'team-a') {
  return { metadata: { name, namespace }, spec, status }
}

function following(...objects: readonly JsonObject[]) {
  const budgets = podDisruptionBudgets()
  const { keep, audience } = budgets.collection
  const sightings = objects.flatMap(object => {
    const kept = keep(object)
    const { name = '', namespace = '' } = object.metadata as Readonly<Record<string, string>>
    return kept === undefined ? [] : [{ uid: name, namespace, name, resourceVersion: 1n, kept }]
  })
  audience.replaced(sightings, 1n)
  return { budgets, audience, sightings }
}

test('nothing can be said before they were listed', () => {
  assert.match(podDisruptionBudgets().problem() ?? '', /not been listed/)
  assert.equal(following().budgets.problem(), undefined)
})

test('a pod is covered by those of its namespace whose selectors hold, in their order', () => {
  const { budgets } = following(
    budget('z', { selector: { matchLabels: { app: 'web' } } }),
    budget('expressions', { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] } }),
    budget('everybody', { selector: {} }),
    budget('nobody', {}),
    budget('others', { selector: { matchLabels: { app: 'db' } } }),
    budget('by-tier', { selector: { matchLabels: { 'sluice.dev/tier': 'burst' } } }),
    budget('elsewhere', { selector: {} }, {}, 'team-b'),
  )
  assert.deepEqual(budgets.covering(factsOf({ app: 'web', 'sluice.dev/tier': 'burst' })), [
    'team-a/by-tier',
    'team-a/everybody',
    'team-a/expressions',
    'team-a/z',
  ])
  assert.deepEqual(budgets.covering(factsOf({ empty: '', 'a.b/c': 'x' })), ['team-a/everybody'])
})

test('one that cannot be read covers its namespace, and one without a status allows nothing', () => {
  const { budgets } = following(
    budget('odd', { selector: { matchLabels: 7 } }, { disruptionsAllowed: 9 }),
    budget('new', { selector: {} }, {}),
    budget('free', { selector: {} }, { disruptionsAllowed: 3 }),
  )
  assert.deepEqual(
    [...budgets.allowed()],
    [
      ['team-a/odd', 0],
      ['team-a/new', 0],
      ['team-a/free', 3],
    ],
  )
  assert.deepEqual(budgets.covering(factsOf({})), ['team-a/free', 'team-a/new', 'team-a/odd'])
})

test('they change and go', () => {
  const { budgets, audience, sightings } = following(budget('one', { selector: {} }))
  const [one] = sightings
  assert.ok(one !== undefined)
  audience.changed({ ...one, kept: { ...one.kept, disruptionsAllowed: 0 } })
  assert.deepEqual([...budgets.allowed()], [['team-a/one', 0]])
  const pod = factsOf({ app: 'web' })
  assert.deepEqual(budgets.covering(pod), ['team-a/one'])
  audience.changed({ ...one, kept: { ...one.kept, selector: { matchLabels: { app: 'db' } } } })
  assert.deepEqual(budgets.covering(pod), [], 'another selector covers others')
  audience.changed(one)
  assert.deepEqual(budgets.covering(pod), ['team-a/one'])
  audience.removed(one)
  audience.changed({ ...one, name: 'two', kept: { ...one.kept, selector: { matchLabels: { app: 'db' } } } })
  assert.deepEqual(budgets.covering(pod), [])
  audience.removed({ ...one, name: 'two' })
  assert.deepEqual([[...budgets.allowed()], budgets.covering(factsOf({}))], [[], []])
})

test('one that loses its selector covers nobody any more, and one that gets it back does', () => {
  const { budgets, audience, sightings } = following(budget('one', { selector: {} }))
  const [one] = sightings
  assert.ok(one !== undefined)
  const pod = factsOf({ app: 'web' })
  assert.deepEqual(budgets.covering(pod), ['team-a/one'])
  audience.changed({ ...one, kept: undefined })
  assert.deepEqual([[...budgets.allowed()], budgets.covering(pod)], [[], []])
  audience.changed(one)
  assert.deepEqual(budgets.covering(pod), ['team-a/one'])
})
