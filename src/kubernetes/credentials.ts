/** Credentials that change while we run, such as the token of a service account: read again now and then. */
import type { ConnectionOptions } from 'node:tls'

export interface Credentials {
  readonly tls: Readonly<Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>>
  readonly headers: Readonly<Record<string, string>>
}

export interface CredentialsDeps {
  /** Milliseconds on a clock that only goes forward. */
  readonly clock: { now(): number }
}

export interface Refreshing {
  current(): Promise<Credentials>
  forget(used: Credentials): void
}

/** As often as client-go reads a token file; the kubelet replaces a token when a fifth of its life, at least two minutes, is left. */
const REFRESH_MS = 60_000

export function refreshing(load: () => Promise<Credentials>, { clock }: CredentialsDeps): Refreshing {
  let known: { readonly credentials: Credentials; readonly untilMs: number } | undefined
  let loading: Promise<Credentials> | undefined

  async function reload(): Promise<Credentials> {
    try {
      const credentials = await load()
      known = { credentials, untilMs: clock.now() + REFRESH_MS }
      return credentials
    } catch (cause) {
      // A file that is being replaced is no reason to stop: the old token is still good, or the API server will say that it is not.
      if (known === undefined) throw new Error('the credentials for the API server cannot be read', { cause })
      return known.credentials
    } finally {
      loading = undefined
    }
  }

  return {
    current() {
      if (known !== undefined && clock.now() < known.untilMs) return Promise.resolve(known.credentials)
      loading ??= reload()
      return loading
    },
    forget(used) {
      if (known?.credentials === used) known = { credentials: used, untilMs: Number.NEGATIVE_INFINITY }
    },
  }
}
