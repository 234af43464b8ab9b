// A cluster of daemons, each its own process in its own directory, on loopback. When a test ends
// nothing of it is left, and that is asserted; the logs are shown only when it fails.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ExecutionDetail } from '../../../src/adapters/http/schema.ts'
import { loadOrCreateKey } from '../../../src/adapters/libp2p/key.ts'
import { until } from '../../until.ts'
import { ProxyMesh, nowhere } from '../proxy.ts'
import { Daemon } from './daemon.ts'
import { commandOf, isAlive, processesIn, processOf, type ProcessRef, signal } from './processes.ts'
import { Truth } from './truth.ts'

export interface ClusterInit {
  readonly nodes: number
  /** Tags of each node. */
  readonly tags?: (node: number) => readonly string[]
  /** Flags of all nodes. */
  readonly flags?: readonly string[]
  /** A proxy between every two nodes, so that islands can be cut apart. */
  readonly isProxied?: boolean
  /** Directory of a node, when it is to lie somewhere special. */
  readonly home?: (node: number) => string | undefined
}

/** A process that a job has started. */
export interface Child extends ProcessRef {
  readonly isAlive: () => boolean
}

export class Cluster {
  readonly dir: string
  /** What the jobs wrote down themselves. */
  readonly truth: Truth
  readonly nodes: Daemon[] = []
  readonly networkKey: string
  readonly clusterKey: string
  readonly #init: ClusterInit
  readonly #addresses: string[] = []
  #proxies: ProxyMesh | undefined
  /** Set by a failed step, so that the logs are shown. */
  hasFailed = false

  private constructor(init: ClusterInit) {
    this.#init = init
    this.dir = mkdtempSync(join(tmpdir(), 'meshcron-cluster-'))
    this.truth = new Truth(join(this.dir, 'truth'))
    this.networkKey = join(this.dir, 'network.key')
    this.clusterKey = join(this.dir, 'cluster.key')
    for (const path of [this.networkKey, this.clusterKey]) {
      writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
    }
  }

  /** Runs `body` with a cluster that is complete, and takes it down whatever happens. */
  static async run(init: ClusterInit, body: (cluster: Cluster) => Promise<void>): Promise<void> {
    const cluster = new Cluster(init)
    try {
      await cluster.#open()
      await body(cluster)
    } catch (error) {
      cluster.hasFailed = true
      throw error
    } finally {
      await cluster.#close()
    }
  }

  async #open(): Promise<void> {
    const { nodes, isProxied } = this.#init
    const ports: number[] = []
    for (let node = 0; node < nodes; node++) ports.push(await freePort(ports))
    if (isProxied === true) {
      const host = '127.0.0.1'
      this.#proxies = await ProxyMesh.open(nodes, (node) => ({ host, port: ports[node]! }))
    }
    for (const [node, port] of ports.entries()) await this.#add(node, port)
    for (const node of this.nodes.keys()) this.nodes[node] = this.#daemon(node, ports[node]!)
    await Promise.all(this.nodes.map((node) => node.start()))
    await this.untilComplete()
  }

  /** Another node, not started, that knows one member only. */
  async join(name = `n${this.nodes.length}`, flags: readonly string[] = []): Promise<Daemon> {
    const port = await freePort([])
    const daemon = new Daemon({
      name,
      home: join(this.dir, name),
      flags: [
        ...this.#flagsOf(this.nodes.length, port),
        ...['--peer', this.#addresses[0]!],
        ...flags,
      ],
    })
    this.nodes.push(daemon)
    return daemon
  }

  async #add(node: number, port: number): Promise<void> {
    const home = this.#init.home?.(node) ?? join(this.dir, `n${node}`)
    const dataDir = join(home, 'data')
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const { member } = await loadOrCreateKey(join(dataDir, 'node.key'))
    this.#addresses.push(`/ip4/127.0.0.1/tcp/${port}/p2p/${member}`)
    this.nodes.push(this.#daemon(node, port))
  }

  #daemon(node: number, port: number): Daemon {
    const home = this.#init.home?.(node) ?? join(this.dir, `n${node}`)
    const others = [...this.#addresses.keys()].filter((other) => other !== node)
    const peers = others.flatMap((other) => ['--peer', this.#addressFor(node, other)])
    return new Daemon({ name: `n${node}`, home, flags: [...this.#flagsOf(node, port), ...peers] })
  }

  #flagsOf(node: number, port: number): readonly string[] {
    const tags = this.#init.tags?.(node) ?? []
    return [
      ...['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--http', '127.0.0.1:0'],
      ...['--enrol', '127.0.0.1:0'],
      ...['--network-key', this.networkKey, '--cluster-key', this.clusterKey],
      ...tags.flatMap((tag) => ['--tag', tag]),
      // else the addresses that they learn of each other would lead around the proxies
      ...(this.#init.isProxied === true ? ['--announce', nowhere] : []),
      ...(this.#init.flags ?? []),
    ]
  }

  /** Where one node dials another. */
  #addressFor(from: number, to: number): string {
    const address = this.#addresses[to]!
    if (this.#proxies === undefined) return address
    return address.replace(/tcp\/\d+/, `tcp/${this.#proxies.link(from, to).port}`)
  }

  get proxies(): ProxyMesh {
    assert.ok(this.#proxies !== undefined, 'the cluster has no proxies')
    return this.#proxies
  }

  get up(): readonly Daemon[] {
    return this.nodes.filter(({ isUp }) => isUp)
  }

  node(index: number): Daemon {
    return this.nodes[index]!
  }

  byName(name: string | null): Daemon {
    const found = this.nodes.find((node) => node.name === name)
    assert.ok(found !== undefined, `no node ${name}`)
    return found
  }

  /** Every node that is not this one. */
  others(node: Daemon): readonly Daemon[] {
    return this.up.filter((other) => other !== node)
  }

  /** Waits until these nodes see each other, hold the same jobs and may own ticks. */
  async untilComplete(nodes: readonly Daemon[] = this.up): Promise<void> {
    await until(
      'all nodes see each other alive, ready, with the same jobs',
      async () => {
        const seen = await Promise.all(nodes.map((node) => node.api.status()))
        for (const { self, ready, members, jobs } of seen) {
          assert.ok(ready, `${self.name} is not ready`)
          const alive = members.filter(({ state }) => state === 'alive')
          const names = alive.map(({ name }) => name).sort()
          assert.deepEqual(names, nodes.map(({ name }) => name).sort(), `as ${self.name} sees it`)
          assert.ok(alive.every((one) => one.eligibleFromMs !== 0))
          assert.equal(jobs.digest, seen[0]!.jobs.digest)
        }
        return true
      },
      30_000,
    )
  }

  /** The process whose pid a job has written into a file. */
  async childIn(file: string): Promise<Child> {
    const pid = await until(`${file} names a process`, () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
      return text.endsWith('\n') ? Number(text) : undefined
    })
    const child = processOf(pid)
    assert.ok(child !== undefined, `process ${pid} of ${file} is there`)
    return { ...child, isAlive: () => isAlive(child) }
  }

  /** Waits until all nodes that are up know a job. */
  async untilSeen(job: string): Promise<void> {
    for (const node of this.up) {
      await until(`${node.name} sees ${job}`, () => node.api.hasJob(job), 1_000)
    }
  }

  /** A part of a test that shares the cluster with others. */
  async step(t: TestContext, title: string, body: () => Promise<void>): Promise<void> {
    await t.test(title, async () => {
      try {
        await body()
      } catch (error) {
        this.hasFailed = true
        throw error
      }
    })
  }

  async #close(): Promise<void> {
    const crashed: string[] = []
    const faults: string[] = []
    const left: ProcessRef[] = []
    try {
      for (const node of this.nodes) {
        if (node.logged('fault').length > 0) faults.push(node.name)
        if (node.crash !== undefined) crashed.push(`${node.name}: ${node.crash.code}`)
      }
      // a node that was killed for good may have left jobs; nobody would end them
      for (const node of this.nodes) if (!node.isUp) left.push(...this.#stray(node))
      for (const one of left) signal(one, 'SIGKILL')
      await Promise.all(this.up.map((node) => end(node, crashed)))
      await until('nothing of the cluster is left', () => this.#remaining().length === 0, 1_000)
    } catch (error) {
      this.hasFailed = true
      const names = this.#remaining().map(commandOf)
      throw new Error(`left: ${names.join('; ') || 'nothing'}`, { cause: error })
    } finally {
      for (const one of this.#remaining()) signal(one, 'SIGKILL')
      await this.#proxies?.close()
      if (this.hasFailed || crashed.length > 0 || faults.length > 0) this.#tell()
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 })
    }
    assert.deepEqual(crashed, [], 'nodes that did not end cleanly')
    assert.deepEqual(faults, [], 'nodes with an error that nobody caught')
  }

  #stray(node: Daemon): readonly ProcessRef[] {
    return processesIn(node.home)
  }

  #remaining(): readonly ProcessRef[] {
    const orphans = this.nodes.flatMap((node) => node.orphans).filter(isAlive)
    return [
      ...processesIn(this.dir),
      ...this.nodes.flatMap(({ home }) => processesIn(home)),
    ].concat(orphans)
  }

  #tell(): void {
    for (const node of this.nodes) console.error(`${node.name}:\n${node.tail()}`)
    console.error(`truth:\n${this.truth.text().split('\n').slice(-60).join('\n')}`)
  }
}

/** The daemon that runs an execution, as soon as somebody does. */
export async function executorOf(cluster: Cluster, id: string): Promise<Daemon> {
  const name = await until(`${id} has an executor`, async () => {
    const { state, nodeName } = await cluster.up[0]!.api.execution(id)
    return state === 'queued' ? undefined : nodeName
  })
  return cluster.byName(name)
}

/** Waits until a node knows that an execution has come so far. */
export function untilExecution(
  { api, name }: Daemon,
  id: string,
  state: ExecutionDetail['state'],
): Promise<ExecutionDetail> {
  return until(`${name} knows ${id} as ${state}`, async () => {
    const detail = await api.execution(id)
    return detail.state === state ? detail : undefined
  })
}

/** A coming tick that is far enough ahead to do something to the node that is predicted for it. */
export async function nextTick(
  cluster: Cluster,
  job: string,
): Promise<{ readonly node: Daemon; readonly atMs: number }> {
  const plan = await cluster.up[0]!.api.plan(job, 5)
  const tick = plan.find(({ scheduledAt }) => Date.parse(scheduledAt) > Date.now() + 800)
  assert.ok(tick !== undefined, 'a tick ahead')
  return { node: cluster.byName(tick.nodeName), atMs: Date.parse(tick.scheduledAt) }
}

/** Waits until a node holds the history of every start in a span, and of every double one. */
export async function untilKnown(
  { api, name }: Daemon,
  truth: Truth,
  job: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  const starts = truth
    .starts(job)
    .filter(({ scheduledMs }) => scheduledMs >= fromMs && scheduledMs <= toMs)
  await until(
    `${name} holds the whole history of ${job}`,
    async () => {
      const items = await api.executions(job)
      const known = new Map(items.map((item) => [item.id, item]))
      const byId = Map.groupBy(starts, ({ execution }) => execution)
      for (const [id, same] of byId) {
        const { state, outcome, duplicate } = known.get(id) ?? {}
        const isDouble = new Set(same.map(({ attempt }) => attempt)).size < same.length
        assert.deepEqual([id, state, outcome, duplicate], [id, 'ended', 'success', isDouble])
      }
      return true
    },
    10_000,
  )
}

/** Stops a node as a service manager does: politely, then not. */
async function end(node: Daemon, crashed: string[]): Promise<void> {
  const { pid } = node
  node.go()
  // the second signal says: do not wait for jobs
  const ended = node.terminate()
  process.kill(pid, 'SIGTERM')
  const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), 20_000)
  const { code, signal: name } = await ended
  clearTimeout(timer)
  if (code !== 0) crashed.push(`${node.name}: ${code ?? name}`)
}

/**
 * A port of the loopback that is free now, below those that outgoing connections take: a node that
 * comes back must find its own.
 */
async function freePort(taken: readonly number[]): Promise<number> {
  for (;;) {
    const port = 10_000 + (randomBytes(2).readUInt16BE() % 20_000)
    if (taken.includes(port)) continue
    const server = createServer()
    server.listen(port, '127.0.0.1')
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ])
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
