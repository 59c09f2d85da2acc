import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { isObject, type JsonValue } from '../../src/schema/parts.ts'
import { sluiceHere } from '../support/sluice-process.ts'
import { ofKind, skipWithoutHelm, VALUE_SETS } from './support/helm.ts'

/** The arguments of the one container of every pod. */
function commandLines(set: string): readonly (readonly string[])[] {
  const specs: readonly (JsonValue | undefined)[] = [
    ...ofKind(set, 'Deployment', 'Job').map(object => fieldAt(object, 'spec', 'template', 'spec')),
    ...ofKind(set, 'Pod').map(object => fieldAt(object, 'spec')),
  ]
  return specs.map(spec => {
    const containers = fieldAt(spec, 'containers')
    assert.ok(Array.isArray(containers) && isObject(containers[0]))
    assert.equal(textAt(containers[0], 'command'), undefined, 'the entry point of the image is the command line')
    const args = fieldAt(containers[0], 'args')
    return Array.isArray(args) ? args.map(String) : []
  })
}

describe('what pods are started with', { skip: skipWithoutHelm }, () => {
  for (const set of VALUE_SETS) {
    test(`with ${set} values is a command of sluice, with flags that it has`, async () => {
      for (const [command = '', ...flags] of commandLines(set)) {
        const { stdout } = await sluiceHere([command, '--help'])
        assert.match(stdout, new RegExp(`^Usage: sluice ${command}`), `there is no command ${command}`)
        const known = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag)
        const unknown = flags.map(flag => flag.split('=')[0]).filter(flag => !known.includes(flag))
        assert.deepEqual(unknown, [], command)
      }
    })
  }
})
