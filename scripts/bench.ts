// Runs test/bench/*.bench.ts one after the other, each in a process of its own, against one bundle of
// the program. Figures are compared within one run, never across machines.
//
// node scripts/bench.ts [--write] [WORD]: only files whose name contains WORD; `--write` puts what all
// of them tell into docs/benchmarks.md

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleVariable } from '../test/bench/bundled.ts'
import { type Told, toldVariable } from '../test/bench/report.ts'
import { type BenchRun, benchPage } from './bench-page.ts'
import { bundle } from './build.ts'

const root = resolve(import.meta.dirname, '..')
const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const wanted = positionals[0] ?? ''
const files = globSync('test/bench/**/*.bench.ts', { cwd: root })
  .sort()
  .filter((name) => name.includes(wanted))

function describe(): Omit<BenchRun, 'told'> {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? ''
  const isDirty = git('status', '--porcelain', 'src') !== ''
  const gigabytes = Math.round(totalmem() / 1e9)
  const processor = cpus()[0]?.model ?? 'unknown processor'
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${processor}, ${availableParallelism()} cores, ${gigabytes} GB, Linux ${release()}`,
    node: process.versions.node,
    commit: `${git('rev-parse', '--short', 'HEAD') || 'none'}${isDirty ? ' with changes' : ''}`,
    load: loadavg()[0]!.toFixed(2),
  }
}

/** Runs one benchmark; undefined when it fails or tells nothing. */
function run(file: string, dir: string): Told | undefined {
  console.log(`\n${file}`)
  const told = join(dir, 'told.json')
  rmSync(told, { force: true })
  const { status } = spawnSync(process.execPath, [join(root, file)], {
    cwd: root,
    env: { ...process.env, [bundleVariable]: join(dir, 'dist'), [toldVariable]: told },
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
  return existsSync(told) ? (JSON.parse(readFileSync(told, 'utf8')) as Told) : undefined
}

const dir = mkdtempSync(join(tmpdir(), 'meshcron-bench-run-'))
try {
  const facts = describe()
  console.log(Object.values(facts).join(' · '))
  await bundle(join(root, 'src/cli/main.ts'), join(dir, 'dist'))
  const startMs = performance.now()
  const told = files.flatMap((file) => run(file, dir) ?? [])
  console.log(`\n${((performance.now() - startMs) / 1_000).toFixed(0)} s in all`)
  const page = benchPage({ ...facts, told })
  if (values.write) writeFileSync(join(root, 'docs/benchmarks.md'), page)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
