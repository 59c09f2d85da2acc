import { textAt } from '../../../src/admission/objects.ts'
import type { ApiClient } from './api-client.ts'

const LIFETIME_SECONDS = 6 * 60 * 60

/** A token of the account `namespace/name`, which is created with its namespace if need be. */
export async function serviceAccountToken(api: ApiClient, account: string): Promise<string> {
  const [namespace = '', name = ''] = account.split('/')
  await ensure(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await ensure(api, accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
  const answer = await api.must('POST', `${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: LIFETIME_SECONDS },
  })
  const token = textAt(answer, 'status', 'token')
  if (token === undefined) throw new Error(`no token was given for ${account}`)
  return token
}

async function ensure(api: ApiClient, path: string, object: Parameters<ApiClient['must']>[2]): Promise<void> {
  const { status, body } = await api.call('POST', path, object)
  if (status >= 300 && status !== 409) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`)
}
