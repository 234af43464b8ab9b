// The tie between a node of a demo and the process that runs the demo. It is a pipe on standard
// input, which the kernel closes however that process ends; then the node stops and deletes its data.

import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { demoPid } from './demo-home.ts'

/** Set by the demo for its nodes: the directory that holds their data directories. */
export const demoMemberVariable = 'MESHCRON_DEMO_MEMBER_OF'

/** The demo that this node belongs to. */
export interface DemoParent {
  /** Resolves when the demo has ended or wants this node to. */
  readonly gone: Promise<void>
  /** Deletes the data when the demo has ended, and its directory with the last node. */
  cleanUp(): void
}

/** The demo that this process is a node of; undefined for every other node. */
export function demoParent(
  env: Readonly<Record<string, string | undefined>>,
  dataDir: string,
): DemoParent | undefined {
  const base = env[demoMemberVariable]
  // anything but a directory that a demo made for us is not ours to delete
  if (base === undefined || dirname(dataDir) !== base) return undefined
  const pid = demoPid(base)
  const { promise, resolve } = Promise.withResolvers<void>()
  let isGone = false
  const ended = (): void => {
    isGone = true
    resolve()
  }
  process.stdin.once('end', ended).once('close', ended).once('error', ended).resume()
  return {
    gone: promise,
    cleanUp: () => {
      process.stdin.destroy()
      if (isGone && pid === demoPid(base)) deleteMember(base, dataDir)
    },
  }
}

function deleteMember(base: string, dataDir: string): void {
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 })
  try {
    const isLast = !readdirSync(base, { withFileTypes: true }).some((one) => one.isDirectory())
    if (isLast) for (const name of readdirSync(base)) rmSync(join(base, name), { force: true })
    if (isLast) rmSync(base, { recursive: true })
  } catch {
    // another node, or the demo itself, was faster
  }
}
