// Runs test/bench/*.bench.ts one after the other, each in a process of its own; an argument keeps
// only the files whose name contains it. Figures are compared within one run, never across machines.

import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const wanted = process.argv[2] ?? ''
const files = globSync('test/bench/**/*.bench.ts', { cwd: root }).sort()
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' })

console.log(
  [
    cpus()[0]?.model ?? 'unknown processor',
    `${availableParallelism()} cores`,
    `load ${loadavg()[0]?.toFixed(2)}`,
    `Node ${process.versions.node}`,
    new Date().toISOString(),
    commit.stdout?.trim() || 'no commit',
  ].join(' · '),
)
for (const file of files.filter((name) => name.includes(wanted))) {
  console.log(`\n${file}`)
  const { status } = spawnSync(process.execPath, [join(root, file)], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}
