// Foreign schedules as documents, against golden files beside the sources. `UPDATE_GOLDEN=1` writes them.

import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { parseDocument, toDocument } from '../../src/core/jobs/document.ts'
import { checkTiming } from '../../src/core/scheduler/tick.ts'
import { ok } from '../../src/core/result.ts'
import { hello } from '../adapters/http/fake-api.ts'
import { nowMs, run, startDaemon } from './harness.ts'

const dir = join(import.meta.dirname, 'import')
const cases: readonly (readonly [golden: string, argv: readonly string[]])[] = [
  ['user', ['crontab', 'user.crontab', '--timezone', 'Europe/Berlin']],
  ['system', ['crontab', '--system', 'system.crontab', '--timezone', 'UTC', '--tag', 'host=pi1']],
  ['units', ['systemd', 'units', '--timezone', 'Europe/Berlin']],
  ['dkron', ['dkron', 'dkron.json']],
  ['cronjobs-docker', ['k8s-cronjob', 'cronjobs.yaml']],
  ['cronjobs-none', ['k8s-cronjob', 'cronjobs.yaml', '--engine', 'none']],
]
const goldenFile = (golden: string): string => join(dir, `${golden}.golden`)

async function dryRun(argv: readonly string[]): ReturnType<typeof run> {
  const paths = argv.map((word) =>
    /^[a-z]+[.][a-z]+$|^units$/.test(word) ? join(dir, word) : word,
  )
  const outcome = await run(['import', ...paths, '--dry-run'])
  return { ...outcome, stdout: outcome.stdout.replaceAll(`${dir}/`, '') }
}

describe('what is found elsewhere becomes documents with their differences', () => {
  for (const [golden, argv] of cases) {
    test(`import ${argv.join(' ')}`, async () => {
      const { code, stdout } = await dryRun(argv)
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(goldenFile(golden), stdout)
      assert.equal(stdout, readFileSync(goldenFile(golden), 'utf8'))
      assert.equal(code, stdout.includes('# left out') ? 6 : 0)
    })
  }
})

interface JobsFile {
  readonly jobs: readonly { readonly name: string }[]
}

/** Every list of jobs in the examples, the documents and the golden files. */
function examples(): readonly { readonly file: string; readonly document: { name: string } }[] {
  const root = join(import.meta.dirname, '../..')
  const files = globSync(
    ['README.md', 'docs/**/*.md', 'examples/**/*.yaml', 'test/cli/import/*.golden'],
    { cwd: root },
  )
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const blocks = file.endsWith('.md')
      ? [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, block]) => block!)
      : [text]
    const lists = blocks
      .filter((block) => /^jobs:$/m.test(block))
      .map((block) => parse(block) as JobsFile)
    // a policy has a list of this name, too
    const jobs = lists.flatMap((list) => list.jobs).filter(({ name }) => typeof name === 'string')
    return jobs.map((document) => ({ file, document }))
  })
}

test('every example is written out by export as the same job', async () => {
  const all = examples()
  assert.ok(new Set(all.map(({ file }) => file)).size > cases.length)
  for (const { file, document } of all) {
    const context = { nowMs, defaultTimezone: 'UTC' }
    const read = parseDocument(document, context)
    assert.ok(read.ok, `${file}: ${document.name}`)
    const { name, definition } = read.value
    const timing = checkTiming(name, definition.timing, nowMs)
    assert.ok(timing.ok, `${file}: ${document.name}`)
    const job = { ...hello, name, document: toDocument(name, definition) }
    const daemon = await startDaemon({ listJobs: async () => ok({ items: [job], cursor: null }) })
    const { stdout, code } = await daemon.run(['export'])
    assert.equal(code, 0)
    const [written] = (parse(stdout) as JobsFile).jobs
    const again = parseDocument(written, context)
    assert.ok(again.ok)
    assert.deepEqual(again.value, read.value)
  }
})

test('without --dry-run the jobs are applied, after the differences', async () => {
  const daemon = await startDaemon()
  const argv = ['import', 'crontab', '-', '--yes', '--timezone', 'UTC']
  const outcome = await daemon.run(argv, {
    stdin: 'MAILTO=a@b.example\n* * * * * /usr/bin/poll -1\n',
  })
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.match(outcome.stdout, /^\+ poll {2}created$/m)
  assert.match(outcome.stderr, /^note: poll: cron mails the output to a@b\.example/m)
  const writes = daemon.api.calls.filter(([name]) => name === 'putJob').map((call) => call[1])
  assert.deepEqual(writes.at(-1), {
    name: 'poll',
    schedule: '* * * * *',
    timezone: 'UTC',
    run: { shell: '/usr/bin/poll -1' },
    owner: { email: 'a@b.example' },
    overlap: 'allow',
    misfire: { policy: 'skip' },
  })
})

test('export names what is not there', async () => {
  const daemon = await startDaemon()
  const outcome = await daemon.run(['export', 'helo'])
  assert.equal(outcome.code, 3)
  assert.match(outcome.stderr, /did you mean hello\?/)
})
