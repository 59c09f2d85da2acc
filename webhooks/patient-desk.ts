import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Call, Clock } from '../src/admission/endpoint.ts'
import type { TierForecast } from '../src/admission/mutate.ts'
import type { QuotaDesk } from '../src/admission/validate.ts'

/** Lets reviews that came meanwhile go first, pod by pod, and gives up at the deadline: nobody would read the rest. */
export function patient(desk: QuotaDesk & TierForecast, call: Call, clock: Clock): QuotaDesk & TierForecast {
  const inTurn = async (ask: QuotaDesk['charge'], ...question: Parameters<QuotaDesk['charge']>) => {
    await nextTurn()
    if (clock.now() >= call.deadlineMs) return { kind: 'busy', because: 'deadline', retryAfterMs: 1_000 } as const
    return ask(...question)
  }
  return {
    peek: desk.peek,
    charge: (request, deadlineMs) => inTurn(desk.charge, request, deadlineMs),
    preview: (request, deadlineMs) => inTurn(desk.preview, request, deadlineMs),
  }
}
