/** Runs of a scenario: one execution at a time, in the order of events that a search or chance chooses. */
import { setImmediate } from 'node:timers/promises'
import { watchful, wrongAtRest } from './checks.ts'
import type { Event } from './event.ts'
import { type Parts, REAL } from './parts.ts'
import { CREATE_MS, GANG_HOLD_MS, PATIENCE_MS, PENDING_MS, type Scenario } from './scenario.ts'
import type { Run } from './search.ts'
import { type World, world } from './world.ts'

/** A run, and the world it happens in. */
export interface ModelRun extends Run {
  readonly world: World
}

export async function begin(scenario: Scenario, parts: Parts = REAL): Promise<ModelRun> {
  const here = world(scenario, parts)
  const check = watchful(here)
  let found: string | undefined

  async function take(event: Event, isChecked = false): Promise<void> {
    here.story.push(event.name)
    event.happen()
    // All that follows by itself does so in microtasks; the model has no other clock.
    await setImmediate()
    if (isChecked) check.skip()
    else found ??= check.wrong()
  }

  // What replicas read before the scenario begins.
  await setImmediate()
  await deliver(here, take)
  return {
    world: here,
    enabled: here.events,
    urgent: here.urgent,
    take,
    wrong: () => found,
    wrongAtRest: async () => {
      await rest(here, take)
      return found ?? wrongAtRest(here)
    },
  }
}

/** Everybody is answered, every deadline and expiry passes, and whoever leads recounts. */
async function rest(here: World, take: (event: Event) => Promise<void>): Promise<void> {
  here.network.heal()
  await deliver(here, take)
  for (const ms of [PATIENCE_MS, CREATE_MS + PENDING_MS + GANG_HOLD_MS]) {
    await take({ name: `${ms} ms pass`, touches: NOTHING, happen: () => here.advance(ms) })
    await deliver(here, take)
  }
  // The newest leader alone: its predecessors may be gone by then.
  const leader = here.leaders.findLast(({ plan }) => !here.network.dead.has(plan.replica)) ?? here.newLeader()
  await take({ name: 'a leader that has seen everything recounts', touches: NOTHING, happen: leader.finish })
  await deliver(here, take)
}

const NOTHING = { reads: [], writes: [] }

async function deliver(here: World, take: (event: Event) => Promise<void>): Promise<void> {
  for (let [call] = here.network.events(); call !== undefined; [call] = here.network.events()) await take(call)
}
