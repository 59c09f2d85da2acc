/** Asks a Prometheus, or whatever has its API (Thanos, Mimir, VictoriaMetrics), how busy GPUs are. */
import { readFile } from 'node:fs/promises'
import {
  AVERAGED_OVER_MINUTES,
  type UtilisationSample,
  type UtilisationSource,
} from '../controller/rebalancing/utilisation.ts'
import { formatIssue } from '../schema/parsed.ts'
import { parseAnswer } from './answer.ts'
import { type Bounds, getJson } from './get.ts'

export interface PrometheusSettings {
  /** As people open it, with the prefix of a proxy where there is one. */
  readonly url: URL
  readonly query: string
  /** Both are read anew each time: they are replaced as they expire. */
  readonly tokenFile: string | undefined
  readonly caFile: string | undefined
}

const METRIC = 'DCGM_FI_DEV_GPU_UTIL'

/**
 * By pod, whichever labels name it. Only series that are still measured: one of a pod that has ended would else go on for as long as
 * the average.
 */
export const USUAL_QUERY = `max by (namespace, pod, exported_namespace, exported_pod) (avg_over_time(${METRIC}[${AVERAGED_OVER_MINUTES}m]) and ${METRIC})`

// A series of names of the usual length takes 250 bytes: 25 MB for 100,000 pods.
const BOUNDS: Bounds = { timeoutMs: 20_000, bytes: 32 * 1024 * 1024 }

export function prometheusSource(settings: PrometheusSettings, bounds = BOUNDS): UtilisationSource {
  const url = queryUrl(settings)
  return {
    async read(): Promise<readonly UtilisationSample[]> {
      const [token, ca] = await Promise.all([settings.tokenFile, settings.caFile].map(textOf))
      const headers = token === undefined ? {} : { Authorization: `Bearer ${token.trim()}` }
      const answer = parseAnswer(await getJson(url, { ...bounds, headers, ca }))
      if (!answer.ok)
        throw new Error(`what ${url.origin} answered cannot be used: ${answer.issues.map(formatIssue).join('; ')}`)
      return answer.value
    },
  }
}

function queryUrl({ url, query }: PrometheusSettings): URL {
  const asked = new URL(url)
  asked.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`
  asked.search = new URLSearchParams({ query }).toString()
  return asked
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : readFile(file, 'utf8')
}
