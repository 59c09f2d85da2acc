/** What may happen next in a model, and which events may change places without anybody noticing. */

export interface Event {
  /** Tells it from every other event of a run; the same event has the same name in every order in which it can happen. */
  readonly name: string
  readonly touches: Footprint
  happen(): void
}

/** The parts of the world an event looks at, and those it changes (which it may also look at). */
export interface Footprint {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

export function footprint(writes: readonly string[], reads: readonly string[] = []): Footprint {
  return { reads, writes }
}

/** Whether two events lead to the same world in either order, and neither is in the way of the other. */
export function commute(a: Event, b: Event): boolean {
  return !isDisturbed(a.touches, b.touches) && !isDisturbed(b.touches, a.touches)
}

function isDisturbed({ reads, writes }: Footprint, by: Footprint): boolean {
  return by.writes.some(part => writes.includes(part) || reads.includes(part))
}
