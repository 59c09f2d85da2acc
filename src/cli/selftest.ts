import { readFileSync } from 'node:fs'
import { unreadable } from '../config/cluster-folder.ts'
import { selfTest } from '../http/self-test.ts'
import { complain } from './cluster.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

export interface SelfTestOptions {
  readonly webhookUrl: string
  readonly tlsCa: string
}

/** `sluice selftest`: asks the pod webhooks at an address as the API server will. */
export async function runSelfTest({ webhookUrl, tlsCa }: SelfTestOptions, terminal: Terminal): Promise<ExitCode> {
  let ca: string
  try {
    ca = readFileSync(tlsCa, 'utf8')
  } catch (cause) {
    complain([unreadable(tlsCa, cause)], terminal)
    return EXIT.badInput
  }
  const answered = await selfTest({ base: webhookUrl, ca })
  if (!answered.ok) {
    complain(answered.issues, terminal)
    return EXIT.no
  }
  terminal.out(`${webhookUrl} answers as a webhook, under a certificate of this authority`)
  return EXIT.yes
}
