import { join } from 'node:path'
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import { manifestFilesBelow } from '../../config/cluster-folder.ts'
import { packageRoot } from '../../config/root.ts'
import { VERSION } from '../../config/version.ts'
import { installShutdown } from '../../http/drain.ts'
import { createLog } from '../../telemetry/log.ts'
import { complain, loadCluster } from '../cluster.ts'
import { type Service, startService } from '../serve.ts'
import { EXIT, type ExitCode, paintFor, type Terminal } from '../terminal.ts'
import { type ProcessTime, STEADY_CLOCK, timerOn } from '../time.ts'
import { webhookClient } from '../webhook-client.ts'
import { rebalance } from './acts.ts'
import { demoClock } from './clock.ts'
import { fillUp } from './fill-up.ts'
import { replay } from './replay.ts'
import type { Stage } from './stage.ts'
import { usageTable } from './usage-table.ts'

export interface DemoOptions {
  /** Ends after the replay instead of serving on. */
  readonly isOnce: boolean
}

/** `sluice demo`: the real service over HTTPS, the examples through both webhooks, what became of each, and how what is lent comes back. */
export async function demo({ isOnce }: DemoOptions, terminal: Terminal): Promise<ExitCode | undefined> {
  const examples = join(packageRoot(), 'examples')
  const cluster = loadCluster(join(examples, 'cluster'))
  if (!cluster.ok) {
    complain(cluster.issues, terminal)
    return EXIT.badInput
  }
  const log = createLog({ level: isOnce ? 'silent' : 'error' })
  const clock = demoClock(Date.now(), STEADY_CLOCK)
  const service = await startDemoService(cluster.value, log, { clock, timer: timerOn(clock) })
  const client = webhookClient(service.port, service.ca ?? '')
  const stage: Stage = { terminal, paint: paintFor(terminal), client, cluster: cluster.value, service, clock }

  introduce(stage)
  for (const file of manifestFilesBelow(join(examples, 'manifests'))) await replay(file, stage)
  const borrowers = await fillUp(stage)
  usageTable(stage)
  await rebalance(borrowers, stage)

  client.close()
  if (isOnce) {
    service.close()
    return EXIT.yes
  }
  clock.run()
  service.lead()
  installShutdown(process, service.server, { log, serveMs: 0 })
  terminal.out(`\nServing on https://127.0.0.1:${service.port} until you press Ctrl-C; -- --once ends by itself.`)
  return undefined
}

async function startDemoService(cluster: Cluster, log: Log, time: ProcessTime): Promise<Service> {
  const options = { cluster: '', port: 0, host: '127.0.0.1', logLevel: 'silent', exemptNamespaces: [] } as const
  const service = await startService(cluster, options, log, time)
  if (!service.ok) throw new Error(`a self-signed service cannot be refused: ${service.issues[0]?.problem}`)
  return service.value
}

function introduce({ cluster, service: { port }, terminal, paint }: Stage): void {
  const cohorts = new Set([...cluster.quotas.treeOfTenant].map(([name, tree]) => tree.tenants.get(name)?.spec.cohort))
  terminal.out(paint.strong(`Sluice ${VERSION}, standalone, on https://127.0.0.1:${port}`))
  terminal.out(
    `${cluster.quotas.treeOfTenant.size} tenants in ${cohorts.size} cohorts, ${cluster.policies.names.length} policies. Every pod below goes ` +
      'through /mutate/pods, is patched, and goes through /validate/pods, as the API server would send it.',
  )
}
