// What jobs can run, through real daemons: each job is written on one node, runs where it may, and is
// looked at from another.

import { Aedes } from 'aedes'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ExecutionDetail } from '../../../src/adapters/http/schema.ts'
import { until } from '../../until.ts'
import { directoryOf } from '../executor/local.ts'
import { Cluster, executorOf, untilExecution } from './harness.ts'

const manual = { schedule: '@manually' }

/** What a broker on loopback hears. */
async function brokerOf(t: TestContext) {
  const broker = await Aedes.createBroker()
  const heard: string[] = []
  broker.on('publish', ({ topic, payload, qos }, client) => {
    if (client !== null) heard.push(`${topic} ${String(payload)} ${qos}`)
  })
  const server = createServer((socket: Socket) => void broker.handle(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    await new Promise<void>((resolve) => broker.close(resolve))
  })
  return { heard, port: (server.address() as AddressInfo).port }
}

test('jobs of every executor, on the nodes that have it', async (t) => {
  const { heard, port } = await brokerOf(t)
  const policy = join(directoryOf(t), 'policy.yaml')
  const allow = `http: { allow: ['127.0.0.1:${port}'] }`
  writeFileSync(policy, `version: 1\nexecutors: [exec, shell, mqtt, plugin]\n${allow}\n`)
  const flags = ['--policy', policy, '--output-full', '10MiB']
  await Cluster.run({ nodes: 2, flags, home: withPlugin(t) }, async (cluster) => {
    await mqtt(t, cluster, port, heard)
    await plugin(t, cluster)
    await bounds(t, cluster)
    await tail(t, cluster)
  })
})

/** Only the second node has the plugin. */
function withPlugin(t: TestContext): (node: number) => string | undefined {
  const homes = new Map<number, string>()
  return (node) => {
    if (node !== 1) return undefined
    const home = homes.get(node) ?? makeHome(t)
    homes.set(node, home)
    return home
  }
}

function makeHome(t: TestContext): string {
  const home = directoryOf(t)
  const dir = join(home, 'data', 'plugins')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const lines = [
    '#!/bin/sh',
    `read hello; echo '{"type":"ready","protocol":1}'; read order; echo "$order" >&2`,
    `case "$order" in`,
    `*'"fail":true'*) echo '{"type":"error","code":"asked","message":"to fail","exit":9}' ;;`,
    `*) echo '{"type":"result"}' ;;`,
    'esac',
  ]
  writeFileSync(join(dir, 'order'), `${lines.join('\n')}\n`, { mode: 0o755 })
  return home
}

async function mqtt(t: TestContext, cluster: Cluster, port: number, heard: readonly string[]) {
  await cluster.step(t, 'a message reaches the broker that the owner allows', async () => {
    const run = { url: `mqtt://127.0.0.1:${port}`, topic: 'site/{node}', payload: '{job}', qos: 2 }
    const { api } = cluster.node(0)
    await api.createJob({ name: 'tell', ...manual, run: { mqtt: run } })
    const id = await api.runJob('tell')
    const { outcome, nodeName } = await untilExecution(cluster.node(1), id, 'ended')
    assert.equal(outcome, 'success')
    assert.deepEqual(heard, [`site/${nodeName} tell 2`])
    const other = { ...run, url: 'mqtt://127.0.0.1:1' }
    await api.createJob({ name: 'refused', ...manual, run: { mqtt: other } })
    const refused = await untilExecution(cluster.node(0), await api.runJob('refused'), 'ended')
    assert.match(refused.reason, /^spawn: 127.0.0.1 is not a public address/)
  })
}

async function plugin(t: TestContext, cluster: Cluster): Promise<void> {
  const [first, second] = [cluster.node(0), cluster.node(1)]
  const run = (config: object) => ({ plugin: { name: 'order', config } })
  await cluster.step(t, 'a plugin runs on the one node that has it', async () => {
    await first.api.createJob({ name: 'plug', ...manual, run: run({ at: '{node}' }) })
    for (let i = 0; i < 5; i += 1) {
      const id = await first.api.runJob('plug')
      const { outcome, nodeName } = await untilExecution(first, id, 'ended')
      assert.deepEqual([outcome, nodeName], ['success', second.name])
      const order = JSON.parse(await first.api.output(id)) as { readonly [key: string]: unknown }
      assert.deepEqual(order['config'], { at: second.name })
      assert.equal(order['execution'], id)
    }
  })
  await cluster.step(t, 'its error is the reason, and may count as success', async () => {
    await first.api.createJob({ name: 'plugfail', ...manual, run: run({ fail: true }) })
    const id = await first.api.runJob('plugfail')
    const { outcome, reason, exitCode } = await untilExecution(first, id, 'ended')
    assert.deepEqual([outcome, reason, exitCode], ['failure', 'exit: asked: to fail', 9])
    const more = { successCodes: [0, 9] }
    await first.api.createJob({ name: 'plugok', ...manual, ...more, run: run({ fail: true }) })
    const ok = await untilExecution(first, await first.api.runJob('plugok'), 'ended')
    assert.deepEqual([ok.outcome, ok.exitCode], ['success', 9])
  })
  await cluster.step(t, 'one that nobody has is nowhere to run', async () => {
    await first.api.createJob({ name: 'plugless', ...manual, run: { plugin: { name: 'none' } } })
    const answer = await first.api.send('GET', '/api/v1/explain?job=plugless')
    assert.match(answer.text, /it does not run plugin:none/)
  })
}

async function bounds(t: TestContext, cluster: Cluster): Promise<void> {
  const { api } = cluster.node(0)
  const cases: readonly (readonly [name: string, more: object, shell: string, RegExp])[] = [
    ['code', { successCodes: [3] }, 'exit 3', /^success  3$/],
    ['zero', { successCodes: [3] }, 'exit 0', /^failure exit 0$/],
    ['loud', { output: { max: '1KiB' } }, 'yes', /^failure output-limit: more than 1024 bytes/],
    [
      'warned',
      { output: { max: '1KiB', over: 'warn' } },
      'head -c 2000 /dev/zero',
      /^success output-limit: more than 1024 bytes of output 0$/,
    ],
    [
      'hungry',
      { memory: '8MiB' },
      '{ head -c 50000000 /dev/zero; sleep 600; } | tail -n 1',
      /^failure memory-limit: \d+ bytes of memory, allowed are 8388608/,
    ],
  ]
  await cluster.step(t, 'an attempt is held to the bounds of its job', async () => {
    for (const [name, more, shell, expected] of cases) {
      await api.createJob({ name, ...manual, ...more, run: { shell } })
      const detail: ExecutionDetail = await untilExecution(
        cluster.node(1),
        await api.runJob(name),
        'ended',
      )
      const { outcome, reason, exitCode } = detail
      assert.match(`${outcome} ${reason} ${exitCode ?? ''}`.trim(), expected, name)
    }
  })
}

async function tail(t: TestContext, cluster: Cluster): Promise<void> {
  await cluster.step(t, 'a run is followed through a node that does not run it', async () => {
    const { api } = cluster.node(0)
    const file = join(cluster.dir, 'go')
    const shell = `echo one; while [ ! -e '${file}' ]; do sleep 0.05; done; seq 100000; echo end`
    await api.createJob({ name: 'tail', ...manual, run: { shell } })
    const id = await api.runJob('tail')
    const node = await executorOf(cluster, id)
    const [other] = cluster.others(node)
    const path = `/api/v1/executions/${encodeURIComponent(id)}/output`
    await until('the first line is heard elsewhere', async () => {
      const answer = await other!.api.send('GET', `${path}?limit=100&wait=5000`)
      return answer.status === 200 && answer.text === 'one\n'
    })
    const following = other!.api.send('GET', `${path}?follow=true`)
    writeFileSync(file, '')
    const numbers = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('')
    assert.equal((await following).text, `one\n${numbers}end\n`)
    // A range out of the middle, which would be gone without --output-full.
    const range = await other!.api.send('GET', `${path}?offset=200000&limit=50`)
    assert.equal(range.text, `one\n${numbers}`.slice(200_000, 200_050))
    const { outputDropped } = await untilExecution(other!, id, 'ended')
    assert.equal(outputDropped, 0)
  })
}
