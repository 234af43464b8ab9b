import assert from 'node:assert/strict'
import { build } from 'esbuild'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { directoryOf, Local } from './local.ts'

test('the helper runs as one bundled file', async (t) => {
  const outfile = join(directoryOf(t), 'executor-process.mjs')
  const helper = '../../../src/adapters/executor/executor-process.ts'
  await build({
    entryPoints: [fileURLToPath(new URL(helper, import.meta.url))],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
  })
  const local = await Local.start(t, { helperUrl: pathToFileURL(outfile) })
  const launch = local.shell('echo bundled')
  assert.equal((await local.end(launch)).exit, 0)
  assert.equal(await local.output(launch), 'bundled\n')
  const refused = local.launch({
    kind: 'http',
    method: 'GET',
    url: 'http://127.0.0.1:1/',
    headers: {},
    body: '',
    expect: [],
    expectContains: null,
    expectMatches: null,
    expectJson: null,
  })
  assert.match((await local.end(refused)).detail, /not a public address/)
})

test('a helper that cannot be loaded fails the start', async (t) => {
  const helperUrl = pathToFileURL(join(directoryOf(t), 'nothing.js'))
  await assert.rejects(Local.start(t, { helperUrl }), /helper process failed/)
})
