import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { EXAMPLES, sluiceHere } from '../support/sluice-process.ts'

const PODS = join(EXAMPLES, 'trace/pods.csv')
const NODES = join(EXAMPLES, 'trace/nodes.csv')
const CLUSTER = join(EXAMPLES, 'trace/cluster')
const CSV = readFileSync(PODS, 'utf8')
const MANIFESTS = readFileSync(join(EXAMPLES, 'trace/pods.yaml'), 'utf8')
const EXAMPLE = ['simulate', '--pods', PODS, '--nodes', NODES, '--cluster', CLUSTER]

function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'sluice-simulate-')), name)
  writeFileSync(path, text)
  return path
}

/** The folder of the example, with its quotas written otherwise. */
function clusterWhere(change: (quotas: string) => string): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'sluice-simulate-')), 'changed')
  mkdirSync(folder)
  writeFileSync(join(folder, 'quotas.yaml'), change(readFileSync(join(CLUSTER, 'quotas.yaml'), 'utf8')))
  return folder
}

function selected(quotas: string): string {
  return quotas.replace('gpus: 32', 'nodeSelector: { matchLabels: { pool: a } }')
}

describe('sluice simulate', () => {
  test('the example: what is lent is used, and comes back when it is needed', async () => {
    const { exitCode, stdout, stderr } = await sluiceHere([...EXAMPLE, '--compare', '-o', 'json'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    const { runs } = JSON.parse(stdout)
    const [fixed, lent, sluice] = runs
    assert.deepEqual(
      runs.map(({ name }: { name: string }) => name),
      ['no-borrowing', 'no-reclaim', 'sluice'],
    )
    assert.ok(lent.utilisation > fixed.utilisation)
    assert.ok(lent.owedWait.maxSeconds > 3_600)
    assert.ok(sluice.owedWait.waited > 0 && sluice.owedWait.maxSeconds <= 180)
    assert.ok(sluice.evicted.burst > 0)
    assert.deepEqual([fixed.owedWait.all, fixed.evicted.burst, lent.evicted.burst], [0, 0, 0])
    for (const run of runs) {
      assert.equal(run.rejectedPlans, 0)
      const parts: readonly (number | null)[] = run.curves.fairness
      const known = parts.filter(index => index !== null)
      assert.deepEqual([parts.length, known.length > 0], [240, true])
      assert.ok(Math.min(...known) <= run.fairness && run.fairness <= Math.max(...known))
    }
  })

  test('the table has a column for each run, and the same input gives the same bytes', async () => {
    const args = [...EXAMPLE, '--compare']
    const [first, second] = await Promise.all([sluiceHere(args), sluiceHere(args)])
    assert.match(first.stdout, /^ +no-borrowing +no-reclaim +sluice$/m)
    assert.match(first.stdout, /^GPU utilisation +\d/m)
    assert.equal(first.stdout, second.stdout)
  })

  test('models are the same in any case, and pods that could never run are a row of their own', async () => {
    const shouted = file(
      'shouted.csv',
      CSV.replaceAll(/h100|l4/g, model => model.toUpperCase()),
    )
    const large = file('large.csv', `${CSV.trimEnd()}\nlarge,research,16,1000,h100,BE,0,0,10\n`)
    const runs = [PODS, shouted, large].map(pods => sluiceHere([...EXAMPLE, '--pods', pods]))
    const [usual, loud, barred] = await Promise.all(runs)
    assert.equal(loud?.stdout, usual?.stdout)
    assert.match(usual?.stdout ?? '', /^could never run +0$/m)
    assert.match(barred?.stdout ?? '', /^could never run +1 burst$/m)
  })

  test('a chart says in words what it shows', async () => {
    const chart = file('chart.svg', '')
    const { exitCode } = await sluiceHere([...EXAMPLE, '--chart', chart])
    assert.equal(exitCode, 0)
    const svg = readFileSync(chart, 'utf8')
    assert.match(svg, /^<svg [^>]*role="img" aria-labelledby="chart-title chart-text">/)
    assert.match(svg, /<title id="chart-title">Utilisation, waiting and fairness over time<\/title>/)
    assert.match(svg, /: \d+\.\d % of the GPUs are in use on average/)
    assert.equal(svg.match(/<path class="line run-0"/g)?.length, 4)
  })

  test('a chart that cannot be written after all takes nothing but itself', async () => {
    if (!existsSync('/dev/full')) return
    const chart = join(mkdtempSync(join(tmpdir(), 'sluice-simulate-')), 'full.svg')
    symlinkSync('/dev/full', chart)
    const { exitCode, stdout, stderr } = await sluiceHere([...EXAMPLE, '--chart', chart])
    assert.equal(exitCode, 2)
    assert.match(stdout, /^GPU utilisation +\d/m)
    assert.match(stderr, /full\.svg: cannot be written: ENOSPC/)
  })

  test('a second cluster folder stands beside the first', async () => {
    const { exitCode, stdout } = await sluiceHere([...EXAMPLE, '--compare', CLUSTER, '-o', 'json'])
    const { runs, isClusterBuilt } = JSON.parse(stdout)
    assert.deepEqual([exitCode, isClusterBuilt, runs.length], [0, false, 2])
    assert.deepEqual(runs[0], runs[1])
  })

  test('capacity that is counted from nodes is counted from the manifests in the folder', async () => {
    const folder = clusterWhere(selected)
    const metadata = { name: 'n', labels: { pool: 'a' } }
    const node = { apiVersion: 'v1', kind: 'Node', metadata, status: { allocatable: { 'nvidia.com/gpu': 32 } } }
    writeFileSync(join(folder, 'nodes.json'), JSON.stringify(node))
    const args = ['simulate', '--pods', PODS, '--nodes', NODES, '-o', 'json', '--cluster']
    const outcomes = await Promise.all([CLUSTER, folder].map(cluster => sluiceHere([...args, cluster])))
    const [fixed, counted] = outcomes.map(({ stdout }) => JSON.parse(stdout).runs[0])
    assert.deepEqual({ ...counted, name: fixed.name }, fixed)
  })

  test('without a folder, a cluster is built from the trace', async () => {
    const pods = file('pods.csv', readFileSync(PODS, 'utf8').replaceAll(/,(serving|research|notebooks),/g, ',,'))
    const { exitCode, stdout } = await sluiceHere(['simulate', '--pods', pods, '--nodes', NODES, '-o', 'json'])
    const { runs, isClusterBuilt } = JSON.parse(stdout)
    assert.deepEqual([exitCode, isClusterBuilt, runs[0].gpus], [0, true, 40])
  })

  const mistakes = [
    { args: ['--pods', file('p.csv', 'name,qos\na,LS\n')], says: /p\.csv:1:1: the header lacks num_gpu/ },
    { args: ['--pods', join(EXAMPLES, 'none.csv')], says: /none\.csv: does not exist/ },
    { args: ['--compress', 'much'], says: /--compress: "much" is no factor \(give a number, such as 100\)/ },
    { args: ['--node-share', '0'], says: /--node-share: "0" is no part of the nodes/ },
    {
      args: ['--chart', join(EXAMPLES, 'none/chart.svg'), '--cluster', CLUSTER],
      says: /--chart: \S*none\/chart\.svg: cannot be written: .*ENOENT.* \(give the path of a file that this user may/,
    },
    { args: ['--chart', 'chart.png'], says: /--chart: "chart\.png" names no form of chart/ },
    {
      args: ['--cluster', join(EXAMPLES, 'cluster')],
      says: /pods\.csv:\d+:\d+: "serving" is the namespace of no TenantQuota \(add it to a TenantQuota, or leave the cell/,
    },
    {
      args: ['--nodes', file('n.csv', `${readFileSync(NODES, 'utf8').trimEnd()}\na,8,X1\n`), '--cluster', CLUSTER],
      says: /nodes of the model X1: no AcceleratorClass is named "x1"/,
    },
    {
      args: ['--cluster', clusterWhere(selected)],
      says: /Cohort lab: spec\.classes\[0\]\.capacity\.nodeSelector: no Node in the cluster folder has any h100/,
    },
    {
      args: ['--pods', file('tier.yaml', MANIFESTS.replace('tier: burst', 'tier: best')), '--cluster', CLUSTER],
      says: /tier\.yaml:2: metadata\.labels\["sluice\.dev\/tier"\]: .*\(set it to one of reserved, shared, burst\)/,
    },
    {
      args: ['--pods', file('broken.yaml', 'kind: Pod\nmetadata: {name: a\nspec: [\n'), '--cluster', CLUSTER],
      says: /broken\.yaml:3:1: .* \(give what kubectl get pods -A -o yaml prints/,
    },
    {
      args: ['--pods', file('alien.csv', CSV.replace(',l4,', ',l44,')), '--cluster', CLUSTER, '--node-share', '10'],
      says: /alien\.csv:3:29: no node has the model "l44" \(use one of h100, l4, or leave the cell empty\)/,
    },
    {
      args: [
        '--pods',
        join(EXAMPLES, 'trace/pods.yaml'),
        '--nodes',
        file('n.csv', 'sn,gpu,model\na,8,l4\n'),
        '--cluster',
        CLUSTER,
      ],
      says: /pods\.yaml:2: asks for the class h100, and no node is of it/,
    },
    {
      args: [],
      says: /pods\.csv:3:13: "notebooks" is the namespace of no TenantQuota \(give --cluster DIR, or leave the column/,
    },
  ]
  for (const { args, says } of mistakes) {
    test(`${args.join(' ').replaceAll(/\S*\//g, '')} ends with 2 and says what to write`, async () => {
      const { exitCode, stdout, stderr } = await sluiceHere(['simulate', '--pods', PODS, '--nodes', NODES, ...args])
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, says)
    })
  }
})
