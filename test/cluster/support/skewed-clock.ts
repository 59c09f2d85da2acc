/** A process whose calendar is wrong, by libfaketime. Its clock that only goes forward is right, as on a machine that was set wrong. */
import { existsSync } from 'node:fs'
import { skipWithoutCluster } from './binaries.ts'

const PLACES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/faketime/libfaketime.so.1',
  '/usr/lib64/faketime/libfaketime.so.1',
] as const
const LIBRARY = PLACES.find(place => existsSync(place))

/** The reason for `node:test` to skip what needs a wrong clock in a cluster, or `false`. */
export const skipWithoutClocks: string | false =
  skipWithoutCluster === false && LIBRARY === undefined ? 'libfaketime is not installed' : skipWithoutCluster

/** For the environment of a process: ahead of everybody else, or behind. */
export function clockOff(seconds: number): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: LIBRARY ?? '',
    FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}s`,
    // Two names of one setting, of newer and older versions.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
}
