// Wraps dependency-cruiser, because alone it passes when it saw nothing: without @swc/core, with a
// wrong path or a wrong parser it reads no module at all and reports no violation.

import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join, resolve } from 'node:path'

const house = resolve(import.meta.dirname, '..')
const sources = '**/*.{ts,tsx,cjs}'

interface Cruise {
  readonly modules: readonly { readonly source: string }[]
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string }
      readonly from: string
      readonly to: string
      readonly cycle?: readonly { readonly name: string }[]
    }[]
  }
}

/** What the layer check found in one tree; an empty list of problems means that the layers hold. */
export interface LayerReport {
  readonly modules: number
  readonly problems: readonly string[]
}

/** Checks the import rule in the tree at `root`, which brings its own configuration. */
export function checkLayers(root: string): LayerReport {
  const folders = ['src', 'test', 'scripts'].filter((folder) => countSources(root, folder) > 0)
  if (!folders.includes('src')) return { modules: 0, problems: ['saw-no-modules: src is empty'] }
  const bin = join(house, 'node_modules/.bin/depcruise')
  const argv = [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders]
  const child = spawnSync(process.execPath, argv, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  if (!child.stdout.startsWith('{')) {
    return { modules: 0, problems: [`saw-no-modules: ${child.stderr.trim()}`] }
  }
  const cruise = JSON.parse(child.stdout) as Cruise
  return judge(cruise, countSources(root, 'src'))
}

function judge(cruise: Cruise, expected: number): LayerReport {
  const seen = cruise.modules.filter(({ source }) => source.startsWith('src/')).length
  const problems = cruise.summary.violations.map(({ rule, from, to, cycle }) => {
    const way = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ')
    return from === way ? `${rule.name}: ${from}` : `${rule.name}: ${from} → ${way}`
  })
  if (seen < expected) problems.push(`saw-no-modules: ${seen} of ${expected} modules of src`)
  return { modules: cruise.modules.length, problems }
}

function countSources(root: string, folder: string): number {
  return globSync(sources, { cwd: join(root, folder) }).length
}

if (import.meta.main) {
  const { modules, problems } = checkLayers(resolve(process.argv[2] ?? house))
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log(`layers hold in ${modules} modules`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
