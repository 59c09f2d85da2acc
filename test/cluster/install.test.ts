/**
 * The transcript of the operator's guide, command by command: `helm template | kubectl apply` on a real API server, with replicas that
 * have the chart's own service account and no other rights. `UPDATE_GOLDEN=1` writes what was seen into the guide.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { helmProgram, skipWithoutHelm } from '../chart/support/helm.ts'
import { ROOT } from '../support/sluice-process.ts'
import { assetOrInstalled, skipWithoutCluster } from './support/binaries.ts'
import { startControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'
import { startSluice } from './support/sluice.ts'

const GUIDE = join(ROOT, 'docs', 'operators-guide.md')
const BEGIN = '<!-- transcript -->\n```console\n'
const END = '```\n<!-- end -->'

const INSTALL = [
  'kubectl create namespace sluice-system',
  'helm template sluice charts/sluice --namespace sluice-system --include-crds --no-hooks --kube-version 1.36 \\\n' +
    '    --set image.repository=registry.example.com/sluice --set certificates.mode=SelfGenerated \\\n' +
    '    | kubectl apply --server-side -f -',
]
const USE = [
  'kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations -o name',
  'kubectl apply -f examples/first-quota.yaml',
  'kubectl get cohorts,tenantquotas',
  'kubectl apply -f examples/first-pods.yaml',
  'kubectl get pod train -n team-a -o jsonpath=\'{.metadata.labels}{"\\n"}{.metadata.annotations.sluice\\.dev/injected}{"\\n"}\'',
  'kubectl get gpuusage -n team-a -o jsonpath=\'{.items[0].status.classes[0]}{"\\n"}\'',
  'kubectl delete tenantquota team-a',
  'kubectl delete -f examples/first-pods.yaml --ignore-not-found',
]

test('what the guide shows of an installation is what happens', {
  skip: skipWithoutCluster || skipWithoutHelm,
}, async t => {
  const cluster = await startControlPlane({ controllers: true })
  t.after(() => cluster.stop())
  const run = shell(cluster.folder, cluster.kubeconfig)
  const before: string[] = []
  for (const command of INSTALL) before.push(await run(command))

  const sluice = await startSluice(cluster, { replicas: 2, certificates: 'self-signed', grant: async () => {} })
  t.after(() => sluice.stop())
  const after: string[] = []
  for (const command of USE) {
    if (command.includes('gpuusage')) await until(run, command, /"used":4/)
    if (command.includes('cohorts,')) await until(run, command, /team-b.*True/)
    after.push(await run(command))
  }
  const seen = timeless([...before, ...after].join('\n'))
  const guide = readFileSync(GUIDE, 'utf8')
  const [head = '', rest = ''] = guide.split(BEGIN)
  const [told = '', tail = ''] = rest.split(END)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GUIDE, `${head}${BEGIN}${seen}\n${END}${tail}`)
  else assert.equal(`${seen}\n`, told)
})

type Run = (command: string) => Promise<string>

/** Runs a line as a person would type it, and gives it back with what was printed. */
function shell(folder: string, kubeconfig: string): Run {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(assetOrInstalled('kubectl'), join(bin, 'kubectl'))
  if (dirname(helmProgram()) !== '.') symlinkSync(helmProgram(), join(bin, 'helm'))
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter), KUBECONFIG: kubeconfig, HOME: folder }
  return async command => {
    // Not waited for in place: the address before the replicas is served by this process.
    const child = spawn('bash', ['-c', `(${command}) 2>&1`], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
    return `$ ${command}\n${await text(child.stdout)}`.trimEnd()
  }
}

async function until(run: Run, command: string, want: RegExp): Promise<void> {
  let last = ''
  try {
    await eventually(`${command} prints ${want}`, async () => {
      last = await run(command)
      return want.test(last) ? true : undefined
    })
  } catch (cause) {
    throw new Error(`it printed\n${last}`, { cause })
  }
}

/** Ages differ from run to run. */
function timeless(printed: string): string {
  return printed.replace(/\b\d+m?\d*s$/gm, '5s').replace(/[ \t]+$/gm, '')
}
