// The nodes of the demo and the ways between them, one for each pair and direction.

import { writeFileSync } from 'node:fs'
import { ok, refuse, type Result } from '../core/result.ts'
import { suggest } from '../core/suggest.ts'
import type { DemoHome } from './demo-home.ts'
import { DemoNode, type DemoNodeInit } from './demo-node.ts'
import { freePort, freePortFrom } from './demo-port.ts'
import { untilTogether } from './demo-status.ts'
import { SplitProxy } from './split-proxy.ts'

interface Way {
  readonly from: string
  readonly to: string
  readonly proxy: SplitProxy
}

export type FleetInit = Pick<DemoNodeInit, 'heard' | 'crashed'> & {
  readonly home: DemoHome
  readonly count: number
  /** Names the nodes. */
  readonly random: () => number
}

const firstHttpPort = 7_172
const startTriesMax = 3
const togetherMs = 60_000
const letters = 'abcdefghjkmnpqrstuvwxyz'
const signs = `${letters}23456789`

/** Runs the nodes, kills them, cuts them off and joins them again. */
export class DemoFleet {
  readonly #init: FleetInit
  readonly #nodes: DemoNode[] = []
  readonly #ways: Way[] = []
  readonly #peerPorts = new Map<string, number>()
  readonly #httpPorts = new Map<string, number>()
  readonly #cutOff = new Set<string>()
  #starting: Promise<Result<void>> | undefined
  #ending: Promise<void> | undefined
  #isEnding = false

  constructor(init: FleetInit) {
    this.#init = init
  }

  get nodes(): readonly DemoNode[] {
    return this.#nodes
  }

  /** Starts all nodes; resolves when each sees all of them. */
  start(): Promise<Result<void>> {
    return (this.#starting ??= this.#start())
  }

  async #start(): Promise<Result<void>> {
    const { home, count, heard, crashed, random } = this.#init
    const names = memberNames(count, random)
    for (const from of names) {
      const peers: string[] = []
      for (const to of names) {
        if (from === to) continue
        const proxy = new SplitProxy({ targetPort: () => this.#peerPorts.get(to) ?? 0 })
        this.#ways.push({ from, to, proxy })
        peers.push(`/ip4/127.0.0.1/tcp/${await proxy.listen()}`)
      }
      const { dir: base, networkKeyFile, clusterKeyFile } = home
      const keys = { networkKeyFile, clusterKeyFile }
      const died = (name: string, how: string): void => {
        this.#noteAlive()
        crashed(name, how)
      }
      this.#nodes.push(new DemoNode({ name: from, base, ...keys, peers, heard, crashed: died }))
      this.#httpPorts.set(from, await this.#freeHttpPort())
    }
    const started = await Promise.all(this.#nodes.map((node) => this.#startNode(node)))
    return started.find((one) => !one.ok) ?? (await this.#together())
  }

  /** kill -9 of a node. */
  async kill(member: string): Promise<Result<string>> {
    const node = this.#running(member)
    if (!node.ok) return node
    await node.value.kill()
    this.#noteAlive()
    const { name } = node.value
    return ok(`${name} killed; its next ticks move to others (meshcron demo start ${name})`)
  }

  /** A clean stop of a node. */
  async stop(member: string): Promise<Result<string>> {
    const node = this.#running(member)
    if (!node.ok) return node
    await node.value.stop()
    this.#noteAlive()
    const { name } = node.value
    return ok(`${name} stopped, as it announced to the others (meshcron demo start ${name})`)
  }

  /** Starts a node that was killed or stopped. */
  async restart(member: string): Promise<Result<string>> {
    const found = this.#find(member)
    if (!found.ok) return found
    const { name } = found.value
    if (found.value.isUp) {
      return refuse('MC_CONFLICT', `${name} is running`, 'kill it first, or leave it running')
    }
    const started = await this.#startNode(found.value)
    return started.ok ? ok(`${name} runs again`) : started
  }

  /** Cuts members off from all others, names separated by commas; each is an island of its own. */
  split(members: string): Result<string> {
    const names: string[] = []
    for (const member of members.split(',')) {
      const node = this.#find(member)
      if (!node.ok) return node
      names.push(node.value.name)
    }
    for (const name of names) this.#cutOff.add(name)
    for (const { from, to, proxy } of this.#ways) {
      if (names.includes(from) || names.includes(to)) proxy.cut()
    }
    return ok(`${names.join(', ')} cut off from all others (meshcron demo heal)`)
  }

  /** Repairs every way; resolves when all nodes that are up see each other. */
  async heal(): Promise<Result<string>> {
    if (this.#cutOff.size === 0) return ok('nothing was split')
    this.#cutOff.clear()
    for (const { proxy } of this.#ways) proxy.heal()
    const startMs = performance.now()
    const together = await this.#together()
    if (!together.ok) return together
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1)
    return ok(`healed; all nodes that are up see each other again after ${seconds} s`)
  }

  /** Ends all nodes with everything that they run. */
  end(): Promise<void> {
    // two callers share one end: a second one would bring ended nodes back to clean up after them
    return (this.#ending ??= this.#end())
  }

  async #end(): Promise<void> {
    this.#isEnding = true
    const wereUp = this.#nodes.filter((node) => node.isUp)
    await Promise.all(wereUp.map((node) => node.end()))
    await this.#starting?.catch(() => undefined)
    const others = this.#nodes.filter((node) => !wereUp.includes(node))
    await Promise.all(others.map((node) => this.#endOther(node)))
    await Promise.all(this.#ways.map(({ proxy }) => proxy.close()))
  }

  /** Ends all nodes now; what their jobs started may stay. */
  async abort(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#nodes.map((node) => node.kill()))
  }

  /** A killed node left its jobs running: it must come back once, because only it knows them. */
  async #endOther(node: DemoNode): Promise<void> {
    if (!node.isUp && node.id !== '') await node.start(this.#ports(node))
    await node.end()
  }

  async #startNode(node: DemoNode): Promise<Result<void>> {
    for (let tries = 1; ; tries += 1) {
      if (this.#isEnding) return refuse('MC_BUSY', 'the demo is ending', 'start another one')
      if (!this.#peerPorts.has(node.name)) this.#peerPorts.set(node.name, await freePort())
      const started = await node.start(this.#ports(node))
      if (started.ok) this.#noteAlive()
      const isLost = !started.ok && started.refusal.code === 'MC_PORT_IN_USE'
      if (!isLost || tries >= startTriesMax) return started
      // somebody took a port between our look and its use
      this.#peerPorts.delete(node.name)
      this.#httpPorts.set(node.name, await this.#freeHttpPort())
    }
  }

  #ports({ name }: DemoNode): { readonly peer: number; readonly http: number } {
    return { peer: this.#peerPorts.get(name) ?? 0, http: this.#httpPorts.get(name) ?? 0 }
  }

  #freeHttpPort(): Promise<number> {
    return freePortFrom(firstHttpPort, new Set(this.#httpPorts.values()))
  }

  async #together(): Promise<Result<void>> {
    const up = this.#nodes.filter((node) => node.isUp)
    const isGivenUp = (): boolean => this.#isEnding || up.some((node) => !node.isUp)
    if (await untilTogether(up, togetherMs, isGivenUp)) return ok(undefined)
    const fallen = up.find((node) => !node.isUp)
    const message =
      fallen === undefined
        ? `the nodes do not all see each other within ${togetherMs / 1_000} s`
        : `${fallen.name} ended meanwhile`
    return refuse('MC_MEMBER_UNREACHABLE', message, 'see meshcron member ls, and try again')
  }

  #noteAlive(): void {
    if (this.#isEnding) return
    const names = this.#nodes.filter((node) => node.isUp).map(({ name }) => name)
    writeFileSync(this.#init.home.aliveFile, names.map((name) => `${name}\n`).join(''))
  }

  #running(member: string): Result<DemoNode> {
    const node = this.#find(member)
    if (!node.ok || node.value.isUp) return node
    const { name } = node.value
    return refuse('MC_CONFLICT', `${name} is not running`, `meshcron demo start ${name}`)
  }

  #find(member: string): Result<DemoNode> {
    const byName = this.#nodes.find(({ name }) => name === member)
    if (byName !== undefined) return ok(byName)
    const byId = this.#nodes.filter(
      ({ id }) => member.length >= 4 && (id.startsWith(member) || id.endsWith(member)),
    )
    if (byId.length === 1) return ok(byId[0]!)
    const names = this.#nodes.map(({ name }) => name)
    const meant = suggest(member, names)
    const hint =
      meant === undefined ? `choose one of ${names.join(', ')}` : `did you mean ${meant}?`
    return refuse('MC_UNKNOWN_MEMBER', `no node of the demo is called ${member}`, hint)
  }
}

/** Short labels without signs that look alike, none of them twice. */
function memberNames(count: number, random: () => number): readonly string[] {
  const pick = (from: string): string => from[Math.floor(random() * from.length)]!
  const names = new Set<string>()
  while (names.size < count) {
    names.add(pick(letters) + Array.from({ length: 4 }, () => pick(signs)).join(''))
  }
  return [...names]
}
