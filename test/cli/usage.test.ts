import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sluice, sluiceHere } from '../support/sluice-process.ts'

const COMMANDS = ['serve', 'review', 'explain', 'whatif', 'usage', 'simulate', 'test', 'import', 'demo']

describe('the command line', () => {
  test('--help names every command and ends with 0', async () => {
    const { exitCode, stdout } = await sluice(['--help'])
    assert.equal(exitCode, 0)
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'))
  })

  for (const command of COMMANDS) {
    test(`${command} --help describes its options and ends with 0`, async () => {
      const { exitCode, stdout } = await sluiceHere([command, '--help'])
      assert.equal(exitCode, 0)
      assert.match(stdout, new RegExp(`^Usage: sluice ${command}`))
      assert.match(stdout, /--help/)
    })
  }

  test('--version is a version', async () => {
    const { exitCode, stdout } = await sluiceHere(['--version'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^\d+\.\d+\.\d+/)
  })

  test('an unknown command ends with 2', async () => {
    const { exitCode, stdout, stderr } = await sluice(['frobnicate'])
    assert.equal(exitCode, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /unknown command 'frobnicate'/)
  })

  const mistakes = [
    { args: ['reviev'], says: /Did you mean review/ },
    { args: ['review'], says: /required option '-f/ },
    { args: ['review', '-f', 'x.yaml', '-o', 'xml'], says: /xml.*text, json, yaml, patch/s },
    { args: ['review', '-f', 'x.yaml', '--frob'], says: /unknown option '--frob'/ },
    { args: ['explain', '-f', 'x.yaml'], says: /required option '--cluster/ },
    { args: ['import', 'kueue'], says: /required option '-f/ },
    { args: ['import', 'volcano', '-f', 'x'], says: /unknown command 'volcano'/ },
    { args: ['whatif', '-f', 'x.yaml'], says: /required option '--cluster/ },
    { args: ['serve', '--cluster', 'x'], says: /error: --cluster needs --standalone/ },
    { args: ['serve', '--standalone', '--cluster', 'x', '--port', '70000'], says: /at most 65535/ },
    {
      args: ['serve', '--standalone', '--cluster', 'x', '--port', '-1'],
      says: /whole number|argument missing|unknown option/,
    },
    {
      args: ['serve', '--standalone', '--cluster', 'x', '--tls-cert', 'a.pem'],
      says: /--tls-cert and --tls-key go together/,
    },
    { args: ['serve', '--standalone', '--cluster', 'x', '--log-level', 'loud'], says: /loud/ },
    {
      args: [
        'serve',
        '--standalone',
        '--cluster',
        'examples/cluster',
        '--tls-cert',
        '/no/such.crt',
        '--tls-key',
        '/no/such.key',
      ],
      says: /error: \/no\/such\.crt: cannot be read/,
    },
  ]
  for (const { args, says } of mistakes) {
    test(`sluice ${args.join(' ')} ends with 2`, async () => {
      const { exitCode, stderr } = await sluiceHere(args)
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, says)
    })
  }
})
