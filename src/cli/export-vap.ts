import { stringify } from 'yaml'
import { exemptNamespaces } from '../admission/exempt.ts'
import { nativeNet } from '../admission/native-net.ts'
import { complain, loadCluster } from './cluster.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

export interface ExportVapOptions {
  readonly cluster: string
  readonly exemptNamespaces?: readonly string[]
}

/** `sluice export vap`: what the API server can hold up by itself while Sluice is away. */
export function exportVap(options: ExportVapOptions, terminal: Terminal): ExitCode {
  const cluster = loadCluster(options.cluster)
  if (!cluster.ok) {
    complain(cluster.issues, terminal)
    return EXIT.badInput
  }
  const objects = nativeNet(cluster.value, exemptNamespaces(options.exemptNamespaces ?? []))
  terminal.out(`${HEAD}${objects.map(object => stringify(object, { lineWidth: 0 })).join('---\n')}`.trimEnd())
  return EXIT.yes
}

const HEAD = `# A net for when Sluice is down or not registered: GPU pods that its mutating webhook has not seen are refused, and so is what no
# single pod of a tenant may have. It knows no usage. Print it anew when classes or quotas change.
`
