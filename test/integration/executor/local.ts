import { openPolicy } from '../../../src/core/trust/policy.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { LocalExecutor, type LocalExecutorInit } from '../../../src/adapters/executor/executor.ts'
import type { Launch } from '../../../src/core/effect.ts'
import type { Run } from '../../../src/core/jobs/definition.ts'
import { type Ended, launchOf, readAll, Recorder } from '../../contract/executor-recorder.ts'

/** A directory that goes with the test. */
export function directoryOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-executor-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A started executor with what a test asks of it. */
export class Local {
  readonly recorder: Recorder = new Recorder()
  readonly executor: LocalExecutor
  readonly dir: string
  #count = 0

  constructor(executor: LocalExecutor, dir: string) {
    this.executor = executor
    this.dir = dir
  }

  static async start(
    t: TestContext,
    init: Partial<LocalExecutorInit> & {
      readonly env?: NodeJS.ProcessEnv
      /** Private targets that the owner allows. */
      readonly httpAllow?: readonly string[]
    } = {},
  ): Promise<Local> {
    const { env = process.env, httpAllow = [], ...rest } = init
    const policy = { ...openPolicy, http: { methods: [], allow: httpAllow } }
    const dir = init.dir ?? directoryOf(t)
    const local = new Local(new LocalExecutor({ env }, { policy, ...rest, dir }), dir)
    t.after(() => local.executor.close())
    await local.executor.start(local.recorder.report)
    return local
  }

  launch(run: Run, env: Readonly<Record<string, string>> = {}): Launch {
    this.#count += 1
    // test files run at the same time, and some look for processes by this name
    const launch = launchOf(`job${this.#count}-${process.pid}`, run, env)
    this.executor.launch(launch)
    return launch
  }

  shell(script: string, env: Readonly<Record<string, string>> = {}): Launch {
    return this.launch({ kind: 'shell', script }, env)
  }

  async end(launch: Launch): Promise<Ended> {
    return this.recorder.ended(launch.attempt)
  }

  async output(launch: Launch): Promise<string> {
    return readAll(this.executor, launch.attempt)
  }

  /** Waits until the attempt has printed a whole line, and answers with it. */
  async line(launch: Launch): Promise<string> {
    for (let text = ''; ;) {
      const page = await this.executor.readOutput(launch.attempt, text.length, 1_000, 10_000)
      if (page === undefined || page.bytes.length === 0) throw new Error(`no line after '${text}'`)
      text += Buffer.from(page.bytes).toString()
      if (text.includes('\n')) return text.slice(0, text.indexOf('\n'))
    }
  }
}
