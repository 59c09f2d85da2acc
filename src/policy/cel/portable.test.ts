import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPortable, withoutDemand } from './portable.ts'

const CONTAINERS = '(object.spec.containers + object.spec.?initContainers.orValue([]))'

test('what cannot fail on a pod can be handed to the API server', () => {
  const cases = [
    "object.spec.?runtimeClassName.orValue('') != ''",
    `${CONTAINERS}.exists(c, c.?env.orValue([]).exists(e, e.name == 'A' && e.?value.orValue('') != ''))`,
    "object.spec.containers.all(c, c.?volumeMounts.orValue([]).exists(m, m.mountPath.matches('^/dev')))",
    'size(object.spec.containers) > 1 && 0 < 1',
    "has(object.spec.nodeName) || request.namespace.startsWith('team-')",
    "object.metadata.?labels[?'a/b'].hasValue() ? 'x' in ['x'] : size(object.spec.containers) == 1",
  ]
  for (const expression of cases) assert.equal(isPortable(expression), true, expression)
})

test('what can fail, or needs what only Sluice knows, stays here', () => {
  const cases = [
    "sluice.tenant != ''",
    'variables.x',
    "namespaceObject.metadata.name == 'a'",
    'oldObject == null',
    "object.spec.runtimeClassName == 'nvidia'",
    "object.metadata.name == 'a'",
    "object.metadata.labels['a'] == 'b'",
    'object.spec.containers[0] == 1',
    "object.spec.containers.exists(c, c.image == 'a')",
    "object.spec.?tolerations.orValue([]).exists(t, t.key == 'a')",
    // The name of a port is its author's choice, and one name is bound to both.
    `${CONTAINERS}.exists(c, c.?ports.orValue([]).exists(p, p.name == 'http'))`,
    `${CONTAINERS}.exists(c, c.name == 'a') || object.spec.?hostAliases.orValue([]).exists(c, c.name == 'a')`,
    "object.spec.?hostname.orValue('').matches(object.spec.?subdomain.orValue(''))",
    'int(object.spec.?priorityClassName.orValue("")) > 1',
    'size(object.spec.containers) / 0 == 1',
    'object.spec.?priority.orValue(0) > 0',
    'sluice.gpus == 0',
    'has(object.spec.securityContext.runAsUser)',
  ]
  for (const expression of cases) assert.equal(isPortable(expression), false, expression)
})

test('for a pod without demand the number of its GPUs is known', () => {
  assert.equal(withoutDemand('sluice.gpus > 0 || sluice.gpus == 0'), '0 > 0 || 0 == 0')
  assert.equal(
    withoutDemand("object.spec.?hostname.orValue('') == 'sluice.gpus' || sluice.gpus > 0").includes('0 >'),
    false,
  )
  assert.equal(withoutDemand("sluice.tenant == ''"), "sluice.tenant == ''")
})
