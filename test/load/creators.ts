/** Controllers that create pods: one after the other or whole gangs, patient or not, some of which never carry out what they began. */
import type { Request } from '../../src/quota/decide.ts'
import { gangKey } from '../../src/quota/gang.ts'
import { amounts, request } from '../../src/quota/testing.ts'
import type { Tier } from '../../src/schema/parts.ts'
import type { Figures } from './figures.ts'
import type { Pods } from './pods.ts'
import { CLASSES, TENANT_NAMES, TREE } from './quotas.ts'
import { GANG_HOLD_MS, type Replica, type Replicas } from './replicas.ts'
import type { Sky } from './shared-text.ts'
import type { Witness } from './witness.ts'

export interface CreatorDeps extends Sky {
  readonly replicas: Replicas
  readonly pods: Pods
  readonly witness: Witness
  readonly figures: Figures
  readonly isOver: () => boolean
}

type Fate = Tier | 'refused' | 'busy' | 'died'

const TIER_CHOICES = ['auto', 'auto', 'auto', 'reserved', 'shared', 'burst'] as const
const PATIENCE_MS = 5_000
// A hold runs from the moment of the decision, by the clock of whoever decided.
const MOST_HOLD_ERROR_MS = 2_000
const [TURN_MS, TURNS] = [5_000, 3]
const SIZES = [500, 1000, 1000, 1000, 2000, 2000, 4000, 8000] as const

/** Creates until it is over. */
export async function creator(deps: CreatorDeps): Promise<void> {
  const { time, chance, isOver } = deps
  while (!isOver()) {
    await time.sleep(chance.oneIn(3) ? chance.between(2_000, 12_000) : chance.between(50, 600))
    await (chance.oneIn(4) ? createGang(deps) : rollOut(deps))
  }
}

/** A few pods at once, as of a Deployment: none waits for another. */
async function rollOut(deps: CreatorDeps): Promise<void> {
  const pods = deps.chance.between(1, 24)
  await Promise.all(Array.from({ length: pods }, () => createAlone(deps)))
}

async function createAlone(deps: CreatorDeps): Promise<void> {
  const { chance, replicas, witness, figures } = deps
  const one = podRequest(deps)
  if (chance.oneIn(15)) {
    witness.dryRun(one.uid)
    figures.count('dry run')
    await ask(deps, replicas.any(), one, true)
    return
  }
  await createPod(deps, one)
}

/** Tenants are busy in turns, so that what one lends while it is idle is lent when it wants it back. */
function busyTenant({ time, chance }: CreatorDeps): string {
  if (chance.oneIn(4)) return chance.pick(TENANT_NAMES)
  const turn = Math.floor(time.now() / TURN_MS) % TURNS
  return chance.pick(TENANT_NAMES.filter((_, index) => index % TURNS === turn))
}

function podRequest(deps: CreatorDeps): Request {
  const { chance } = deps
  const tenant = busyTenant(deps)
  const key = chance.oneIn(4) ? CLASSES[1] : CLASSES[0]
  const other = chance.oneIn(10) ? { [chance.pick(CLASSES)]: 500 } : {}
  return request(chance.uid(), tenant, { ...other, [key]: chance.pick(SIZES) }, chance.pick(TIER_CHOICES))
}

/** Members come one shortly after the other, and who comes after one was admitted finds room, unless something went wrong with others. */
async function createGang(deps: CreatorDeps): Promise<void> {
  const { time, chance, weather, witness, figures } = deps
  const size = chance.between(2, 8)
  const key = chance.oneIn(4) ? CLASSES[1] : CLASSES[0]
  const gpus = chance.pick([1000, 2000, 4000])
  const gang = { id: chance.uid(), size, demand: amounts({ [key]: size * gpus }) }
  const [tenant, tier] = [busyTenant(deps), chance.pick(TIER_CHOICES)]
  const coming = chance.oneIn(weather().incompleteGangs) ? chance.between(1, size - 1) : size
  figures.count(coming < size ? 'gang that lacks members' : 'gang')

  const fates = await Promise.all(
    Array.from({ length: coming }, async (_, index) => {
      // One that comes after the hold has lapsed is on its own.
      await time.sleep(index === 0 ? 0 : chance.oneIn(40) ? 2 * GANG_HOLD_MS : chance.between(0, 400))
      const askedMs = time.now()
      const fate = await createPod(deps, { ...request(chance.uid(), tenant, { [key]: gpus }, tier), gang })
      return { fate, askedMs, answeredMs: time.now() }
    }),
  )
  const admitted = fates.filter(({ fate }) => isAdmitted(fate))
  figures.count(admitted.length === coming ? 'gang admitted' : admitted.length === 0 ? 'gang refused' : 'gang in part')
  const firstMs = Math.min(...admitted.map(({ answeredMs }) => answeredMs))
  const wasHeld = ({ askedMs, answeredMs }: (typeof fates)[number]) =>
    askedMs > firstMs && answeredMs < firstMs + GANG_HOLD_MS - MOST_HOLD_ERROR_MS
  const isUndisturbed = fates.every(({ fate }) => fate !== 'busy' && fate !== 'died')
  if (isUndisturbed && fates.some(member => member.fate === 'refused' && wasHeld(member))) {
    witness.problem(`a gang of ${tenant} was admitted, and then a member was refused`)
  }
}

function isAdmitted(fate: Fate): fate is Tier {
  return fate !== 'refused' && fate !== 'busy' && fate !== 'died'
}

/** As the API server does it: ask, perhaps again elsewhere, and create only what was allowed in the end. */
async function createPod(deps: CreatorDeps, wanted: Request): Promise<Fate> {
  const { time, chance, weather, replicas, witness, figures } = deps
  const first = replicas.any()
  let fate: Fate
  if (chance.oneIn(weather().askedTwice)) {
    figures.count('asked twice')
    const again = time.sleep(chance.between(0, 20)).then(() => ask(deps, replicas.otherThan(first), wanted, false))
    const fates = await Promise.all([ask(deps, first, wanted, false), again])
    fate = fates[1]
  } else fate = await ask(deps, first, wanted, false)

  if (!isAdmitted(fate)) {
    witness.over(wanted.uid)
    return fate
  }
  if (chance.oneIn(weather().neverCreated)) {
    figures.count('never created')
    time.at(time.now() + chance.between(1, 15_000), () => witness.over(wanted.uid))
  } else void live(deps, wanted, fate)
  return fate
}

async function live(deps: CreatorDeps, { uid, tenant, demand, gang }: Request, tier: Tier): Promise<void> {
  const { time, chance, pods, witness, replicas } = deps
  // Other webhooks and etcd come first; rarely they take as long as the API server waits.
  await time.sleep(chance.oneIn(100) ? chance.between(1_000, 15_000) : chance.between(2, 30))
  pods.create(
    { uid, tenant, tier, amounts: demand, gang: gang === undefined ? null : gangKey(tenant, gang.id) },
    time.now(),
  )
  await time.sleep(chance.oneIn(15) ? chance.between(5_000, 20_000) : chance.between(50, 2_500))
  pods.remove(uid, time.now())
  witness.over(uid)
  if (chance.oneIn(4))
    void replicas
      .any()
      .writer.amend(TREE, [{ kind: 'release', uid }])
      .catch(() => {})
}

async function ask(deps: CreatorDeps, replica: Replica, wanted: Request, isDry: boolean): Promise<Fate> {
  const { time, chance, weather, witness, figures } = deps
  const patienceMs = chance.oneIn(weather().impatient) ? chance.between(1, 40) : PATIENCE_MS
  const askedAtMs = time.now()
  const deadlineMs = replica.now() + patienceMs
  const { writer, died } = replica
  const asked = isDry ? writer.preview(wanted, deadlineMs) : writer.charge(wanted, deadlineMs)
  const verdict = await Promise.race([asked, died])
  if (verdict === 'died') {
    figures.count('creator left without an answer')
    return 'died'
  }
  const answeredAtMs = time.now()
  witness.answered({ request: wanted, isDry, askedAtMs, answeredAtMs, patienceMs, verdict })
  if (!isDry) {
    figures.count('asked')
    figures.took(answeredAtMs - askedAtMs)
  }
  figures.count(verdict.kind === 'busy' ? `busy: ${verdict.because}` : verdict.kind)
  switch (verdict.kind) {
    case 'charged':
      figures.count(`charged in ${verdict.tier}`)
      return verdict.tier
    case 'refused':
      return 'refused'
    case 'barred':
    case 'busy':
      return 'busy'
  }
}
