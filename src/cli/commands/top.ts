import { CliError, usage } from '../cli-error.ts'
import type { Client } from '../client.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import type { Io } from '../io.ts'
import { carryOut, readData, readPage, rowsOf } from '../top/data.ts'
import type { Data } from '../top/data.ts'
import { frame } from '../top/frame.ts'
import { initial, press } from '../top/state.ts'
import type { Order, State } from '../top/state.ts'
import { openTerminal } from '../top/terminal.ts'
import type { Terminal } from '../top/terminal.ts'

const everyMs = 1_000

export const define: Define = (command, io) => {
  command.action(
    action(io, async ({ client }) => {
      // Nobody there is said before the screen is taken.
      const screen = new Screen(io, client, await readData(client))
      await screen.run()
    }),
  )
}

class Screen {
  readonly #io: Io
  readonly #client: Client
  readonly #ended = Promise.withResolvers<void>()
  #terminal: Terminal | undefined
  #data: Data
  #state: State = initial
  #isReading = false

  constructor(io: Io, client: Client, data: Data) {
    this.#io = io
    this.#client = client
    this.#data = data
  }

  async run(): Promise<void> {
    const terminal = openTerminal(
      (key) => this.#press(key),
      () => this.#draw(),
    )
    if (terminal === undefined) {
      throw usage('top needs a terminal', 'use meshcron status --watch, or -o json of any list')
    }
    this.#terminal = terminal
    const timer = setInterval(() => void this.#refresh(), everyMs)
    try {
      this.#draw()
      await this.#ended.promise
    } finally {
      clearInterval(timer)
      terminal.close()
    }
  }

  #draw(): void {
    if (this.#terminal === undefined) return
    this.#terminal.draw(frame(this.#io, this.#state, this.#data, this.#terminal.size))
  }

  #press(key: string): void {
    const { state, order } = press(this.#state, key, rowsOf(this.#data, this.#state.view))
    this.#state = state
    this.#draw()
    if (order !== undefined) void this.#obey(order)
  }

  async #obey(order: Order): Promise<void> {
    if (order.kind === 'quit') return this.#ended.resolve()
    await this.#safely(async () => {
      if ('view' in order) {
        const page = await readPage(this.#client, this.#data, order)
        this.#state = { ...this.#state, page: { ...page, top: 0 } }
      } else {
        const message = await carryOut(this.#client, order)
        this.#data = await readData(this.#client)
        this.#state = { ...this.#state, message }
      }
    })
  }

  async #refresh(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    await this.#safely(async () => {
      this.#data = await readData(this.#client)
    })
    this.#isReading = false
  }

  /** What the daemon refuses is said at the bottom; anything else ends the program. */
  async #safely(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!(error instanceof CliError)) return this.#ended.reject(error)
      this.#state = { ...this.#state, message: `${error.message}; ${error.hint}` }
    }
    this.#draw()
  }
}
