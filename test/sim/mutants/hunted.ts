// Hunts in a process of its own: what a bug was put into must not have been loaded before.

import { spawn } from 'node:child_process'
import type { Catch } from './hunt.ts'

const hunt = new URL('hunt.ts', import.meta.url).pathname

/** Runs seeds with a mutant, or with the unchanged code under the same wishes. */
export function hunted(init: {
  readonly name: string
  readonly isPlanted: boolean
  readonly seedsMax: number
  readonly secondsMax: number
}): Promise<Catch> {
  const { name, isPlanted, seedsMax, secondsMax } = init
  const argv = [hunt, isPlanted ? name : '-', name, '1', `${seedsMax}`, `${secondsMax}`]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Catch)
      else reject(new Error(`the hunt for ${name} ended with ${code}`))
    })
  })
}
