import { writeFileSync } from 'node:fs'
import type { ApiAddress, Credentials } from './api-client.ts'

/** Written as JSON, which every reader of a kubeconfig takes. */
export function writeKubeconfig(file: string, { url, ca, credentials }: ApiAddress): string {
  const name = 'test'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': base64(ca) } }],
    users: [{ name, user: userOf(credentials) }],
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

function userOf(credentials: Credentials) {
  switch (credentials.kind) {
    case 'certificate':
      return {
        'client-certificate-data': base64(credentials.cert),
        'client-key-data': base64(credentials.key),
      }
    case 'token':
      return { token: credentials.token }
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
