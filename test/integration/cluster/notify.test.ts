// Messages to people, through real daemons and a web server on loopback.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../until.ts'
import { directoryOf } from '../executor/local.ts'
import { openWeb } from '../notify/receivers.ts'
import { Cluster } from './harness.ts'

interface Said {
  readonly event: string
  readonly job: string
  readonly node: string
  readonly reason: string
  readonly output: string
}

test('a failure and its recovery are told of once by the fleet, with the last output', async (t) => {
  const { url, posts } = await openWeb(t)
  const said = (): readonly Said[] => posts.map(({ body }) => JSON.parse(body) as Said)
  const homes = [0, 1].map(() => directoryOf(t))
  for (const home of homes) {
    mkdirSync(join(home, 'data'), { mode: 0o700 })
    const channels = { ops: { webhook: { url, secret: 'key', allowPrivate: true } } }
    // YAML holds JSON
    writeFileSync(join(home, 'data', 'notify.yaml'), JSON.stringify({ channels }), {
      mode: 0o600,
    })
  }
  const policy = join(directoryOf(t), 'policy.yaml')
  writeFileSync(policy, 'version: 1\nexecutors: [shell]\n')
  const flags = ['--policy', policy]
  const home = (node: number): string | undefined => homes[node]
  await Cluster.run({ nodes: 3, flags, home }, async (cluster) => {
    const marker = join(cluster.dir, 'broken')
    const script = `echo looking for ${marker}; ! test -e ${marker}`
    const notify = [{ on: ['failure', 'recovered'], via: 'ops' }]
    const { api } = cluster.node(2)
    await cluster.step(t, 'a test message is delivered', async () => {
      await cluster.node(0).api.send('POST', '/api/v1/channels/ops/test')
      await until('the test message', () => said().some(({ event }) => event === 'test'))
    })
    await cluster.step(t, 'a failure', async () => {
      writeFileSync(marker, '')
      await api.createJob({ name: 'look', schedule: '* * * * * *', run: { shell: script }, notify })
      await until('the failure', () => said().some(({ event }) => event === 'failure'))
      const failure = said().find(({ event }) => event === 'failure')!
      assert.equal(failure.job, 'look')
      assert.equal(failure.reason, 'exit 1')
      assert.equal(failure.output, `looking for ${marker}\n`)
    })
    await cluster.step(t, 'the recovery', async () => {
      rmSync(marker)
      await until('the recovery', () => said().some(({ event }) => event === 'recovered'))
    })
    const events = said().map(({ event }) => event)
    assert.deepEqual(events, ['test', 'failure', 'recovered'])
    assert.ok(posts.every(({ headers }) => headers['x-meshcron-signature'] !== undefined))
  })
})
