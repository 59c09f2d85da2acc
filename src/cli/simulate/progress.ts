/** A bar on standard error while somebody is looking; nothing in a pipe or a file. */
export interface Progress {
  /** `part` from 0 to 1. */
  show(name: string, part: number): void
  clear(): void
}

const WIDTH = 30
const MOST_STEPS = 200

export function processProgress(): Progress {
  const isShown = process.stderr.isTTY === true
  let shown = ''
  return {
    show(name, part) {
      const step = Math.floor(part * MOST_STEPS)
      if (!isShown || shown === `${name} ${step}`) return
      shown = `${name} ${step}`
      const filled = Math.round(part * WIDTH)
      process.stderr.write(
        `\r\u001b[K${name}  [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(part * 100)} %`,
      )
    },
    clear() {
      if (isShown) process.stderr.write('\r\u001b[K')
    },
  }
}
