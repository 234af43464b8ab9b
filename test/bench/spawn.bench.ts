// Where a start should happen. The same burst of `/bin/true` is started from C, from the daemon's
// loop, from a worker thread, from a helper process and through the executor; each time the loop is
// watched. Rates are ratios to C in the same run.

import { build } from 'esbuild'
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { LocalExecutor } from '../../src/adapters/executor/executor.ts'
import type { Launch } from '../../src/core/effect.ts'
import { attemptId, executionId, jobName } from '../../src/core/ids.ts'

const rounds = 10
const self = fileURLToPath(import.meta.url)

const cSource = `
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
int main(int argc, char **argv) {
  int n = atoi(argv[1]), running = 0;
  char *args[] = {"/bin/true", 0}, *env[] = {0};
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (int i = 0; i < n; i++) {
    pid_t pid;
    if (posix_spawn(&pid, args[0], 0, 0, args, env)) return 1;
    if (++running == 4) { wait(0); running--; }
  }
  while (running-- > 0) wait(0);
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%f", n / ((b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9));
}`

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
    { dir, helperUrl: pathToFileURL(helper) },
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
  return { attempt, execution, job, slot: '0', run, env: {}, plannedMs: dueMs }
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

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const range = (values: readonly number[], digits: number): string =>
  [median(values), Math.min(...values), Math.max(...values)]
    .map((value) => value.toFixed(digits))
    .join(' / ')

function compileC(dir: string): ((burst: number) => number) | undefined {
  const source = join(dir, 'spawn.c')
  const program = join(dir, 'spawn')
  writeFileSync(source, cSource)
  if (spawnSync('cc', ['-O2', '-o', program, source]).status !== 0) return undefined
  return (burst) => Number(spawnSync(program, [String(burst)], { encoding: 'utf8' }).stdout)
}

async function compare(dir: string, title: string, burst: number): Promise<void> {
  const inC = compileC(dir)
  const starters = [onLoop(), inThread(), inProcess(), await throughExecutor(join(dir, 'executor'))]
  const rates: number[] = []
  const samples = starters.map((): Sample[] => [])
  for (let round = 0; round <= rounds; round += 1) {
    const cRate = inC?.(burst) ?? Number.NaN
    if (round > 0) rates.push(cRate)
    for (const [i, starter] of starters.entries()) {
      const sample = await measure(starter, burst)
      // The first round warms up.
      if (round > 0) samples[i]!.push(sample)
    }
  }
  const base = median(rates)
  console.log(`\n${title}: ${burst} starts, ${rounds} rounds, median / min / max`)
  console.log(`C posix_spawn, 4 at once: ${range(rates, 0)} per s`)
  for (const [i, { name, close }] of starters.entries()) {
    const own = samples[i]!
    const rate = own.map((sample) => sample.rate)
    console.log(
      [
        `${name}: ${range(rate, 0)} per s`,
        `${(median(rate) / base).toFixed(2)} of C`,
        `block p50 ${range(
          own.map(({ blockP50 }) => blockP50),
          3,
        )} ms`,
        `p99 ${range(
          own.map(({ blockP99 }) => blockP99),
          2,
        )} ms`,
        `max ${range(
          own.map(({ blockMax }) => blockMax),
          1,
        )} ms`,
      ].join(' · '),
    )
    await close()
  }
}

/** From the launch to the report of the start, one at a time. */
async function compareLatency(dir: string): Promise<void> {
  const helperUrl = pathToFileURL(await bundleHelper(dir))
  const executor = new LocalExecutor({ env: process.env }, { dir, helperUrl })
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
  const text = (all: readonly number[]): string => {
    const sorted = [...all].sort((a, b) => a - b)
    return `p50 ${median(all).toFixed(2)} ms, p99 ${sorted[Math.floor(all.length * 0.99)]?.toFixed(2)} ms`
  }
  console.log(`\nfrom the call to the running child: on the loop ${text(direct)}`)
  const ratio = (median(through) / median(direct)).toFixed(2)
  console.log(`LocalExecutor ${text(through)}, ratio ${ratio}`)
}

async function main(): Promise<void> {
  const load = loadavg()[0]?.toFixed(2)
  console.log(`Node ${process.versions.node} · ${process.platform} ${process.arch} · load ${load}`)
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-bench-'))
  try {
    await compare(dir, 'small daemon', 500)
    await compareLatency(join(dir, 'latency'))
    const ballast = Buffer.alloc(1_073_741_824, 1)
    await compare(dir, `+${ballast.length / 1_048_576} MiB resident`, 40)
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
