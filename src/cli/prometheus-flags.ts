/** The flags of `sluice serve` that say where the utilisation of GPUs is known. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type PrometheusSettings, USUAL_QUERY } from '../prometheus/source.ts'

export interface PrometheusFlags {
  readonly prometheusUrl?: URL
  readonly prometheusQuery: string
  readonly prometheusTokenFile?: string
  readonly prometheusCaFile?: string
}

export function addPrometheusOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--prometheus-url <url>', 'the Prometheus that knows how busy GPUs are; without it nobody is asked')
        .argParser(urlOf)
        .env('SLUICE_PROMETHEUS_URL'),
    )
    .addOption(
      new Option('--prometheus-query <promql>', 'percent of the time of GPUs in use, by the labels of pods')
        .default(USUAL_QUERY)
        .env('SLUICE_PROMETHEUS_QUERY'),
    )
    .addOption(
      new Option('--prometheus-token-file <file>', 'the bearer token to show it, read anew each time').env(
        'SLUICE_PROMETHEUS_TOKEN_FILE',
      ),
    )
    .addOption(
      new Option('--prometheus-ca-file <file>', 'the authority of its certificate, in PEM, read anew each time').env(
        'SLUICE_PROMETHEUS_CA_FILE',
      ),
    )
}

export function prometheusSettings(flags: PrometheusFlags): PrometheusSettings | undefined {
  const { prometheusUrl: url, prometheusQuery: query } = flags
  if (url === undefined) return undefined
  return { url, query, tokenFile: flags.prometheusTokenFile, caFile: flags.prometheusCaFile }
}

export function prometheusProblem(flags: PrometheusFlags): string | undefined {
  const { prometheusUrl: url, prometheusTokenFile: tokenFile, prometheusCaFile: caFile } = flags
  const files = tokenFile ?? caFile
  if (url === undefined)
    return files === undefined ? undefined : '--prometheus-token-file and -ca-file need --prometheus-url'
  // Whoever is on the way would read a token that is shown without TLS.
  return files === undefined || url.protocol === 'https:'
    ? undefined
    : '--prometheus-token-file and -ca-file need https'
}

function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidArgumentError('an address such as http://prometheus.monitoring:9090 is needed.')
  }
  // The address stands in logs.
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('an address without a password is needed: use --prometheus-token-file.')
  }
  return url
}
