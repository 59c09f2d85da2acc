import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { SYSTEM_NAMESPACES } from '../../src/admission/exempt.ts'
import { fieldAt, objectAt, textAt } from '../../src/admission/objects.ts'
import { OWNER_KINDS } from '../../src/admission/owners.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { WAKEABLE } from '../../src/controller/waking/owner-resource.ts'
import { DEADLINE_ANNOTATION, FORMER_TIER_ANNOTATION, NEED_ANNOTATION } from '../../src/policy/owned-keys.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/schema/parts.ts'
import { ROOT } from '../support/sluice-process.ts'
import { ofKind, skipWithoutHelm, template, VALUE_SETS } from './support/helm.ts'

function listAt(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const found = fieldAt(value, ...path)
  return Array.isArray(found) ? found.filter(isObject) : []
}

function wordsAt(value: JsonValue | undefined, field: string): readonly string[] {
  const found = fieldAt(value, field)
  return Array.isArray(found) ? found.filter(item => typeof item === 'string') : []
}

/** The specs of all pods, those of hooks too. */
function podSpecs(set: string): readonly JsonObject[] {
  const templates = ofKind(set, 'Deployment', 'Job').map(object => objectAt(object, 'spec', 'template', 'spec'))
  const pods = ofKind(set, 'Pod').map(object => objectAt(object, 'spec'))
  return [...templates, ...pods].filter(spec => spec !== undefined)
}

interface Grant {
  readonly role: string
  readonly group: string
  readonly resource: string
  readonly verb: string
  readonly names: readonly string[]
}

function grants(set: string): readonly Grant[] {
  return ofKind(set, 'Role', 'ClusterRole').flatMap(role =>
    listAt(role, 'rules').flatMap(rule =>
      wordsAt(rule, 'apiGroups').flatMap(group =>
        wordsAt(rule, 'resources').flatMap(resource =>
          wordsAt(rule, 'verbs').map(verb => ({
            role: `${role.kind} ${textAt(role, 'metadata', 'name')}`,
            group,
            resource,
            verb,
            names: wordsAt(rule, 'resourceNames'),
          })),
        ),
      ),
    ),
  )
}

/** As in a list of CEL. */
function quoted(names: readonly string[]): string {
  return names
    .toSorted()
    .map(name => `'${name}'`)
    .join()
}

function verbsOn(set: string, group: string, resource: string): readonly string[] {
  return grants(set)
    .filter(one => one.role === 'ClusterRole sluice' && one.group === group && one.resource === resource)
    .map(one => one.verb)
}

const image = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const userOfImage = Number(/^USER (\d+):\d+$/m.exec(image)?.[1])

describe('pods', { skip: skipWithoutHelm }, () => {
  for (const set of VALUE_SETS) {
    test(`with ${set} values run as nobody, with nothing`, () => {
      const specs = podSpecs(set)
      assert.ok(specs.length >= 2, 'no pods were seen')
      for (const spec of specs) {
        const context = objectAt(spec, 'securityContext')
        assert.equal(fieldAt(context, 'runAsNonRoot'), true)
        assert.equal(fieldAt(context, 'runAsUser'), userOfImage)
        assert.equal(textAt(context, 'seccompProfile', 'type'), 'RuntimeDefault')
        for (const container of listAt(spec, 'containers')) {
          assert.deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          })
        }
      }
    })
  }

  test('listen where the image says, and are probed there', () => {
    const container = podSpecs('defaults').flatMap(spec => listAt(spec, 'containers'))[0]
    const port = fieldAt(listAt(container, 'ports')[0], 'containerPort')
    assert.equal(port, Number(/^EXPOSE (\d+)$/m.exec(image)?.[1]))
    assert.ok(wordsAt(container, 'args').includes(`--port=${port}`))
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      assert.equal(textAt(container, probe, 'httpGet', 'scheme'), 'HTTPS')
      assert.equal(textAt(container, probe, 'httpGet', 'port'), 'https')
    }
  })

  test('of the test see the authority and no key', () => {
    const [spec] = ofKind('defaults', 'Pod').map(pod => objectAt(pod, 'spec'))
    const keys = listAt(spec, 'volumes').flatMap(volume => listAt(volume, 'secret', 'items').map(item => item.key))
    assert.deepEqual(keys, ['ca.crt'])
  })
})

describe('rights', { skip: skipWithoutHelm }, () => {
  for (const set of VALUE_SETS) {
    test(`with ${set} values are given one by one`, () => {
      const all = grants(set)
      assert.ok(all.length > 100, `only ${all.length} were seen`)
      const tooWide = all.filter(({ group, resource, verb }) =>
        [group, resource, verb].some(word => word.includes('*')),
      )
      assert.deepEqual(tooWide, [])
    })

    test(`with ${set} values change no webhook configuration, lease or Secret but our own`, () => {
      const guarded = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'leases', 'secrets']
      const writes = grants(set)
        .filter(({ resource, verb }) => guarded.includes(resource) && ['update', 'patch', 'delete'].includes(verb))
        .map(({ resource, names }) => `${resource} ${names.join()}`)
      assert.deepEqual(
        writes.filter(write => !/^(leases|\w+configurations) sluice$|^secrets sluice-tls$/.test(write)),
        [],
      )
    })
  }

  test('read no Secret, except the one that the leader makes', () => {
    const reads = (set: string) =>
      grants(set).filter(({ resource, verb }) => resource === 'secrets' && verb !== 'create')
    assert.deepEqual(reads('defaults'), [])
    assert.deepEqual([...new Set(reads('self-generated').flatMap(({ names }) => names))], ['sluice-tls'])
  })

  test('reach every kind that tells of a gang', () => {
    for (const owner of OWNER_KINDS) {
      const [group = '', kind = ''] = owner.split('/')
      const verbs = verbsOn('restricted', group, `${kind.toLowerCase()}s`)
      assert.deepEqual(verbs, ['get', 'list', 'watch'], owner)
    }
  })

  test('to wake reach what can be woken, and nothing where that is off', () => {
    const woken = (set: string) =>
      grants(set)
        .filter(({ verb }) => verb === 'patch')
        .map(({ group, resource }) => `${group}/${resource}`)
        .filter(one => !/^(\/pods|\/secrets|sluice\.dev\/.*|admissionregistration\.k8s\.io\/.*)$/.test(one))
        .toSorted()
    const wakeable = [...WAKEABLE].map(([owner, resource]) => `${owner.split('/')[0]}/${resource}`)
    assert.deepEqual(woken('defaults'), wakeable.toSorted())
    assert.deepEqual(woken('restricted'), [])
  })

  test('to rebalance change pods, and nothing where that is off', () => {
    const onPods = (set: string) =>
      grants(set)
        .filter(({ resource }) => /^(pods|pods\/eviction|poddisruptionbudgets|events)$/.test(resource))
        .map(({ resource, verb }) => `${verb} ${resource}`)
        .toSorted()
    const reading = ['get pods', 'list pods', 'watch pods']
    const changing = ['create events', 'create pods/eviction', 'patch pods', 'list events']
    const budgets = ['list poddisruptionbudgets', 'watch poddisruptionbudgets']
    assert.deepEqual(onPods('defaults'), [...reading, ...changing, ...budgets].toSorted())
    assert.deepEqual(onPods('restricted'), reading)
  })

  test('on pods are held to what is written there, in namespaces that are not exempt', () => {
    const written = [DEADLINE_ANNOTATION, NEED_ANNOTATION, FORMER_TIER_ANNOTATION]
    const policies = (set: string) => ofKind(set, 'ValidatingAdmissionPolicy').map(policy => JSON.stringify(policy))
    const [patches = '', evictions = ''] = policies('defaults')
    assert.ok(patches.includes(`key in ['${written.join("', '")}']`))
    for (const policy of [patches, evictions])
      assert.ok(policy.includes(`request.namespace in [${quoted(SYSTEM_NAMESPACES)}]`))
    assert.deepEqual(policies('restricted'), [])
  })

  test('on pods end at namespaces that the values exempt, and at that of the release', () => {
    const own = ['--namespace=gpu', '--set=exemptNamespaces={monitoring}', '-s=templates/podpolicies.yaml']
    const { stdout } = template('defaults', ...own)
    const exempt = `request.namespace in [${quoted([...SYSTEM_NAMESPACES, 'gpu', 'monitoring'])}]`
    assert.equal(stdout.split(exempt).length, 3)
    assert.equal(stdout.split("request.userInfo.username == 'system:serviceaccount:gpu:sluice'").length, 3)
  })

  test('of the hook that unregisters are to delete what it unregisters', () => {
    const own = grants('defaults').filter(({ role }) => role === 'ClusterRole sluice-unregister')
    assert.deepEqual([...new Set(own.map(({ verb }) => verb))], ['get', 'delete'])
    assert.deepEqual([...new Set(own.flatMap(({ names }) => names))], ['sluice'])
  })
})

test('the PriorityClasses are those of the shipped policy', { skip: skipWithoutHelm }, () => {
  const shipped = parseAllDocuments(readFileSync(join(shippedLibrary(), 'priority-classes.yaml'), 'utf8'))
  const essence = (object: JsonValue) => ({
    name: textAt(object, 'metadata', 'name'),
    value: fieldAt(object, 'value'),
    preemptionPolicy: fieldAt(object, 'preemptionPolicy'),
    globalDefault: fieldAt(object, 'globalDefault'),
    description: fieldAt(object, 'description'),
  })
  const byName = (a: { name: string | undefined }, b: { name: string | undefined }) =>
    String(a.name).localeCompare(String(b.name))
  assert.deepEqual(
    ofKind('defaults', 'PriorityClass').map(essence).toSorted(byName),
    shipped.map(document => essence(document.toJS())).toSorted(byName),
  )
})
