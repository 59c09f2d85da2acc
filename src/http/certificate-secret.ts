/** A certificate from a Secret, followed while it changes. */
import type { Log } from '../admission/endpoint.ts'
import type { Audience, Follow } from '../controller/api-server.ts'
import { servedPair } from '../controller/registration/certificates.ts'
import { formatIssue } from '../schema/parsed.ts'
import { type CertificateObserver, type CertificateSource, checkPair, type KeyPair } from './certificate.ts'

export interface SecretContext {
  readonly log: Log
  readonly observer: CertificateObserver
  /** Wall clock: certificates expire by the calendar. */
  readonly now: () => number
}

/** Done when the Secret holds a usable pair, which may be after the leader has made one. */
export async function followCertificateSecret(
  follow: Follow,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { log, observer, now }: SecretContext,
): Promise<CertificateSource> {
  const { promise: first, resolve: isThere } = Promise.withResolvers<KeyPair>()
  const listeners: ((pair: KeyPair) => void)[] = []
  let current: KeyPair | undefined

  function take(told: ReturnType<typeof servedPair> | undefined): void {
    if (told === undefined) return
    const isSame =
      current !== undefined && (['cert', 'key', 'ca'] as const).every(field => current?.[field] === told[field])
    if (isSame) return
    const names = { cert: `${name} tls.crt`, key: `${name} tls.key`, ca: `${name} ca.crt` }
    const pair = checkPair(told, names, now())
    if (pair.ok) accept(pair.value)
    else {
      const reason = pair.issues.map(formatIssue).join('; ')
      log.problem('a new certificate is unusable, the old one stays', undefined, { object: name, reason })
      observer.reloaded('rejected')
    }
  }

  function accept(pair: KeyPair): void {
    const isFirst = current === undefined
    current = pair
    observer.serving(pair.notAfterMs)
    if (isFirst) {
      isThere(pair)
      return
    }
    for (const listener of listeners) listener(pair)
    log.event('certificate reloaded', { object: name, expires: new Date(pair.notAfterMs).toISOString() })
    observer.reloaded('loaded')
  }

  // A Secret that was deleted is made anew by the leader; what is served with meanwhile stays.
  const audience: Audience<NonNullable<ReturnType<typeof servedPair>>> = {
    replaced: all => take(all[0]?.kept),
    changed: one => take(one.kept),
    removed() {},
    reached() {},
  }
  const path = `/api/v1/namespaces/${namespace}/secrets`
  const following = follow({ path, query: { fieldSelector: `metadata.name=${name}` }, keep: servedPair, audience })
  const begun = await first
  return {
    get current() {
      return current ?? begun
    },
    onChange: listener => void listeners.push(listener),
    close: () => following.stop(),
  }
}
