// One run of Node's test runner over all tests, so that its summary is the only one. The many small
// files of a shared folder get one process together (60 files: 0.3 s instead of 9.4 s); each other
// file has a process of its own. Two processes run at a time.
//
// Arguments are test files or folders; none means everything.

import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const shared = [
  /^test[/](core|dashboard)[/]/,
  /^test[/]contract[/]/,
  /^test[/](sim|regress)[/](?!swarm)/,
]
const timeoutMs = 600_000

const wanted = process.argv.slice(2).map((path) => relative(root, resolve(path)))
const files = (wanted.length === 0 ? ['test'] : wanted).flatMap(testFiles)
if (files.length === 0) {
  console.error('no test file there')
  process.exit(1)
}

const scratch = mkdtempSync(join(tmpdir(), 'meshcron-tests-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const argv = [
  '--disable-warning=ExperimentalWarning',
  '--test',
  '--test-reporter=spec',
  '--test-concurrency=2',
  `--test-timeout=${timeoutMs}`,
  ...entries(),
]
const child = spawn(process.execPath, argv, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})

/** Longest first: the files that stand alone take longer than the groups. */
function entries(): readonly string[] {
  const groups = shared.map((folder) => files.filter((file) => folder.test(file)))
  const alone = files.filter((file) => !shared.some((folder) => folder.test(file)))
  return [...alone, ...groups.filter((group) => group.length > 0).map(asOneFile)]
}

function asOneFile(group: readonly string[], index: number): string {
  if (group[0] !== undefined && group.length === 1) return group[0]
  const urls = group.map((file) => pathToFileURL(join(root, file)).href)
  const entry = join(scratch, `group-${index}.mjs`)
  writeFileSync(
    entry,
    `import { test } from 'node:test'
// A file that cannot be loaded is one failed test and hides none of the others.
for (const url of ${JSON.stringify(urls)}) {
  try {
    await import(url)
  } catch (error) {
    test(url + ' can be loaded', () => { throw error })
  }
}
`,
  )
  return entry
}

function testFiles(path: string): readonly string[] {
  const absolute = resolve(root, path)
  if (!existsSync(absolute)) return []
  if (!statSync(absolute).isDirectory()) return [path]
  return globSync('**/*.test.ts', { cwd: absolute })
    .map((file) => `${path}/${file}`)
    .sort()
}
