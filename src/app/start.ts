// `meshcron start`: one node in this process, from the flags to a clean end.

import { closeSync, openSync } from 'node:fs'
import { hostname } from 'node:os'
import { InvariantError } from '../core/invariant.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { resolveConfig, type Config, type Settings, type StartOptions } from './config.ts'
import type { Daemon } from './daemon.ts'
import { demoParent, type DemoParent } from './demo-parent.ts'
import { readNotifyConfig } from './notify-file.ts'
import { isMember, readPeers, readTokenFile } from './join.ts'
import { invariantExit, StartConsole } from './start-console.ts'
import { prepareDataDir, writeFirstPolicy } from './start-files.ts'

export type { StartOptions } from './config.ts'

const signals = ['SIGTERM', 'SIGINT'] as const
/** What a second signal leaves for closing; then the process ends whatever is open. */
const hurryMs = 5_000

/** Runs a node until it is told to stop; resolves with the exit status. */
export async function runStart(flags: StartOptions): Promise<number> {
  const { env } = process
  const settings = resolveConfig({ flags, env, cwd: process.cwd(), hostname: hostname() })
  const asked = flags.log ?? env['MESHCRON_LOG']
  if (!settings.ok) {
    return new StartConsole(asked === 'json' ? 'json' : 'text').refused(settings.refusal)
  }
  const { dataDir, log } = settings.value
  const said = new StartConsole(log)
  const token = prepareDataDir(dataDir)
  if (!token.ok) return said.refused(token.refusal)
  const policy = writeFirstPolicy(settings.value)
  if (!policy.ok) return said.refused(policy.refusal)
  if (policy.value !== undefined) said.wrotePolicy(policy.value)
  const notify = readNotifyConfig(dataDir)
  if (!notify.ok) return said.refused(notify.refusal)
  const isNew = !isMember(dataDir)
  const joined = await becomeMember(settings.value, said).catch((error: unknown) =>
    said.failed(error),
  )
  if (typeof joined === 'number') return joined
  if (!joined.ok) return said.refused(joined.refusal)
  const peers = [...settings.value.peers, ...readPeers(dataDir)]
  const own = { peers, token: token.value, notify: notify.value }
  const config: Config = Object.freeze({ ...settings.value, ...own })
  watchFaults(said)
  const parent = demoParent(env, dataDir)
  // loading it takes most of a second, which a refusal need not wait for
  const { createDaemon } = await import('./daemon.ts')
  try {
    const isFounder = isNew && !joined.value
    return await runDaemon(createDaemon(config), config, said, { parent, isFounder })
  } finally {
    parent?.cleanUp()
  }
}

/** What a new cluster offers at once: everybody who can read this terminal may let five machines in. */
const firstInvite = { uses: 5, allowTags: ['*'] }

/** Joins when the configuration says so; true when the node was no member before. */
async function becomeMember(settings: Settings, said: StartConsole): Promise<Result<boolean>> {
  const { dataDir, name, tags, joining } = settings
  const { isReplacing } = joining
  const file = joining.file === undefined ? undefined : readTokenFile(joining.file)
  if (file?.ok === false) return file
  const token = joining.token ?? file?.value.token
  if (token === undefined) {
    return joining.file === undefined || isMember(dataDir) ? ok(false) : noToken(joining.file)
  }
  const { networkKeyFile, clusterKeyFile } = settings
  if (!isMember(dataDir) && (networkKeyFile ?? clusterKeyFile) !== undefined) {
    const message = 'a token brings the keys of its cluster, and a key file is given as well'
    return refuse('MC_BAD_CONFIG', message, 'leave --network-key and --cluster-key out')
  }
  const { joinByToken } = await import('./daemon.ts')
  const joined = await joinByToken(
    { dataDir, name, tags, token, isReplacing },
    {
      waiting: (shortId) => said.waiting(shortId),
      replaced: (folder) => said.replaced(folder),
    },
  )
  if (!joined.ok) return joined
  if (joined.value) said.joined(name)
  if (file !== undefined) said.consumed(file.value.consume())
  return joined
}

const noToken = (file: string): Result<never> =>
  refuse(
    'MC_BAD_CONFIG',
    `there is no token in ${file}, and this node is no member of a cluster`,
    'write a token of `meshcron invite` there, or start without --join-file to found a cluster',
  )

async function runDaemon(
  daemon: Daemon,
  config: Config,
  said: StartConsole,
  { parent, isFounder }: { parent: DemoParent | undefined; isFounder: boolean },
): Promise<number> {
  const order = new StopOrder(daemon)
  const reload = onReload(daemon, () => order.give(undefined))
  void parent?.gone.then(() => order.give(0))
  try {
    const started = await daemon.start()
    said.ready(started, config)
    if (isFounder) await said.joinLine(() => started.invite(firstInvite))
    const failure = await Promise.race([order.given, daemon.failed.catch(failureOf)])
    if (failure === undefined) await order.carryOut()
    else if (!hasLeft(failure.error)) {
      const status = said.failed(failure.error)
      await daemon.stop({ drainMs: 0 }).catch(() => undefined)
      return status
    }
    return 0
  } catch (error) {
    return said.failed(error)
  } finally {
    order.end()
    reload.end()
  }
}

/** SIGHUP reads the owner's policy again; when the terminal is gone it is an order to stop. */
function onReload(daemon: Daemon, stop: () => void): { end(): void } {
  const hadTerminal = hasTerminal()
  const heard = (): void => (hadTerminal && !hasTerminal() ? stop() : daemon.reloadPolicy())
  process.on('SIGHUP', heard)
  return { end: () => void process.off('SIGHUP', heard) }
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

/** Wrapped, so that an error of any value differs from an order to stop. */
const failureOf = (error: unknown): { readonly error: unknown } => ({ error })

/** A node that was asked to leave stops by itself. */
const hasLeft = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'MC_LEFT'

/** From signals, or the end of the parent, to one stop. */
class StopOrder {
  readonly given: Promise<undefined>
  readonly #daemon: Daemon
  readonly #give: (value: undefined) => void
  readonly #heard = (): void => this.#signal()
  #count = 0
  /** Undefined: as configured. */
  #drainMs: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(daemon: Daemon) {
    this.#daemon = daemon
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.given = promise
    this.#give = resolve
    for (const signal of signals) process.on(signal, this.#heard)
  }

  /** Orders the stop; running jobs get `drainMs` to end. */
  give(drainMs: number | undefined): void {
    this.#drainMs = drainMs
    this.#give(undefined)
  }

  /** Stops; a start that is under way has ended by then, because nothing can stop it half way. */
  async carryOut(): Promise<void> {
    const drainMs = this.#drainMs
    await this.#daemon.stop(drainMs === undefined ? {} : { drainMs })
  }

  end(): void {
    clearTimeout(this.#timer)
    for (const signal of signals) process.off(signal, this.#heard)
  }

  #signal(): void {
    this.#count += 1
    if (this.#count === 1) return this.give(undefined)
    if (this.#count > 2) process.exit(1)
    this.give(0)
    void this.#daemon.stop({ drainMs: 0 }).catch(() => undefined)
    this.#timer = setTimeout(() => process.exit(1), hurryMs)
  }
}

/**
 * Errors that nobody caught are counted; a programming error ends the process. For as long as it
 * lives: libraries may reject after the end too.
 */
function watchFaults(said: StartConsole): void {
  const judge = (kind: string, error: unknown): void => {
    said.fault(kind, error)
    if (error instanceof InvariantError) process.exit(invariantExit)
  }
  process.on('uncaughtException', (error) => judge('uncaughtException', error))
  process.on('unhandledRejection', (error) => judge('unhandledRejection', error))
  // who reads our output may be gone; the node is not there for its output
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
}
