/** A replica's connections to the API server. */
import type { Log } from '../../admission/endpoint.ts'
import { connect } from '../../kubernetes/connect.ts'
import { type Edge, openEdge } from '../../kubernetes/edge.ts'
import { type Parsed, parsed } from '../../schema/parsed.ts'
import { STEADY_CLOCK, timerOn } from '../time.ts'

/** By a kubeconfig, or else as the pod that this process is. */
export async function openApi(kubeconfig: string | undefined, log: Log): Promise<Parsed<Edge>> {
  const clock = STEADY_CLOCK
  const access = await connect(kubeconfig, { env: process.env, clock })
  if (!access.ok) return access
  return parsed(openEdge(access.value, { clock, timer: timerOn(clock), random: Math.random, log }))
}
