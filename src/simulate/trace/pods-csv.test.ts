import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readNodes } from './nodes-csv.ts'
import { readPods } from './pods-csv.ts'

const HEADER = 'name,num_gpu,gpu_milli,qos,creation_time,deletion_time,scheduled_time,gpu_spec'

function podsOf(...rows: readonly string[]) {
  return readPods([HEADER, ...rows].join('\n'), 'pods.csv', ['G2', 'T4'])
}

test('a row becomes a pod: its tier by its QoS, its size, and how long it ran', () => {
  const read = podsOf(
    'b,1,460,BE,20,95,30,',
    'a,1,1000,LS,10,15,,T4|G2',
    'c,4,1000,Burstable,20.5,21,20.5,',
    'd,0,0,LS,0,9,0,',
  )
  assert.ok(read.ok)
  assert.deepEqual(read.value.withoutGpus, 1)
  const [a, b, c] = read.value.pods
  assert.deepEqual(
    [a?.name, a?.tier, a?.size, a?.createdAtMs, a?.runMs, a?.models],
    ['a', 'reserved', { gpus: 1, milliOfEach: 1000 }, 10_000, 5_000, ['G2', 'T4']],
  )
  assert.deepEqual(
    [b?.name, b?.tier, b?.size, b?.createdAtMs, b?.runMs, b?.models],
    ['b', 'burst', { gpus: 1, milliOfEach: 460 }, 20_000, 65_000, []],
  )
  assert.deepEqual([c?.name, c?.tier, c?.size, c?.runMs], ['c', 'shared', { gpus: 4, milliOfEach: 1000 }, 500])
})

test('columns may come in any order, quoted, with others between them', () => {
  const text =
    '"qos",name,extra,num_gpu,gpu_milli,creation_time,deletion_time,namespace\r\nLS,"a,b",x,1,1000,0,5,team-a\r\n'
  const read = readPods(text, 'pods.csv', null)
  assert.ok(read.ok)
  const [pod] = read.value.pods
  assert.deepEqual([pod?.name, pod?.namespace], ['a,b', 'team-a'])
})

test('what is wrong is told with its line, its column and what to write instead', () => {
  const cases: readonly { readonly row: string; readonly at: string; readonly problem: RegExp }[] = [
    { row: 'a,one,1000,LS,0,5,0,', at: 'pods.csv:2:3', problem: /"one" is not a whole number/ },
    { row: 'a,-1,1000,LS,0,5,0,', at: 'pods.csv:2:3', problem: /"-1" is not a whole number/ },
    { row: 'a,1,0,LS,0,5,0,', at: 'pods.csv:2:5', problem: /0 is no part of one GPU/ },
    { row: 'a,1,1001,LS,0,5,0,', at: 'pods.csv:2:5', problem: /1001 is no part of one GPU/ },
    { row: 'a,1,1000,Best,0,5,0,', at: 'pods.csv:2:10', problem: /no tier belongs to the QoS "Best"/ },
    { row: 'a,1,1000,LS,soon,5,0,', at: 'pods.csv:2:13', problem: /"soon" is not a time/ },
    { row: 'a,1,1000,LS,0,5,0,T4|G3', at: 'pods.csv:2:19', problem: /no node has the model "G3"/ },
    { row: 'a,1,1000,LS,7,5,,', at: 'pods.csv:2:15', problem: /before the pod started/ },
    { row: 'a,1,1000,LS,0,,0,', at: 'pods.csv:2:15', problem: /is missing/ },
    { row: ',1,1000,LS,0,5,0,', at: 'pods.csv:2:1', problem: /is empty/ },
    { row: 'a,1,1000', at: 'pods.csv:2:1', problem: /3 cells where the header has 8/ },
    { row: '"a,1,1000,LS,0,5,0,', at: 'pods.csv:2:1', problem: /cells where the header has 8/ },
  ]
  for (const { row, at, problem } of cases) {
    const read = podsOf(row)
    assert.ok(!read.ok, row)
    const [issue] = read.issues
    assert.equal(issue?.at, at, row)
    assert.match(issue?.problem ?? '', problem, row)
    assert.ok((issue?.remedy ?? '').length > 0, row)
  }
})

test('a name given twice, a header that lacks columns and a table of nothing are refused', () => {
  const twice = podsOf('a,1,1000,LS,0,5,0,', 'a,1,1000,LS,0,5,0,')
  assert.deepEqual(twice.ok ? [] : twice.issues.map(({ at }) => at), ['pods.csv:3:1'])
  const lacking = readPods('name,num_gpu\na,1', 'pods.csv', null)
  assert.match(
    lacking.ok ? '' : (lacking.issues[0]?.problem ?? ''),
    /lacks gpu_milli, qos, creation_time, deletion_time/,
  )
  assert.equal(podsOf().ok, false)
})

test('a table of another kind is not told of line by line', () => {
  const read = podsOf(...Array.from({ length: 100 }, (_, index) => `p${index},x,y,z,0,5,0,`))
  assert.equal(read.ok ? 0 : read.issues.length, 20)
})

test('nodes without GPUs are left out, and a table without any with is refused', () => {
  const nodes = readNodes('sn,gpu,model\na,8,G2\nb,0,G2\n', 'nodes.csv')
  assert.deepEqual(nodes.ok && nodes.value, [{ name: 'a', model: 'G2', gpus: 8 }])
  const cases = ['sn,gpu,model\na,0,G2', 'sn,gpu,model\na,9999,G2', 'sn,gpu,model\na,8,G 2', 'sn,gpu\na,8']
  for (const text of cases) assert.equal(readNodes(text, 'nodes.csv').ok, false, text)
})

test('two nodes of one name are refused: their seats would be taken from one of them', () => {
  const nodes = readNodes('sn,gpu,model\na,8,G2\na,4,G2\n', 'nodes.csv')
  assert.deepEqual(nodes.ok ? [] : nodes.issues, [
    { at: 'nodes.csv:3:1', problem: 'another node is named "a"', remedy: 'give each node its own name' },
  ])
})

test('a header that lacks columns is told which there are, and which of them are optional if any is', () => {
  const remedyOf = (read: ReturnType<typeof readNodes | typeof readPods>) => (read.ok ? '' : read.issues[0]?.remedy)
  assert.equal(remedyOf(readNodes('sn,gpu\na,8', 'nodes.csv')), 'the first line names the columns sn,gpu,model')
  assert.match(
    remedyOf(readPods('name\na', 'pods.csv', null)) ?? '',
    /deletion_time; scheduled_time,gpu_spec,namespace are optional$/,
  )
})

test('a model is known in any case, and one that no node has only matters to a pod that asks for GPUs', () => {
  const read = podsOf('a,1,1000,LS,0,5,0,t4|g2', 'b,0,0,LS,0,5,0,G3')
  assert.deepEqual(read.ok && read.value.pods.map(({ models }) => models), [['g2', 't4']])
  const anything = readPods(`${HEADER}\na,1,1000,LS,0,5,0,G3`, 'pods.csv', null)
  assert.ok(anything.ok)
})
