// Rules about the repository itself. That the guards used here see what they must see is proved in
// tidy-guards.test.ts.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { bundle } from '../scripts/build.ts'
import { referencePages } from '../scripts/gen-reference.ts'
import { inspectSource, type Skip, type SourceReport } from '../scripts/source-rules.ts'
import { errors } from '../src/core/errors.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

const sources = globSync('{src,test,scripts}/**/*.{ts,tsx}', { cwd: root }).sort()
const reports = new Map<string, SourceReport>(
  sources.map((file) => [file, inspectSource(file, read(file))]),
)

interface PackageJson {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}
const packageJson = JSON.parse(read('package.json')) as PackageJson

test('the rules saw the sources', () => {
  const functions = [...reports.values()].reduce((sum, report) => sum + report.functions, 0)
  assert.ok(sources.some((file) => file.startsWith('src/core/')))
  assert.ok(functions > sources.length / 2, `${functions} functions in ${sources.length} files`)
})

test('files, functions, names, core and tests keep the house rules', () => {
  const problems = [...reports.values()]
    .flatMap((report) => report.problems)
    .map(({ rule, file, line, detail }) => `${rule} at ${file}:${line}: ${detail}`)
  assert.deepEqual(problems, [])
})

test('every skip is listed in skips.json with what it misses, and nothing else is', () => {
  const listed = JSON.parse(read('test/skips.json')) as readonly (Skip & { needs: string })[]
  const key = ({ file, title }: Skip): string => `${file}: ${title}`
  const found = [...reports.values()].flatMap((report) => report.skips).map(key)
  assert.deepEqual([...new Set(found)].sort(), listed.map(key).sort())
  for (const skip of listed) assert.notEqual(skip.needs ?? '', '', key(skip))
})

test('every page of docs/reference that is made from code is fresh (npm run reference)', () => {
  for (const [path, content] of referencePages()) {
    assert.ok(existsSync(join(root, path)), path)
    assert.equal(read(path), content, path)
  }
})

test('every error code is documented', () => {
  const page = read('docs/reference/errors.md')
  const codes = Object.keys(errors)
  assert.notEqual(codes.length, 0)
  for (const code of codes) assert.ok(page.includes(`| \`${code}\` |`), code)
})

test('no file holds a private key', () => {
  const pattern = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
  const files = globSync(
    '{src,test,scripts,docs,deploy,examples}/**/*.{ts,json,yaml,yml,md,txt,pem,key}',
    { cwd: root },
  )
  assert.deepEqual(
    files.filter((file) => pattern.test(read(file))),
    [],
  )
})

test('the lock file names no registry', () => {
  assert.ok(!read('package-lock.json').includes('"resolved": "http'))
})

test('the package has no install script', () => {
  const forbidden = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
  assert.deepEqual(
    Object.keys(packageJson.scripts).filter((name) => forbidden.includes(name)),
    [],
  )
})

test('the package holds the bundle, its shim and texts, nothing else', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
  })
  const allowed =
    /^(dist[/](meshcron[.]c?js|meshcron-simulator[.]js|executor-[a-z-]+[.]js)|package[.]json|README[.]md|CHANGELOG[.]md|LICENSE)$/
  const [packed] = JSON.parse(stdout) as readonly [{ files: readonly { path: string }[] }]
  const paths = packed.files.map(({ path }) => path)
  assert.ok(paths.includes('package.json') && paths.includes('LICENSE'), paths.join())
  assert.deepEqual(
    paths.filter((path) => !allowed.test(path)),
    [],
  )
})

test('the bundle starts alone, without node_modules', async (t) => {
  const entry = join(root, 'src/cli/main.ts')
  if (!existsSync(entry)) return
  const outdir = await mkdtemp(join(tmpdir(), 'meshcron-bundle-'))
  t.after(() => rm(outdir, { recursive: true }))
  await bundle(entry, outdir)
  const { stdout } = await run(process.execPath, [join(outdir, 'meshcron.cjs'), '--version'])
  assert.match(stdout, new RegExp(`\\b${packageJson.version.replaceAll('.', '[.]')}\\b`))
})

test('the published command tells an old Node what it needs', async () => {
  const shim = JSON.stringify(join(root, 'src/cli/shim.cjs'))
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.19.0' }); require(${shim})`
  await assert.rejects(run(process.execPath, ['--input-type=commonjs', '-e', script]), {
    code: 1,
    stderr: /meshcron needs Node 22\.18 or newer; this is 20\.19\.0/,
  })
})
