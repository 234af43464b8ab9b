// Small C programs that show what the machine itself can do; compiled when a benchmark runs.

import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

export type NativeName = 'append-sync' | 'spawn-rate' | 'stamp' | 'start-at'

/** Compiles a program into `dir` and answers its path. */
export function compile(name: NativeName, dir: string): string {
  const source = resolve(import.meta.dirname, 'native', `${name}.c`)
  const program = join(dir, name)
  const { status, stderr } = spawnSync('cc', ['-O2', '-o', program, source], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`cc, which the benchmarks need, failed: ${stderr ?? ''}`)
  return program
}
