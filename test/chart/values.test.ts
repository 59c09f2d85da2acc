import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { isObject, type JsonObject } from '../../src/schema/parts.ts'
import { ROOT } from '../support/sluice-process.ts'
import { CHART, skipWithoutHelm, template } from './support/helm.ts'

const schema: unknown = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'))
const defaults: unknown = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'))
const page = readFileSync(join(ROOT, 'docs', 'reference', 'chart.md'), 'utf8')

function objectOf(value: unknown): JsonObject {
  assert.ok(isObject(value))
  return value
}

interface Described {
  readonly path: string
  readonly schema: JsonObject
}

/** Every value of the schema, those with parts too. */
function described(node: JsonObject, path = ''): readonly Described[] {
  return Object.entries(objectOf(node.properties ?? {})).flatMap(([name, part]) => {
    const place = path === '' ? name : `${path}.${name}`
    return [{ path: place, schema: objectOf(part) }, ...described(objectOf(part), place)]
  })
}

const all = described(objectOf(schema))
const leaves = all.filter(value => value.schema.properties === undefined)

/** Every value of the file of defaults, as deep as the schema goes. */
function written(node: JsonObject, path = ''): readonly string[] {
  return Object.entries(node).flatMap(([name, value]) => {
    const place = path === '' ? name : `${path}.${name}`
    const isPart = all.some(one => one.path === place && one.schema.properties !== undefined)
    return isPart ? written(objectOf(value), place) : [place]
  })
}

describe('the values', () => {
  test('are the same in the schema, in the defaults and on the page', () => {
    assert.deepEqual(
      written(objectOf(defaults)),
      leaves.map(leaf => leaf.path),
    )
    const rows = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, path]) => path)
    assert.deepEqual(
      rows,
      leaves.map(leaf => leaf.path),
    )
    assert.ok(leaves.length > 40, `only ${leaves.length} values were seen`)
  })

  test('are each described in a sentence, and each part refuses what it does not know', () => {
    for (const { path, schema: value } of all) {
      assert.match(String(value.description), /^[A-Z`].*\.$/s, path)
      if (value.properties !== undefined) assert.equal(value.additionalProperties, false, path)
    }
    assert.equal(objectOf(schema).additionalProperties, false)
  })
})

describe('a wrong value is refused with its place', { skip: skipWithoutHelm }, () => {
  const cases = [
    { name: 'a misspelt value', set: 'replicaCont=3', says: /additional properties 'replicaCont' not allowed/ },
    { name: 'a misspelt part', set: 'image.tga=v1', says: /at '\/image': additional properties 'tga' not allowed/ },
    { name: 'a mode that there is not', set: 'certificates.mode=Vault', says: /certificates\/mode.*CertManager/s },
    { name: 'a number that is none', set: 'replicaCount=two', says: /at '\/replicaCount': got string, want integer/ },
    { name: 'no replica', set: 'replicaCount=0', says: /at '\/replicaCount': minimum: got 0, want 1/ },
    { name: 'no address', set: 'networkPolicy.ingressCIDRs={anywhere}', says: /networkPolicy\/ingressCIDRs\/0/ },
    { name: 'a namespace that cannot be', set: 'exemptNamespaces={Kube_System}', says: /exemptNamespaces\/0/ },
    {
      name: 'a word that is a boolean in YAML',
      set: 'registration=false',
      says: /registration': got boolean, want string/,
    },
    {
      name: 'a password in an address',
      set: 'prometheus.url=http://me:secret@prometheus',
      says: /prometheus\/url': 'http:.*does not match pattern/,
    },
    {
      name: 'a token that would be shown to whoever listens',
      set: 'prometheus.url=http://prometheus,prometheus.tokenSecret=token',
      says: /tokenSecret and prometheus\.caSecret need a prometheus\.url with https/,
    },
    { name: 'no image', set: 'image.repository=', says: /image\.repository is empty: build the image/ },
  ]
  for (const { name, set, says } of cases) {
    test(name, () => {
      const { exitCode, stderr } = template('defaults', '--set', set)
      assert.equal(exitCode, 1)
      assert.match(stderr, says)
    })
  }
})

test('the chart has the version of what it installs', () => {
  const { version, appVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version
  assert.deepEqual({ version, appVersion }, { version: own, appVersion: own })
})
