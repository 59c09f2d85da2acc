/** What one container holds while it runs, by resource. */
export interface Holding {
  readonly phase: 'init' | 'sidecar' | 'main'
  readonly amounts: Iterable<readonly [string, bigint]>
}

/**
 * The effective request of a pod, by resource, zeros left out (kubernetes/component-helpers, resource.PodRequests):
 *
 *     max( Σ main + Σ sidecars,  max over init containers of ( its own + Σ sidecars started before it ) )
 *
 * A sidecar is a restartable init container: it runs on, so those that start later run beside it. What the sidecars hold while
 * an init container asks for nothing never exceeds the first term, so only what an init container asks for itself is looked at.
 *
 * @param holdings in the order in which the containers start
 */
export function effectiveRequest(holdings: readonly Holding[]): Map<string, bigint> {
  const running = new Map<string, bigint>()
  const peak = new Map<string, bigint>()
  for (const { phase, amounts } of holdings) {
    for (const [resource, amount] of amounts) {
      const together = (running.get(resource) ?? 0n) + amount
      if (phase !== 'init') running.set(resource, together)
      if (together > (peak.get(resource) ?? 0n)) peak.set(resource, together)
    }
  }
  return peak
}
