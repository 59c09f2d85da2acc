/**
 * A load on the ledger: 64 creators against a few replicas that share one store, in any weather, in virtual time. The same seed plays
 * the same load.
 */
import type { PodView } from '../../src/quota/recount.ts'
import { chance as chanceOf } from './chance.ts'
import { type CreatorDeps, creator } from './creators.ts'
import { type Figures, figures as figuresOf } from './figures.ts'
import { type Leader, startLeader } from './leader.ts'
import { pods as podsOf } from './pods.ts'
import { GANG_HOLD_MS, PENDING_MS, type Replica, replicas as replicasOf } from './replicas.ts'
import { type Sky, sharedText } from './shared-text.ts'
import { virtualTime } from './virtual-time.ts'
import { FAIR, type Weather } from './weather.ts'
import { witness as witnessOf } from './witness.ts'

const CREATORS = 64

export interface LoadOptions {
  readonly seed: number
  readonly admissions: number
  readonly replicas: number
  readonly weather: Weather
  /** A store that overwrites what it should refuse. */
  readonly ignoresVersions?: boolean
  /** What the leader makes of its view before it counts by it. */
  readonly view?: (view: PodView) => PodView
}

export interface LoadResult {
  readonly figures: Figures
  /** What must never happen, and did. */
  readonly problems: readonly string[]
}

export async function ledgerLoad(options: LoadOptions): Promise<LoadResult> {
  const [time, chance] = [virtualTime(), chanceOf(options.seed)]
  const figures = figuresOf()
  const witness = witnessOf(figures)
  let weather = options.weather
  const isOver = () => (figures.counts.get('asked') ?? 0) >= options.admissions
  const sky: Sky = { time, chance, weather: () => weather }
  const shared = sharedText(text => witness.wrote(text, time.now()), options)
  const replicas = replicasOf(options.replicas, shared, sky, what => figures.count(what))
  const deps: Stage = {
    ...sky,
    replicas,
    pods: podsOf(),
    witness,
    figures,
    isOver,
    view: options.view ?? (view => view),
  }

  const startedMs = time.now()
  const creators = Array.from({ length: CREATORS }, () => creator(deps))
  void crashNowAndThen(deps)
  void leadInTurn(deps)
  await time.run(() => witness.problems.length > 0)
  if (witness.problems.length === 0) {
    await Promise.all(creators)
    figures.count('seconds', Math.round((time.now() - startedMs) / 1000))
    weather = FAIR
    const settled = settle(deps)
    await time.run(() => false)
    await settled
  }
  return { figures, problems: witness.problems }
}

interface Stage extends CreatorDeps {
  readonly view: (view: PodView) => PodView
}

async function crashNowAndThen({ time, chance, weather, replicas, figures, isOver }: Stage): Promise<void> {
  const { msBetweenCrashes } = weather()
  while (Number.isFinite(msBetweenCrashes) && !isOver()) {
    await time.sleep(chance.between(1, 2 * msBetweenCrashes))
    replicas.crashOne()
    figures.count('crash')
  }
}

/** One leader after the other; for a moment there may be none, or two. */
async function leadInTurn(deps: Stage): Promise<void> {
  const { time, chance, figures, replicas, isOver } = deps
  let former: Leader | undefined
  while (!isOver()) {
    figures.count('leader')
    const replica = replicas.any()
    const leader = lead(deps, replica, chance.between(0, 600))
    // Who was deposed need not know it yet.
    const deposed = former
    time.at(time.now() + chance.between(0, 3_000), () => deposed?.depose())
    former = leader
    await Promise.race([time.sleep(chance.between(3_000, 12_000)), replica.died])
    if (replica.isDead()) await time.sleep(chance.between(200, 2_000))
  }
  former?.depose()
}

function lead(deps: Stage, replica: Replica, staleBy: number): Leader {
  const { figures, witness } = deps
  const recounted = ({ position }: PodView) => {
    figures.count(witness.ledger().base.position > position ? 'recount that came too late' : 'recount')
  }
  return startLeader({ ...deps, replica, staleBy, recounted })
}

/** Everything has ended and nothing fails any more: after the last expiry, one recount leaves nothing. */
async function settle(deps: Stage): Promise<void> {
  const { time, pods, witness } = deps
  await time.sleep(PENDING_MS + GANG_HOLD_MS + 1_000)
  if (pods.live().length > 0) witness.problem(`${pods.live().length} pods have not ended`)
  const leader = lead(deps, deps.replicas.any(), 0)
  leader.depose()
  await leader.recountAll()
  const { charges, gangs, held } = witness.ledger()
  if (charges.size > 0) witness.problem(`${charges.size} charges are left`)
  if (gangs.size > 0) witness.problem(`${gangs.size} gangs are left`)
  if (held.size > 0) witness.problem(`${held.size} tenants still hold something`)
}
