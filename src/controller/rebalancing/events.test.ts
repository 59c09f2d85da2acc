import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTeller, type Told } from './events.ts'
import { reclaimingWorld } from './testing.ts'

function telling() {
  const world = reclaimingWorld()
  const problems: string[] = []
  const log = { decision() {}, event() {}, problem: (message: string) => void problems.push(message) }
  const tell = eventTeller({ api: world, clock: world.clock, identity: 'leader', log })
  return { ...world, tell, problems }
}

function toldOf(name: string): Told {
  const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name, uid: 'uid' }
  return { regarding, type: 'Normal', reason: 'Promoted', action: 'Promote', note: 'note', occasion: 'once' }
}

test('a long name that would be cut after a dash or a dot gives an event a name that Kubernetes takes', async () => {
  for (const end of ['-b', '.b', '--b']) {
    const { tell, events } = telling()
    assert.equal(await tell(toldOf(`${'a'.repeat(201 - end.length)}${end}${'c'.repeat(40)}`)), true, end)
    assert.match([...events.keys()].join(), /^a+\.[0-9a-f]{16}$/, end)
  }
})

test('whoever tells learns whether the event is there, be it that it was told before', async () => {
  const { tell, refusesEvents, setAway, problems } = telling()
  assert.deepEqual([await tell(toldOf('p')), await tell(toldOf('p'))], [true, true])
  refusesEvents(true)
  assert.equal(await tell(toldOf('q')), false)
  setAway(true)
  assert.equal(await tell(toldOf('q')), false)
  assert.deepEqual(problems, ['an event was refused', 'an event cannot be told'])
})
