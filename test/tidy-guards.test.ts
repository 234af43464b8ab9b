// A guard that has gone blind passes everything. So each rule gets a file that breaks it, in a tree
// of its own, and must be heard; a clean tree must pass and an empty one must not.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { checkLayers } from '../scripts/check-layers.ts'
import { codeLinesMax, functionLinesMax, inspectSource } from '../scripts/source-rules.ts'

const run = promisify(execFile)
const house = resolve(import.meta.dirname, '..')
const layerConfig = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
  readonly forbidden: readonly { readonly name: string }[]
}

type Tree = Readonly<Record<string, string>>

const packages: Tree = Object.fromEntries(
  ['croner', 'libp2p', '@libp2p/tcp', 'it-pipe', 'undeclared', 'for-tests'].flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0' })],
    [`node_modules/${name}/index.js`, 'module.exports = 1\n'],
  ]),
)

const clean: Tree = {
  'src/cli/main.ts': `import '../app/daemon.ts'\nimport '../core/node.ts'\n`,
  'src/app/daemon.ts': `import '../adapters/libp2p/network.ts'\nimport '../adapters/log/log.ts'\nimport './use-cases.ts'\n`,
  'src/app/use-cases.ts': `import type { Api } from '../adapters/http/api.ts'\nexport type Uses = Api\n`,
  'src/adapters/http/api.ts': `export interface Api { readonly name: string }\n`,
  'src/adapters/libp2p/network.ts': `import 'libp2p'\nimport '@libp2p/tcp'\nimport '../../ports/network.ts'\n`,
  'src/adapters/log/log.ts': `import 'node:fs'\nimport '../../core/node.ts'\n`,
  'src/adapters/memory/network.ts': `import type { Network } from '../../ports/network.ts'\nexport type Twin = Network\n`,
  'src/ports/network.ts': `import type { Id } from '../core/ids.ts'\nexport interface Network { readonly id: Id }\n`,
  'src/core/node.ts': `import './scheduler/cron.ts'\nimport './wire/cbor.ts'\n`,
  'src/core/ids.ts': `export type Id = string\n`,
  'src/core/scheduler/cron.ts': `import 'croner'\n`,
  'src/core/wire/cbor.ts': ``,
  'test/sim/oracle.ts': `import type { Id } from '../../src/core/ids.ts'\nexport type Subject = Id\n`,
}

/** Each breaks the rules named; the file is added to the clean tree. */
const layerBreakers: readonly (readonly [file: string, source: string, ...rules: string[]])[] = [
  ['src/core/a-package.ts', `import 'croner'\n`, 'core-imports-core-only'],
  ['src/core/a-node-module.ts', `import 'node:fs'\n`, 'core-imports-core-only'],
  ['src/core/a-port.ts', `import type {} from '../ports/network.ts'\n`, 'core-imports-core-only'],
  ['src/core/an-adapter.ts', `import '../adapters/log/log.ts'\n`, 'core-imports-core-only'],
  ['src/core/scheduler/cron.ts', `import 'libp2p'\n`, 'core-cron-imports-croner-only'],
  ['src/core/wire/cbor.ts', `import 'croner'\n`, 'core-imports-core-only'],
  ['src/ports/clock.ts', `import '../adapters/log/log.ts'\n`, 'ports-import-core-only'],
  ['src/ports/store.ts', `import 'node:sqlite'\n`, 'ports-import-core-only'],
  ['src/adapters/log/app.ts', `import '../../app/daemon.ts'\n`, 'adapters-import-inwards'],
  ['src/adapters/log/other.ts', `import '../libp2p/network.ts'\n`, 'adapters-stand-alone'],
  ['src/adapters/log/peer.ts', `import 'it-pipe'\n`, 'libp2p-stays-in-its-adapter'],
  ['src/adapters/log/scoped.ts', `import '@libp2p/tcp'\n`, 'libp2p-stays-in-its-adapter'],
  ['src/adapters/log/dev.ts', `import 'for-tests'\n`, 'src-imports-dependencies-only'],
  ['src/adapters/log/none.ts', `import 'undeclared'\n`, 'src-imports-dependencies-only'],
  ['src/adapters/log/gone.ts', `import './nowhere.ts'\n`, 'no-unresolvable'],
  ['src/app/cli.ts', `import '../cli/main.ts'\n`, 'app-imports-inwards'],
  ['src/app/driver.ts', `import '../adapters/log/log.ts'\n`, 'daemon-alone-wires-adapters'],
  ['src/app/serve.ts', `import '../adapters/http/api.ts'\n`, 'answers-are-known-by-type'],
  ['src/app/tests.ts', `import '../../test/sim/oracle.ts'\n`, 'src-knows-no-tests'],
  ['src/cli/peer.ts', `import 'libp2p'\n`, 'libp2p-stays-in-its-adapter'],
  [
    'src/cli/wire.ts',
    `export const later = () => import('../adapters/log/log.ts')\n`,
    'cli-is-a-client',
    'daemon-alone-wires-adapters',
  ],
  ['src/dashboard/page.ts', `import '../ports/network.ts'\n`, 'dashboard-is-a-client'],
  ['src/core/hen.ts', `import './egg.ts'\n`, 'no-cycles'],
  ['src/core/egg.ts', `import type {} from './hen.ts'\n`, 'no-cycles'],
  ['src/core/lonely.ts', `export const nobody = 1\n`, 'no-orphans'],
  [
    'src/simulation/oracle/days.ts',
    `import '../../core/scheduler/cron.ts'\n`,
    'oracle-is-independent',
  ],
  ['src/simulation/checkers/c1.ts', `import 'croner'\n`, 'oracle-is-independent'],
  ['src/simulation/disk.ts', `import '../adapters/log/log.ts'\n`, 'simulation-runs-what-ships'],
  ['src/app/drill.ts', `import '../simulation/disk.ts'\n`, 'nothing-knows-the-simulation'],
]

test('a clean tree passes the layer check', async (t) => {
  const root = await plant(t, clean)
  const { modules, problems } = checkLayers(root)
  assert.deepEqual(problems, [])
  assert.ok(modules >= Object.keys(clean).length)
})

test('every layer rule is heard when it is broken', async (t) => {
  const root = await plant(t, {
    ...clean,
    ...Object.fromEntries(layerBreakers.map(([file, source]) => [file, source])),
  })
  const { problems } = checkLayers(root)
  for (const [file, , ...rules] of layerBreakers) {
    for (const rule of rules) {
      const heard = problems.some((text) => text.startsWith(`${rule}: `) && text.includes(file))
      assert.ok(heard, `${rule} for ${file} in\n${problems.join('\n')}`)
    }
  }
  const proved = new Set(layerBreakers.flatMap(([, , ...rules]) => rules))
  assert.deepEqual([...proved].sort(), layerConfig.forbidden.map(({ name }) => name).sort())
})

test('the layer check fails when it saw nothing', async (t) => {
  const empty = await plant(t, {})
  assert.match(checkLayers(empty).problems.join(), /^saw-no-modules/)

  const config = await readFile(join(house, '.dependency-cruiser.cjs'), 'utf8')
  for (const unseen of ['^src/', '^src/core/']) {
    const blind = await plant(t, clean)
    const narrowed = config.replace("parser: 'swc',", `parser: 'swc', exclude: '${unseen}',`)
    assert.notEqual(narrowed, config)
    await writeFile(join(blind, '.dependency-cruiser.cjs'), narrowed)
    assert.match(checkLayers(blind).problems.join(), /saw-no-modules/, unseen)
  }
})

const loose: Tree = {
  'src/app/floating.ts': `export const work = async (): Promise<void> => {}\nexport function start(): void {\n  work()\n}\n`,
  'src/app/misused.ts': `export const work = async (): Promise<void> => {}\n[1].forEach(async () => work())\n`,
  'src/app/loud.ts': `console.log('core never logs')\n`,
  'src/core/exhaustive.ts': `export function exit(state: 'up' | 'down'): number {\n  switch (state) {\n    case 'up':\n      return 0\n  }\n  return 1\n}\n`,
  'src/core/any.ts': `export const anything = (value: any): unknown => value\n`,
  'src/core/ignored.ts': `// @ts-ignore\nexport const wrong: number = 'text'\n`,
  'src/core/locale.ts': `export const order = (a: string, b: string): number => a.localeCompare(b)\n`,
  'src/core/chance.ts': `export const chance = (): number => Math.random()\n`,
}

const lintExpected: readonly (readonly [file: string, rule: string])[] = [
  ['src/app/floating.ts', 'typescript(no-floating-promises)'],
  ['src/app/misused.ts', 'typescript(no-misused-promises)'],
  ['src/app/loud.ts', 'eslint(no-console)'],
  ['src/core/exhaustive.ts', 'typescript(switch-exhaustiveness-check)'],
  ['src/core/any.ts', 'typescript(no-explicit-any)'],
  ['src/core/ignored.ts', 'typescript(ban-ts-comment)'],
  ['src/core/locale.ts', 'eslint(no-restricted-properties)'],
  ['src/core/chance.ts', 'eslint(no-restricted-properties)'],
]

test('the linter hears what core must not touch, floating promises and open switches', async (t) => {
  const globals = await forbiddenGlobals()
  const uses = globals.map((name, index) => [
    `src/core/global-${name.toLowerCase()}-${index}.ts`,
    `export const use = (): unknown => ${name}\n`,
  ])
  const root = await plant(t, { ...loose, ...Object.fromEntries(uses) })
  const found = await lint(root)
  for (const [file, rule] of lintExpected) {
    assert.ok(
      found.some((problem) => problem.file === file && problem.rule === rule),
      `${rule} for ${file} in\n${JSON.stringify(found, null, 1)}`,
    )
  }
  for (const [file] of uses) {
    assert.ok(
      found.some((problem) => problem.file === file && problem.rule.includes('restricted-globals')),
      file,
    )
  }
  for (const name of ['Date', 'setTimeout', 'process', 'performance', 'crypto', 'fetch']) {
    assert.ok(globals.includes(name), name)
  }
})

test('the linter passes a clean tree', async (t) => {
  assert.deepEqual(
    await lint(await plant(t, { 'src/core/sum.ts': 'export const one: number = 1\n' })),
    [],
  )
})

test('the source rules hear long files and functions, empty names, async core, only, sleep and skip', () => {
  const statements = (count: number): string => '  void 0\n'.repeat(count)
  const cases: readonly (readonly [rule: string, file: string, source: string])[] = [
    ['file-length', 'src/app/a.ts', 'void 0\n'.repeat(codeLinesMax + 1)],
    ['function-length', 'src/app/a.ts', `function a() {\n${statements(functionLinesMax)}}\n`],
    ['function-length', 'src/app/a.ts', `const a = () => {\n${statements(functionLinesMax)}}\n`],
    ['function-length', 'src/app/a.ts', `class A { a() {\n${statements(functionLinesMax)}} }\n`],
    ['name', 'src/app/utils.ts', ''],
    ['name', 'src/app/job-helpers.ts', ''],
    ['name', 'src/app/a.ts', 'export class JobManager {}'],
    ['name', 'src/app/a.ts', 'export class StoreImpl {}'],
    ['name', 'src/app/a.ts', 'export interface IStore {}'],
    ['core-is-synchronous', 'src/core/a.ts', 'export async function a() {}'],
    ['core-is-synchronous', 'src/core/a.ts', 'export class A { async a() {} }'],
    ['core-is-synchronous', 'src/core/a.ts', `export const a = () => import('./b.ts')`],
    ['lint-disabled-in-core', 'src/core/a.ts', '// oxlint-disable-next-line no-console\n'],
    ['only', 'test/a.test.ts', `test.only('a', () => {})`],
    ['only', 'test/a.test.ts', `test('a', { only: true }, () => {})`],
    ['sleep', 'test/a.test.ts', `await new Promise((done) => setTimeout(done, 5))`],
    ['sleep', 'test/a.test.ts', `new Promise<void>((done) => { setTimeout(() => done(), 5) })`],
    ['sleep', 'test/a.test.ts', `import { setTimeout } from 'node:timers/promises'`],
    ['sleep', 'test/a.test.ts', `await sleep(5)`],
  ]
  for (const [rule, file, source] of cases) {
    const rules = inspectSource(file, source).problems.map((problem) => problem.rule)
    assert.deepEqual(rules, [rule], `${file}: ${source.slice(0, 80)}`)
  }
})

test('the source rules let pass what only looks alike', () => {
  const statements = (count: number): string => '  void 0\n'.repeat(count)
  const cases: readonly (readonly [file: string, source: string])[] = [
    ['src/app/a.ts', `function a() {\n${statements(functionLinesMax - 2)}}\n`],
    ['src/app/a.ts', `function a() {\n${'  // why\n\n'.repeat(functionLinesMax)}}\n`],
    ['src/app/a.ts', 'export interface IPRange {}\nexport type Identity = string'],
    ['src/core/a.ts', 'export function* each() { yield 1 }'],
    ['test/a.test.ts', `describe('a', () => {\n${statements(functionLinesMax + 1)}})\n`],
    ['test/a.test.ts', `new Promise((done, fail) => setTimeout(() => fail(late), 5))`],
    ['test/a.test.ts', `cases.skip(1); queue.only()`],
  ]
  for (const [file, source] of cases) {
    const report = inspectSource(file, source)
    assert.deepEqual([report.problems, report.skips], [[], []], `${file}: ${source.slice(0, 80)}`)
  }
})

test('the source rules find every way to skip a test', () => {
  const cases: readonly (readonly [title: string, source: string])[] = [
    ['a', `test.skip('a', () => {})`],
    ['a', `test.todo('a')`],
    ['a', `test('a', { skip: !hasBrowser }, () => {})`],
    ['a', `test('a', { skip }, () => {})`],
    ['b', `describe('a', () => { test('b', (t) => { if (!root) t.skip('needs root') }) })`],
    ['', 'test(`a ${row}`, { todo: true }, () => {})'],
  ]
  for (const [title, source] of cases) {
    const { skips } = inspectSource('test/a.test.ts', source)
    assert.deepEqual(skips, [{ file: 'test/a.test.ts', title }], source)
  }
  assert.deepEqual(inspectSource('test/a.test.ts', `test('a', { skip: false })`).skips, [])
})

/** A temporary tree with the real configuration of both guards and with made-up packages. */
async function plant(t: TestContext, files: Tree): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'meshcron-guards-'))
  t.after(() => rm(root, { recursive: true }))
  const manifest = {
    name: 'tree',
    dependencies: { croner: '1', libp2p: '1', '@libp2p/tcp': '1', 'it-pipe': '1' },
    devDependencies: { 'for-tests': '1' },
  }
  const tsconfig = {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      types: [],
      noEmit: true,
    },
  }
  const all: Tree = {
    ...packages,
    'package.json': JSON.stringify(manifest),
    'tsconfig.json': JSON.stringify(tsconfig),
    ...files,
  }
  for (const [file, source] of Object.entries(all)) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), source)
  }
  for (const config of ['.dependency-cruiser.cjs', '.oxlintrc.json']) {
    await copyFile(join(house, config), join(root, config))
  }
  return root
}

async function lint(root: string): Promise<readonly { file: string; rule: string }[]> {
  const bin = join(house, 'node_modules/.bin')
  const done = await run(join(bin, 'oxlint'), ['--format', 'json', 'src'], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  }).catch((error: unknown) => error as { stdout: string })
  const { diagnostics } = JSON.parse(done.stdout) as {
    diagnostics: readonly { code: string; filename: string }[]
  }
  return diagnostics.map(({ code, filename }) => ({ file: filename, rule: code }))
}

async function forbiddenGlobals(): Promise<readonly string[]> {
  const config = JSON.parse(await readFile(join(house, '.oxlintrc.json'), 'utf8')) as {
    overrides: readonly { rules: Record<string, readonly { name: string }[]> }[]
  }
  const rules = config.overrides.flatMap(({ rules }) => rules['no-restricted-globals'] ?? [])
  return rules.flatMap(({ name }) => name ?? [])
}
