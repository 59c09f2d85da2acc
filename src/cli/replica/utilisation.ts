/** How busy GPUs are, as the leader reads it while it leads. */
import type { Log } from '../../admission/endpoint.ts'
import {
  type Utilisation,
  type UtilisationObserver,
  watchUtilisation,
} from '../../controller/rebalancing/utilisation.ts'
import { prometheusSource } from '../../prometheus/source.ts'
import { SYSTEM_CLOCK, timerOn } from '../time.ts'
import type { Duty } from './duties.ts'
import type { ReplicaSettings } from './settings.ts'

interface UtilisationDeps {
  readonly settings: Pick<ReplicaSettings, 'prometheus'>
  readonly observer: UtilisationObserver
  readonly log: Log
}

export interface ReplicaUtilisation extends Pick<Utilisation, 'of'> {
  readonly duty: Duty
}

/** Of no pod anything is known while this replica does not lead, and where no Prometheus is named. */
export function readingUtilisation({ settings: { prometheus }, observer, log }: UtilisationDeps): ReplicaUtilisation {
  let current: Utilisation | undefined
  return {
    of: pod => current?.of(pod) ?? null,
    duty() {
      if (prometheus === undefined) return () => {}
      const source = prometheusSource(prometheus)
      const watched = watchUtilisation({ source, observer, clock: SYSTEM_CLOCK, timer: timerOn(SYSTEM_CLOCK), log })
      current = watched
      return () => {
        watched.stop()
        current = undefined
      }
    },
  }
}
