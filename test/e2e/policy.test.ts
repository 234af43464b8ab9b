import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../until.ts'
import { ask, Place, type Node, type Program } from './demo-program.ts'

const flags = ['--log', 'json', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']

async function startNode(place: Place): Promise<{ program: Program; node: Node }> {
  const program = place.start('start', ...flags)
  await until('the node is ready', () => program.out() !== '' || program.child.exitCode !== null)
  assert.equal(program.child.exitCode, null, program.err())
  const { name, http: url, dataDir } = JSON.parse(program.out())
  return { program, node: { name, url, dataDir } }
}

async function stop({ child, ended, err }: Program): Promise<void> {
  child.kill('SIGTERM')
  assert.equal(await ended, 0, err())
}

interface Explained {
  readonly rank: readonly unknown[]
  readonly excluded: readonly { readonly reason: string }[]
  readonly facts: readonly string[]
}

test('SEC-60 SEC-62 the first start allows shell and says so; without the file nothing runs and explain says why; SIGHUP takes up a new one, not a broken one', async (t) => {
  const place = new Place(t)
  const first = await startNode(place)
  const policy = join(first.node.dataDir, 'policy.yaml')
  const said = first.program
    .err()
    .split('\n')
    .filter((line) => line.includes('"policy"'))
  assert.match(said[0]!, /policy\.yaml lets every author of this cluster run any command here/)
  const job = { name: 'a', schedule: '@manually', run: { shell: 'true' } }
  await ask(first.node, '/api/v1/jobs', job)
  await stop(first.program)

  rmSync(policy)
  const { program, node } = await startNode(place)
  const explain = async () => (await ask(node, '/api/v1/explain?job=a')) as Explained
  const untilSaid = (what: string, pattern: RegExp) =>
    until(what, async () => JSON.stringify(await explain()).match(pattern) !== null, 30_000)
  await untilSaid('it is excluded', /owner's policy does not allow shell/)
  const without = await explain()
  assert.deepEqual(without.rank, [])
  assert.ok(without.facts.some((fact) => fact.includes('it has no policy.yaml')))

  writeFileSync(policy, 'version: 1\nexecutors: [exec]\n', { mode: 0o600 })
  program.child.kill('SIGHUP')
  await untilSaid('the rule is named', /policy\.yaml:2: executors has no shell; add shell there/)
  writeFileSync(policy, 'version: 1\nexecutors: [shell\n')
  program.child.kill('SIGHUP')
  await until('the broken file is told', () => program.err().includes('the policy is not used'))
  assert.match(JSON.stringify(await explain()), /executors has no shell/)

  const test = await place.run('policy', 'test', 'job.yaml', '--data-dir', node.dataDir)
  assert.equal(test.status, 2, 'a broken policy is told')
  writeFileSync(policy, 'version: 1\nexecutors: [shell]\n')
  writeFileSync(join(place.dir, 'job.yaml'), JSON.stringify(job))
  const fine = await place.run('policy', 'test', 'job.yaml', '--data-dir', node.dataDir)
  assert.deepEqual([fine.status, fine.err], [0, ''])
  assert.match(fine.out, /^a +yes/m)
  program.child.kill('SIGHUP')
  await until('it is a candidate', async () => (await explain()).rank.length === 1, 30_000)
  const started = (await ask(node, '/api/v1/jobs/a/trigger', {})) as { execution: string }
  await until('it has run', async () => {
    const path = `/api/v1/executions/${encodeURIComponent(started.execution)}`
    const found = (await ask(node, path)) as { outcome?: string }
    return found.outcome === 'success'
  })
  await stop(program)
})
