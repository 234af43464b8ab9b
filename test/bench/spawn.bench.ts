// Where a start should happen. The same burst of `/bin/true` is started from C, from the daemon's
// loop, from a worker thread, from a helper process and through the executor; each time the loop is
// watched. Rates are ratios to C in the same run.

import { openPolicy } from '../../src/core/trust/policy.ts'
import { build } from 'esbuild'
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { LocalExecutor } from '../../src/adapters/executor/executor.ts'
import type { Launch } from '../../src/core/effect.ts'
import { attemptId, executionId, jobName } from '../../src/core/ids.ts'
import { compile } from './native.ts'
import { quantile, Report } from './report.ts'

const rounds = 3
const self = fileURLToPath(import.meta.url)

interface Starter {
  readonly name: string
  /** Starts the burst and resolves when all of it has ended. */
  readonly run: (burst: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Blocks of the loop in ms, while a burst ran. */
interface Sample {
  readonly rate: number
  readonly blockP50: number
  readonly blockP99: number
  readonly blockMax: number
}

async function startBurst(count: number): Promise<void> {
  const ends: Promise<unknown>[] = []
  for (let i = 0; i < count; i += 1) {
    ends.push(once(spawn('/bin/true', [], { env: {}, stdio: 'ignore', detached: true }), 'exit'))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(ends)
}

function onLoop(): Starter {
  return { name: 'on the loop', run: startBurst, close: async () => {} }
}

function inThread(): Starter {
  const worker = new Worker(new URL(import.meta.url), { workerData: 'starter', execArgv: [] })
  const run = async (burst: number): Promise<void> => {
    worker.postMessage(burst, [])
    await once(worker, 'message')
  }
  return { name: 'worker thread', run, close: async () => void (await worker.terminate()) }
}

function inProcess(): Starter {
  const helper: ChildProcess = fork(self, ['starter'])
  const run = async (burst: number): Promise<void> => {
    helper.send(burst)
    await once(helper, 'message')
  }
  const close = async (): Promise<void> => {
    helper.disconnect()
    await once(helper, 'exit')
  }
  return { name: 'helper process', run, close }
}

async function throughExecutor(dir: string): Promise<Starter> {
  let waiting = 0
  let done = (): void => {}
  let count = 0
  const helper = await bundleHelper(dir)
  const executor = new LocalExecutor(
    { env: process.env },
    { dir, helperUrl: pathToFileURL(helper), policy: openPolicy },
  )
  await executor.start(({ kind }) => {
    if (kind === 'ended' && (waiting -= 1) === 0) done()
  })
  const run = async (burst: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    done = resolve
    waiting = burst
    for (let i = 0; i < burst; i += 1) executor.launch(launchOf((count += 1)))
    await promise
  }
  return { name: 'LocalExecutor', run, close: () => executor.close() }
}

/** As it is published: run from source it would carry the TypeScript stripper, 26 MB to copy. */
async function bundleHelper(dir: string): Promise<string> {
  const source = new URL('../../src/adapters/executor/executor-process.ts', import.meta.url)
  const outfile = join(dir, 'executor-process.mjs')
  const entryPoints = [fileURLToPath(source)]
  await build({ entryPoints, outfile, bundle: true, minify: true, format: 'esm', platform: 'node' })
  return outfile
}

function launchOf(dueMs: number): Launch {
  const job = jobName('bench')
  const execution = executionId(`bench@${dueMs}`)
  const run = { kind: 'exec', argv: ['/bin/true'] } as const
  const attempt = attemptId(execution, '0', 1)
  const bounds = { outputMaxBytes: null, onOutputMax: 'kill', memoryMaxBytes: null } as const
  return { attempt, execution, job, slot: '0', run, env: {}, plannedMs: dueMs, bounds }
}

/** A timer of one millisecond: how late it comes is how long the loop was blocked. */
async function measure(starter: Starter, burst: number): Promise<Sample> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const startMs = performance.now()
  await starter.run(burst)
  const rate = (burst / (performance.now() - startMs)) * 1_000
  delay.disable()
  const at = (percent: number): number => Math.max(0, delay.percentile(percent) / 1e6 - 1)
  return { rate, blockP50: at(50), blockP99: at(99), blockMax: at(100) }
}

async function compare(report: Report, dir: string, title: string, burst: number): Promise<void> {
  const inC = compile('spawn-rate', dir)
  const starters = [onLoop(), inThread(), inProcess(), await throughExecutor(join(dir, 'executor'))]
  const rates: number[] = []
  const samples = starters.map((): Sample[] => [])
  for (let round = 0; round <= rounds; round += 1) {
    const rate = Number(spawnSync(inC, [String(burst)], { encoding: 'utf8' }).stdout)
    if (round > 0) rates.push(rate)
    for (const [i, starter] of starters.entries()) {
      const sample = await measure(starter, burst)
      // The first round warms up.
      if (round > 0) samples[i]!.push(sample)
    }
  }
  for (const [i, { name, close }] of starters.entries()) {
    tell(report, `${title}, ${name}`, samples[i]!, rates)
    await close()
  }
}

function tell(report: Report, what: string, samples: readonly Sample[], rates: number[]): void {
  const isOurs = what.endsWith('LocalExecutor')
  const unit = 'ms'
  report.add({
    what: `${what}: rate`,
    unit: 'per s',
    values: samples.map(({ rate }) => rate),
    against: { what: 'C posix_spawn', values: rates },
  })
  const blocks = {
    p50: samples.map(({ blockP50 }) => blockP50),
    p99: samples.map(({ blockP99 }) => blockP99),
    max: samples.map(({ blockMax }) => blockMax),
  }
  for (const [name, values] of Object.entries(blocks)) {
    const aims = isOurs && name === 'p99' ? { aim: { of: 'figure', most: 5 } as const } : {}
    report.add({ what: `${what}: loop blocked, ${name}`, unit, values, ...aims })
  }
}

/** From the launch to the report of the start, one at a time. */
async function compareLatency(report: Report, dir: string): Promise<void> {
  const helperUrl = pathToFileURL(await bundleHelper(dir))
  const executor = new LocalExecutor({ env: process.env }, { dir, helperUrl, policy: openPolicy })
  let heard = (_kind: string): void => {}
  await executor.start(({ kind }) => heard(kind))
  const direct: number[] = []
  const through: number[] = []
  for (let i = 0; i < 200; i += 1) {
    const startMs = performance.now()
    const child = spawn('/bin/true', [], { env: {}, stdio: 'ignore', detached: true })
    await once(child, 'spawn')
    direct.push(performance.now() - startMs)
    await once(child, 'exit')
    const launchMs = performance.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    heard = (kind) => {
      if (kind === 'started') through.push(performance.now() - launchMs)
      else resolve()
    }
    executor.launch(launchOf(i))
    await promise
  }
  await executor.close()
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    report.add({
      what: `from the launch to the report of the start, ${name}`,
      unit: 'ms',
      values: [quantile(through, share)],
      against: { what: 'spawn on the loop', values: [quantile(direct, share)] },
    })
  }
}

async function main(): Promise<void> {
  const report = new Report('Starting processes')
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-bench-'))
  try {
    await compare(report, dir, 'small daemon', 500)
    await compareLatency(report, join(dir, 'latency'))
    const ballast = Buffer.alloc(1_073_741_824, 1)
    await compare(report, dir, `+${ballast.length / 1_048_576} MiB resident`, 40)
    report.note('Bursts of 500, and of 40 where the process holds 1 GiB.')
    report.end()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (!isMainThread && workerData === 'starter') {
  parentPort?.on('message', (count: number) => {
    void startBurst(count).then(() => parentPort?.postMessage('done', []))
  })
} else if (process.argv[2] === 'starter') {
  process.on('message', (count: number) => {
    void startBurst(count).then(() => process.send?.('done'))
  })
} else {
  await main()
}
