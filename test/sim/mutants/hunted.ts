// Hunts in a process of its own: what a bug was put into must not have been loaded before.

import { spawn } from 'node:child_process'
import type { Catch } from './hunt.ts'

const hunt = new URL('hunt.ts', import.meta.url).pathname

/** Bounds of a hunt. */
export interface HuntBounds {
  readonly name: string
  readonly firstSeed: bigint
  readonly seedsMax: number
  /** Of a processor. */
  readonly secondsMax: number
}

/**
 * Runs seeds with a mutant until one shows something that the unchanged code does not show with the
 * same seed: only that proves anything.
 */
export async function proven(bounds: HuntBounds): Promise<Catch> {
  let { firstSeed, seedsMax, secondsMax } = bounds
  let [seeds, seconds] = [0, 0]
  for (;;) {
    const found = await hunted({ ...bounds, firstSeed, seedsMax, secondsMax }, true)
    seeds += found.seeds
    seconds += found.seconds
    const all = { ...found, seeds, seconds }
    if (found.seed === undefined) return all
    const seed = BigInt(found.seed)
    const plain = await hunted({ ...bounds, firstSeed: seed, seedsMax: 1, secondsMax: 600 }, false)
    if (plain.seed === undefined) return all
    firstSeed = seed + 1n
    seedsMax -= found.seeds
    secondsMax -= found.seconds
    if (seedsMax <= 0 || secondsMax <= 0) {
      return { ...all, seed: undefined, property: undefined, message: undefined }
    }
  }
}

function hunted(bounds: HuntBounds, isPlanted: boolean): Promise<Catch> {
  const { name, firstSeed, seedsMax, secondsMax } = bounds
  const argv = [isPlanted ? name : '-', name, `${firstSeed}`, `${seedsMax}`, `${secondsMax}`]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [hunt, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Catch)
      else reject(new Error(`the hunt for ${name} ended with ${code}`))
    })
  })
}
