// The composition root: the only place that constructs adapters and wires them to the node.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { lackOfAccount } from '../adapters/executor/account.ts'
import { createCrypto } from '../adapters/crypto/crypto.ts'
import { keyTools } from '../adapters/crypto/key-tools.ts'
import { LocalExecutor } from '../adapters/executor/executor.ts'
import { Outgoing } from '../adapters/executor/outgoing.ts'
import { listPlugins } from '../adapters/executor/plugins.ts'
import type { InviteAsk } from '../adapters/http/api.ts'
import type { InviteMade } from '../adapters/http/schema.ts'
import { HttpServer } from '../adapters/http/server.ts'
import { formatHttpAddress } from '../adapters/http/address.ts'
import { createEnrolNetwork } from '../adapters/libp2p/enrol-host.ts'
import { Libp2pNetwork } from '../adapters/libp2p/network.ts'
import { loadOrCreateKey } from '../adapters/libp2p/key.ts'
import { createLogger } from '../adapters/log/logger.ts'
import { LocalNotifier } from '../adapters/notify/notifier.ts'
import { openStore } from '../adapters/sqlite/open-store.ts'
import type { SqliteStore } from '../adapters/sqlite/store.ts'
import { SystemClock } from '../adapters/system/clock.ts'
import { readFacts } from '../adapters/system/facts.ts'
import { jobName } from '../core/ids.ts'
import { limits, profiles } from '../core/limits.ts'
import type { Node } from '../core/node.ts'
import type { Notice } from '../core/notify/notice.ts'
import type { Report } from '../core/report.ts'
import { closedPolicy, lackOfVersion, type Profile } from '../core/trust/policy.ts'
import type { Result } from '../core/result.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Network } from '../ports/network.ts'
import type { Notifier } from '../ports/notifier.ts'
import { readApiFiles } from './api-files.ts'
import { version } from './build.ts'
import type { Config } from './config.ts'
import { createNode } from './create-node.ts'
import { foundCluster, isFromBefore, loadKeys, type Founded } from './credentials.ts'
import { dashboardFiles } from './dashboard-files.ts'
import { Driver } from './driver.ts'
import { createEnrolment, type Enrolment } from './enrolment.ts'
import { Happenings } from './happenings.ts'
import { joinCluster, type JoinComponents, type JoinInit } from './join.ts'
import { Lifecycle } from './lifecycle.ts'
import { readPolicy, type OwnPolicy } from './policy-file.ts'
import { networkHandlers } from './network-handlers.ts'
import { exportJobs } from './replace-cluster.ts'
import { logLineOf, reportDamage } from './report.ts'
import { TokenFile, tokensFileName } from './tokens.ts'
import { UseCases } from './use-cases.ts'

/** A running node, as the program that started it sees it. */
export interface Daemon {
  /** Resolves when the API answers and the node listens. */
  start(): Promise<Started>
  /**
   * Announces leave, lets what runs finish for `drainMs`, stops it, and closes everything. Nothing
   * of this node is left running.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>
  /** Reads the owner's policy again; a broken file changes nothing. */
  reloadPolicy(): void
  /** Rejects when the daemon cannot go on; never resolves. */
  readonly failed: Promise<never>
}

export interface Started {
  readonly member: string
  readonly name: string
  /** Addresses under which peers may dial. */
  readonly addresses: readonly string[]
  /** URL of the HTTP API. */
  readonly http: string
  /** Makes an invite of this node. */
  readonly invite: (ask: InviteAsk) => Promise<Result<InviteMade>>
}

/** What is built before the node can be. */
interface Parts {
  readonly clock: Clock
  readonly logger: Logger
  readonly store: SqliteStore
  readonly network: Network
  readonly executor: LocalExecutor
  readonly notifier: Notifier
  readonly node: Node
  readonly enrolment: Enrolment
}

/** How often this machine is looked at. */
const factsMs = 30_000
/** How often a slice of old history is removed; again at once while there is more. */
const pruneMs = 10_000

export function createDaemon(config: Config): Daemon {
  return new RunningDaemon(config)
}

/** Makes the keys of a new cluster in a data directory. */
export async function found(init: Parameters<typeof foundCluster>[1]): Promise<Result<Founded>> {
  const { member } = await loadOrCreateKey(join(init.dataDir, 'node.key'))
  return foundCluster(keyTools, init, { member, nowMs: new SystemClock().wallMs() })
}

/** Makes a node a member of the cluster that a token names. */
export async function joinByToken(
  init: Omit<JoinInit, 'member'>,
  told: Pick<JoinComponents, 'waiting' | 'replaced'>,
): Promise<Result<boolean>> {
  const { member, bytes } = await loadOrCreateKey(join(init.dataDir, 'node.key'))
  const network = createEnrolNetwork(bytes)
  const jobsIn = (dataDir: string): string => {
    const store = openStore(dataDir)
    try {
      return exportJobs(keyTools, dataDir, store)
    } finally {
      store.close()
    }
  }
  const components = { tools: keyTools, network, exportJobs: jobsIn, ...told }
  return await joinCluster(components, { ...init, member })
}

class RunningDaemon implements Daemon {
  readonly failed: Promise<never>
  readonly #config: Config
  readonly #lifecycle = new Lifecycle()
  readonly #fail: (error: unknown) => void
  #driver: Driver | undefined
  #node: Node | undefined
  #policy: OwnPolicy = { policy: closedPolicy, path: undefined, lineOf: () => 1 }
  #reload: () => void = () => undefined
  #outputOf: (notice: Notice) => Promise<string> = () => Promise.resolve('')
  #stopping: Promise<void> | undefined
  /** Until when running jobs may go on, monotonic. */
  #drainUntilMs = Infinity

  constructor(config: Config) {
    this.#config = config
    const { promise, reject } = Promise.withResolvers<never>()
    this.failed = promise
    this.#fail = reject
    // whoever waits for it hears of it; nobody has to
    promise.catch(() => undefined)
  }

  async start(): Promise<Started> {
    try {
      return await this.#start()
    } catch (error) {
      await this.#lifecycle.stop()
      throw error
    }
  }

  reloadPolicy(): void {
    this.#reload()
  }

  /** Takes the policy from its file; without one, or with a broken one at start, nothing is allowed. */
  #readPolicy(logger: Logger): void {
    const read = readPolicy(this.#config, lackOf)
    if (!read.ok) {
      const { message, hint } = read.refusal
      logger.log('error', 'policy', `the policy is not used: ${message}`, { hint })
      return
    }
    this.#policy = read.value
    const { path, policy } = read.value
    const { executors } = policy
    const none = path === undefined ? 'there is no policy.yaml: nothing runs here' : undefined
    logger.log(none === undefined ? 'info' : 'warn', 'policy', none ?? 'the policy is in force', {
      path,
      executors,
      profiles: Object.keys(policy.profiles),
    })
  }

  async #start(): Promise<Started> {
    const parts = await this.#build()
    const { node, store, network, executor, notifier, clock, logger } = parts
    this.#node = node
    const happenings = new Happenings()
    const onReport = (report: Report): void => {
      const line = logLineOf(report)
      logger.log(line.level, line.event, line.message, line.fields)
      happenings.publish(report, node.nowMs)
    }
    const onFatal = (error: unknown): void => this.#fail(error)
    const hands = { store, network, executor, notifier, clock }
    const driver = new Driver({ node, ...hands, onReport, onFatal })
    this.#driver = driver
    this.#reload = () => {
      this.#readPolicy(logger)
      const { policy } = this.#policy
      executor.setPolicy(policy)
      driver.push({ kind: 'policy', policy })
    }
    this.#lifecycle.onStop(() => driver.stop())
    const unreported = await executor.start((report) => driver.push({ kind: 'execution', report }))
    this.#lifecycle.onStop(() => executor.close())
    this.#lifecycle.onStop(() => notifier.close())
    if (unreported.length > 0) {
      logger.log('warn', 'orphans', 'stopped what an earlier process left', {
        count: unreported.length,
      })
    }
    const handlers = networkHandlers(driver, executor, onReport)
    const addresses = await network.start(handlers)
    this.#lifecycle.onStop(() => network.stop())
    driver.push({ kind: 'loaded', loaded: store.load(), addresses })
    this.#pruneNowAndThen(store, node)
    await this.#tellFactsNowAndThen(driver)
    const http = await this.#serve(parts, driver, happenings)
    const { enrolment } = parts
    this.#lifecycle.onStop(() => enrolment.stop())
    await enrolment.start()
    const invite: Started['invite'] = (ask) => enrolment.invite(ask)
    return { member: network.self, name: this.#config.name, addresses, http, invite }
  }

  async #build(): Promise<Parts> {
    const config = this.#config
    const clock = new SystemClock()
    const isOld = isFromBefore(config)
    if (!isOld.ok) throw refusalError(isOld.refusal)
    const store = openStore(config.dataDir, {
      onDamage: config.peers.length > 0 ? 'quarantine' : 'refuse',
      retention: config.history,
    })
    this.#lifecycle.onStop(() => store.close())
    const key = await loadOrCreateKey(join(config.dataDir, 'node.key'))
    const now = { member: key.member, isFromBefore: isOld.value, nowMs: clock.wallMs() }
    const keys = loadKeys(keyTools, config, now)
    if (!keys.ok) throw refusalError(keys.refusal)
    const { networkKey, credentials } = keys.value
    const logger = createLogger({
      format: config.log,
      level: config.logLevel,
      base: { node: config.name },
    })
    reportDamage(store, logger)
    this.#readPolicy(logger)
    const { clusterId } = credentials.anchor
    const network = createNetwork(config, clock, { clusterId, networkKey, key: key.bytes })
    const executor = new LocalExecutor(
      { env: process.env },
      {
        dir: join(config.dataDir, 'executions'),
        outputFullBytes: config.outputFullBytes,
        plugins: config.plugins,
        policy: this.#policy.policy,
        httpDeny: [`${config.http.host}:${config.http.port}`],
      },
    )
    const identity = {
      member: key.member,
      clusterId,
      storeEpoch: store.epoch,
      startId: randomBytes(8).toString('hex'),
    }
    const plugins = listPlugins(config.plugins)
    for (const { name, why } of plugins.refused) {
      logger.log('warn', 'plugin', 'a plugin is not offered', { plugin: name, why })
    }
    const crypto = createCrypto(key.bytes)
    const { policy } = this.#policy
    const node = createNode({ crypto, config, policy }, { identity, credentials }, plugins.names)
    const notifier = this.#createNotifier()
    const enrolNetwork = createEnrolNetwork(key.bytes)
    const enrolment = createEnrolment(
      { tools: keyTools, crypto, network: enrolNetwork, logger, node },
      { ...config, ...keys.value },
    )
    return { clock, logger, store, network, executor, notifier, node, enrolment }
  }

  #createNotifier(): Notifier {
    const { http, notify } = this.#config
    const outgoing = new Outgoing({}, { deny: [`${http.host}:${http.port}`] })
    return new LocalNotifier(
      {
        post: (call, signal) => outgoing.post(call, signal),
        publish: (channel, payload, signal) =>
          outgoing.publish(channel, { ...channel, payload }, signal),
        outputOf: (notice) => this.#outputOf(notice),
      },
      notify,
    )
  }

  /** Removes old history in slices, each job's by its own retention. */
  #pruneNowAndThen(store: SqliteStore, node: Node): void {
    const retentionOf = (
      name: string,
    ): { runs: number | null; ageMs: number | null } | undefined => {
      const meta = node.replica.catalog.live(jobName(name))?.groups.meta
      return meta && { runs: meta.retentionRuns, ageMs: meta.retentionMs }
    }
    let timer: NodeJS.Timeout
    const prune = (): void => {
      const removed = store.prune(node.nowMs, retentionOf)
      timer = setTimeout(prune, removed > 0 ? 50 : pruneMs)
    }
    timer = setTimeout(prune, pruneMs)
    this.#lifecycle.onStop(() => clearTimeout(timer))
  }

  /** Facts change by themselves; the node decides which changes are worth telling. */
  async #tellFactsNowAndThen(driver: Driver): Promise<void> {
    const { dataDir, facts } = this.#config
    const tell = async (): Promise<void> => {
      driver.push({ kind: 'facts', facts: { ...(await readFacts(dataDir)), ...facts } })
    }
    await tell()
    const timer = setInterval(() => void tell(), factsMs)
    this.#lifecycle.onStop(() => clearInterval(timer))
  }

  async #serve(parts: Parts, driver: Driver, happenings: Happenings): Promise<string> {
    const { node, store, network, executor, notifier, clock, logger } = parts
    const api = new UseCases(
      {
        node,
        store,
        network,
        executor,
        notifier,
        policy: () => this.#policy,
        happenings,
        enrolment: parts.enrolment,
        command: (command) => driver.command(command),
        leave: () => this.#leave(),
      },
      {
        defaultTimezone: this.#config.timezone,
        now: () => clock.wallMs(),
        monoMs: () => clock.monoMs(),
      },
    )
    this.#outputOf = (notice) => api.outputTail(notice)
    const files = readApiFiles(this.#config)
    if (!files.ok) throw refusalError(files.refusal)
    const server = new HttpServer(
      {
        api,
        tokens: this.#tokens(clock),
        clock,
        onError: (error) =>
          logger.log('error', 'api', 'a request failed', { error: String(error) }),
      },
      {
        address: this.#config.http,
        socketPath: join(this.#config.dataDir, 'api.sock'),
        token: this.#config.token,
        version,
        pages: dashboardFiles(),
        hosts: this.#config.httpHosts,
        ...files.value,
      },
    )
    const address = await server.start()
    if (!address.ok) throw refusalError(address.refusal)
    this.#lifecycle.onStop(() => server.close())
    return `${files.value.tls === undefined ? 'http' : 'https'}://${formatHttpAddress(address.value)}`
  }

  #tokens(clock: Clock): TokenFile {
    const path = join(this.#config.dataDir, tokensFileName)
    const tokens = new TokenFile({ nowMs: () => clock.wallMs() }, { path })
    const loaded = tokens.load()
    if (!loaded.ok) throw refusalError(loaded.refusal)
    return tokens
  }

  /** Announces that this node goes, and stops it when the fleet has taken note. */
  async #leave(): Promise<void> {
    const { leadMs } = this.#node!.timers
    await this.#driver!.command({ kind: 'leave', leadMs })
    setTimeout(() => void this.stop({}).then(() => this.#fail(leftError()), this.#fail), leadMs)
  }

  stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    const drainMs = options.drainMs ?? this.#config.drainMs
    // a second caller in a hurry shortens the drain of the first
    this.#drainUntilMs = Math.min(this.#drainUntilMs, performance.now() + drainMs)
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const driver = this.#driver
    if (driver !== undefined && this.#node !== undefined) {
      await driver.command({ kind: 'leave', leadMs: 0 })
      await this.#untilIdle(() => this.#drainUntilMs)
      await driver.command({ kind: 'stopRunning' })
      const untilMs = performance.now() + limits.stopRunningMs
      await this.#untilIdle(() => untilMs)
      await this.#untilHeard()
    }
    await this.#lifecycle.stop()
  }

  /** Waits until a member has all that we wrote last: what nobody has, others would call lost. */
  async #untilHeard(): Promise<void> {
    const { membership, replica } = this.#node!
    const isHeard = (): boolean => {
      const links = [...membership.links()]
      const { seen } = replica.digests
      return links.length === 0 || links.some(({ lastBeat }) => lastBeat?.seenDigest === seen)
    }
    const untilMs = performance.now() + limits.lastWordsMs
    while (!isHeard() && performance.now() < untilMs) await delay(20)
  }

  async #untilIdle(untilMs: () => number): Promise<void> {
    const { executions } = this.#node!
    while (executions.runningCount > 0 && performance.now() < untilMs()) await delay(20)
  }
}

/** Why this machine cannot keep to a profile. */
const lackOf = (profile: Profile): string | undefined =>
  lackOfVersion(profile) ?? (profile.user === null ? undefined : lackOfAccount(profile.user))

function createNetwork(
  config: Config,
  clock: Clock,
  keys: { readonly clusterId: string; readonly networkKey: Uint8Array; readonly key: Uint8Array },
): Network {
  const { silenceMs } = profiles[config.profile]
  return new Libp2pNetwork(
    { clock, random: Math.random },
    {
      privateKey: keys.key,
      clusterId: keys.clusterId,
      networkKey: keys.networkKey,
      listen: config.listen,
      announce: config.announce,
      peers: config.peers,
      isMdns: config.mdns,
      deadLinkMs: Math.max(4_000, 3 * silenceMs),
      upgradeTimeoutMs: config.profile === 'iot' ? 8_000 : 3_000,
    },
  )
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function refusalError(refusal: { code: string; message: string; hint: string }): Error {
  return Object.assign(new Error(refusal.message), { code: refusal.code, hint: refusal.hint })
}

const leftError = (): Error => Object.assign(new Error('this node has left'), { code: 'MC_LEFT' })
