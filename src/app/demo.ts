// `meshcron demo`: a fleet on this machine, without questions and without anything left behind.

import { errors } from '../core/errors.ts'
import { ok, refuse, type Refusal, type Result } from '../core/result.ts'
import { version } from './build.ts'
import { DemoControl, demoVerbs, orderDemo, type DemoOrder } from './demo-control.ts'
import { DemoFleet } from './demo-fleet.ts'
import { claimHome, deleteHome, type DemoHome } from './demo-home.ts'
import { DemoScreen } from './demo-screen.ts'

/** The flags of `meshcron demo`. */
export interface DemoOptions {
  /** How many nodes; 3 when absent. */
  readonly nodes?: string | number | undefined
  /** `json`: the lines of all nodes as they write them. */
  readonly log?: string | undefined
}

const nodesMax = 16
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs a demo until ctrl-c or `meshcron demo stop`; resolves with the exit status. */
export async function runDemo(options: DemoOptions = {}): Promise<number> {
  const count = Number(options.nodes ?? 3)
  if (!Number.isInteger(count) || count < 1 || count > nodesMax) {
    const message = `--nodes: ${JSON.stringify(options.nodes)} is no number from 1 to ${nodesMax}`
    return tell({ code: 'MC_BAD_INPUT', message, hint: 'leave it out for 3 nodes' })
  }
  const home = await claimHome()
  if (!home.ok) return tell(home.refusal)
  const demo = new Demo(home.value, count, new DemoScreen(options.log === 'json'))
  return await demo.run()
}

/** Tells the running demo to do something; resolves with the exit status. */
export async function demoVerb(
  verb: string,
  member?: string,
  _options: object = {},
): Promise<number> {
  const known = demoVerbs.find((one) => one === verb)
  const result =
    known === undefined
      ? refuse('MC_BAD_INPUT', `unknown verb ${verb}`, `choose one of ${demoVerbs.join(', ')}`)
      : await orderDemo({ verb: known, member })
  if (!result.ok) return tell(result.refusal)
  process.stdout.write(`✓ ${result.value}\n`)
  return 0
}

/** One demo, from the start of its nodes to the end of all traces. */
class Demo {
  readonly #home: DemoHome
  readonly #screen: DemoScreen
  readonly #fleet: DemoFleet
  readonly #control: DemoControl
  readonly #ended = Promise.withResolvers<undefined>()
  readonly #interrupted = (): void => this.#interrupt()
  #isUp = false
  #interrupts = 0
  #order: Promise<unknown> = Promise.resolve()

  constructor(home: DemoHome, count: number, screen: DemoScreen) {
    this.#home = home
    this.#screen = screen
    this.#fleet = new DemoFleet({
      home,
      count,
      random: Math.random,
      heard: (line) => screen.heard(line),
      crashed: (name, how) => screen.crashed(name, how),
    })
    this.#control = new DemoControl({ act: (order) => this.#inOrder(order) })
  }

  async run(): Promise<number> {
    for (const signal of signals) process.on(signal, this.#interrupted)
    try {
      await this.#control.listen(this.#home.socketPath)
      const started = await Promise.race([this.#fleet.start(), this.#ended.promise])
      if (started?.ok === false) return tell(started.refusal)
      if (started !== undefined) {
        this.#isUp = true
        this.#screen.up(version, this.#fleet.nodes)
        await this.#ended.promise
      }
      return 0
    } finally {
      await this.#end()
    }
  }

  async #end(): Promise<void> {
    this.#screen.ending()
    await this.#fleet.end()
    deleteHome(this.#home)
    await this.#control.close()
    for (const signal of signals) process.off(signal, this.#interrupted)
  }

  /** The second time nothing is waited for. */
  #interrupt(): void {
    this.#interrupts += 1
    this.#ended.resolve(undefined)
    if (this.#interrupts < 2) return
    void this.#fleet.abort().then(() => {
      deleteHome(this.#home)
      process.exit(1)
    })
  }

  /** One order at a time: a start and a kill of one node would race. */
  #inOrder(order: DemoOrder): Promise<Result<string>> {
    if (order.verb === 'stop' && order.member === undefined) return this.#stop()
    const done = this.#order.then(() => this.#act(order))
    this.#order = done.catch(() => undefined)
    return done
  }

  async #act({ verb, member }: DemoOrder): Promise<Result<string>> {
    if (!this.#isUp) return refuse('MC_BUSY', 'the demo is starting', 'try again in a moment')
    if (verb === 'heal') return await this.#fleet.heal()
    if (member === undefined) {
      const names = this.#fleet.nodes.map(({ name }) => name).join(', ')
      return refuse('MC_BAD_INPUT', `${verb} wants a node`, `choose one of ${names}`)
    }
    switch (verb) {
      case 'kill':
        return await this.#fleet.kill(member)
      case 'start':
        return await this.#fleet.restart(member)
      case 'stop':
        return await this.#fleet.stop(member)
      case 'split':
        return this.#fleet.split(member)
    }
  }

  /** Answered when nothing is left but the process that answers. */
  async #stop(): Promise<Result<string>> {
    this.#ended.resolve(undefined)
    await this.#fleet.end()
    deleteHome(this.#home)
    return ok('the demo has ended, and everything of it is deleted')
  }
}

/** Writes what is wrong and what to do about it; the value is the exit status. */
function tell({ code, message, hint }: Refusal): number {
  process.stderr.write(`error ${code}: ${message}\n${hint === '' ? '' : `  hint: ${hint}\n`}`)
  return errors[code].exit
}
