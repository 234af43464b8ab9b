// The contract of the executor port, for every implementation.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Launch } from '../../src/core/effect.ts'
import { type AttemptId, attemptId, executionId } from '../../src/core/ids.ts'
import { limits } from '../../src/core/limits.ts'
import type { Executor } from '../../src/ports/executor.ts'
import { readAll, Recorder } from './executor-recorder.ts'

/** What a launch does; each implementation has its own way to make it do so. */
export interface Act {
  readonly prints?: string
  /** Bytes printed after `prints`. */
  readonly floods?: number
  /** Exit status; undefined: it runs until it is stopped. */
  readonly exits?: number
  readonly ignoresTerm?: boolean
  readonly cannotStart?: boolean
  /** Memory that it takes at the start. */
  readonly takesBytes?: number
  /** What it says as its result. */
  readonly says?: string
}

export interface ExecutorHarness {
  /** Not started yet. */
  readonly executor: Executor
  launchOf(name: string, act: Act): Launch
  /**
   * Starts these on a node that then dies as by `kill -9`, and nothing else of the machine with it;
   * the executor of the node that comes back, not started yet.
   */
  afterCrash(launches: readonly Launch[]): Promise<Executor>
  isRunning(launch: Launch): boolean
}

type Started = ExecutorHarness & { readonly recorder: Recorder }

/** Runs the suite against what `open` makes. */
export function executorContract(name: string, open: (t: TestContext) => ExecutorHarness): void {
  const rule = (title: string, run: (harness: Started) => Promise<void>): void => {
    test(`executor ${name}: ${title}`, async (t) => {
      const harness = open(t)
      const recorder = new Recorder()
      t.after(() => harness.executor.close())
      await harness.executor.start(recorder.report)
      await run({ ...harness, recorder })
    })
  }
  endingRules(rule)
  stopRules(rule)
  outputRules(rule)
  resultRules(rule)
  boundRules(rule)
  lifeRules(rule)
  test(`executor ${name}: a crash leaves nothing running and nothing unreported`, async (t) => {
    const harness = open(t)
    const launches = [
      harness.launchOf('first', {}),
      harness.launchOf('second', { ignoresTerm: true }),
    ]
    const executor = await harness.afterCrash(launches)
    t.after(() => executor.close())
    const recorder = new Recorder()
    const attempts = await executor.start(recorder.report)
    assert.deepEqual([...attempts].sort(), launches.map(({ attempt }) => attempt).sort())
    for (const launch of launches) assert.equal(harness.isRunning(launch), false, launch.attempt)
    const next = harness.launchOf('next', { exits: 0 })
    executor.launch(next)
    await recorder.ended(next.attempt)
    assert.deepEqual(
      recorder.reports.map(({ attempt }) => attempt),
      [next.attempt, next.attempt],
    )
  })
}

type Rule = (title: string, run: (harness: Started) => Promise<void>) => void

function endingRules(rule: Rule): void {
  rule('an attempt starts, then ends with its exit status', async (harness) => {
    for (const exits of [0, 3, 255]) {
      const launch = harness.launchOf(`exits${exits}`, { exits })
      harness.executor.launch(launch)
      const ended = await harness.recorder.ended(launch.attempt)
      assert.equal(ended.reason, 'exit')
      assert.equal(ended.exit, exits)
      const kinds = harness.recorder.of(launch.attempt).map(({ kind }) => kind)
      assert.deepEqual(kinds, ['started', 'ended'])
    }
  })

  rule(
    'what cannot start ends without having started',
    async ({ executor, recorder, launchOf }) => {
      const launch = launchOf('missing', { cannotStart: true })
      executor.launch(launch)
      const ended = await recorder.ended(launch.attempt)
      assert.equal(ended.reason, 'spawn')
      assert.equal(ended.exit, null)
      assert.notEqual(ended.detail, '')
      assert.equal(recorder.of(launch.attempt).length, 1)
    },
  )

  rule('of a burst every attempt ends exactly once', async ({ executor, recorder, launchOf }) => {
    const launches = Array.from({ length: 100 }, (_, i) => launchOf(`burst${i}`, { exits: i % 3 }))
    for (const launch of launches) executor.launch(launch)
    for (const [i, { attempt }] of launches.entries()) {
      assert.equal((await recorder.ended(attempt)).exit, i % 3, attempt)
    }
    assert.equal(recorder.reports.length, 2 * launches.length)
  })

  rule('an attempt that runs is not started again', async ({ executor, recorder, launchOf }) => {
    const launch = launchOf('twice', {})
    executor.launch(launch)
    executor.launch(launch)
    await recorder.started(launch.attempt)
    executor.stop(launch.attempt, 10_000)
    await recorder.ended(launch.attempt)
    assert.equal(recorder.of(launch.attempt).length, 2)
  })
}

function stopRules(rule: Rule): void {
  rule('a stop ends an attempt by TERM', async ({ executor, recorder, launchOf }) => {
    const launch = launchOf('stopped', {})
    executor.launch(launch)
    await recorder.started(launch.attempt)
    executor.stop(launch.attempt, 60_000)
    const { reason, exit, detail } = await recorder.ended(launch.attempt)
    assert.deepEqual({ reason, exit, detail }, { reason: 'signal', exit: null, detail: 'SIGTERM' })
  })

  rule('what ignores TERM is killed', async ({ executor, recorder, launchOf, isRunning }) => {
    const launch = launchOf('stubborn', { ignoresTerm: true, prints: 'ready' })
    executor.launch(launch)
    await executor.readOutput(launch.attempt, 0, 100, 30_000)
    executor.stop(launch.attempt, 200)
    const { reason, detail } = await recorder.ended(launch.attempt)
    assert.deepEqual({ reason, detail }, { reason: 'signal', detail: 'SIGKILL' })
    assert.equal(isRunning(launch), false)
  })

  rule('a stop right after the launch is not lost', async ({ executor, recorder, launchOf }) => {
    const launch = launchOf('atonce', {})
    executor.launch(launch)
    executor.stop(launch.attempt, 1_000)
    const { exit } = await recorder.ended(launch.attempt)
    assert.equal(exit, null)
  })

  rule('a stop of what does not run is ignored', async ({ executor, recorder, launchOf }) => {
    const launch = launchOf('over', { exits: 0 })
    executor.launch(launch)
    await recorder.ended(launch.attempt)
    executor.stop(launch.attempt, 0)
    executor.stop(attemptId(executionId('never@1'), '0', 1), 0)
    const last = launchOf('last', { exits: 0 })
    executor.launch(last)
    await recorder.ended(last.attempt)
    assert.equal(recorder.of(launch.attempt).length, 2)
  })
}

function outputRules(rule: Rule): void {
  const page = async (executor: Executor, attempt: AttemptId, offset: number, most = 65_536) => {
    const found = await executor.readOutput(attempt, offset, most, 0)
    assert.ok(found !== undefined)
    return { ...found, bytes: Buffer.from(found.bytes).toString('latin1') }
  }

  rule('output is read by offset', async ({ executor, recorder, launchOf }) => {
    const { attempt, ...rest } = launchOf('prints', { prints: 'one two', exits: 0 })
    executor.launch({ attempt, ...rest })
    const ended = await recorder.ended(attempt)
    assert.deepEqual([ended.outputBytes, ended.outputDropped], [7, 0])
    const whole = { total: 7, dropped: 0, ended: true }
    assert.deepEqual(await page(executor, attempt, 0), { offset: 0, bytes: 'one two', ...whole })
    assert.deepEqual(await page(executor, attempt, 4), { offset: 4, bytes: 'two', ...whole })
    assert.deepEqual(await page(executor, attempt, 2, 3), { offset: 2, bytes: 'e t', ...whole })
    assert.deepEqual(await page(executor, attempt, 99), { offset: 7, bytes: '', ...whole })
  })

  rule(
    'an attempt that printed nothing has an empty output, an unknown one has none',
    async (h) => {
      const launch = h.launchOf('silent', { exits: 0 })
      h.executor.launch(launch)
      await h.recorder.ended(launch.attempt)
      const empty = { offset: 0, bytes: '', total: 0, dropped: 0, ended: true }
      assert.deepEqual(await page(h.executor, launch.attempt, 0), empty)
      const unknown = attemptId(executionId('never@1'), '0', 1)
      assert.equal(await h.executor.readOutput(unknown, 0, 10, 10_000), undefined)
    },
  )

  rule('a reader waits for what comes next', async ({ executor, recorder, launchOf }) => {
    const { attempt, ...rest } = launchOf('live', { prints: 'hello' })
    executor.launch({ attempt, ...rest })
    const first = await executor.readOutput(attempt, 0, 100, 30_000)
    assert.equal(Buffer.from(first?.bytes ?? []).toString(), 'hello')
    assert.equal(first?.ended, false)
    const waiting = executor.readOutput(attempt, 5, 100, 30_000)
    executor.stop(attempt, 10_000)
    assert.equal((await waiting)?.ended, true)
    await recorder.ended(attempt)
  })

  rule('of a long output head and tail are kept', async ({ executor, recorder, launchOf }) => {
    const floods = 10_000_000
    const { attempt, ...rest } = launchOf('long', { prints: 'begin', floods, exits: 0 })
    executor.launch({ attempt, ...rest })
    const ended = await recorder.ended(attempt)
    const total = floods + 5
    const dropped = total - limits.outputHeadBytes - limits.outputTailBytes
    assert.deepEqual([ended.outputBytes, ended.outputDropped], [total, dropped])
    const text = await readAll(executor, attempt)
    assert.equal(text.length, total - dropped)
    assert.ok(text.startsWith('beginx') && text.endsWith('x'))
    const head = await page(executor, attempt, limits.outputHeadBytes - 10, 1_000)
    assert.equal(head.bytes.length, 10)
    const tail = await page(executor, attempt, limits.outputHeadBytes, 1_000)
    assert.equal(tail.offset, total - limits.outputTailBytes)
    assert.equal(tail.bytes.length, 1_000)
  })
}

function resultRules(rule: Rule): void {
  const cases: readonly (readonly [what: string, act: Act, result: string | undefined])[] = [
    ['its own word', { prints: 'one\ntwo\n', says: '{"rows":3}' }, '{"rows":3}'],
    ['else its last line', { prints: 'one\ntwo\n\n' }, 'two'],
    ['also one without an end', { prints: 'one\ntwo' }, 'two'],
    ['nothing when it said nothing', {}, undefined],
    ['nothing when the last line is too long', { prints: 'one\n', floods: 5_000 }, undefined],
  ]
  for (const [i, [what, act, result]] of cases.entries()) {
    rule(`the result of an attempt: ${what}`, async ({ executor, recorder, launchOf }) => {
      const launch = launchOf(`result${i}`, { ...act, exits: 0 })
      executor.launch(launch)
      const ended = await recorder.ended(launch.attempt)
      const text = ended.result === undefined ? undefined : Buffer.from(ended.result).toString()
      assert.equal(text, result)
    })
  }
}

function boundRules(rule: Rule): void {
  const bound = (launch: Launch, bounds: Partial<Launch['bounds']>): Launch => ({
    ...launch,
    bounds: { ...launch.bounds, ...bounds },
  })

  rule('an attempt that prints too much is killed', async (harness) => {
    const { executor, recorder, launchOf } = harness
    const launch = bound(launchOf('loud', { floods: 100_000 }), { outputMaxBytes: 50_000 })
    executor.launch(launch)
    const { reason, exit, detail } = await recorder.ended(launch.attempt)
    assert.deepEqual({ reason, exit }, { reason: 'output-limit', exit: null })
    assert.notEqual(detail, '')
    assert.equal(harness.isRunning(launch), false)
  })

  rule('an attempt that prints just enough is left alone', async (harness) => {
    const launch = bound(harness.launchOf('even', { floods: 50_000, exits: 0 }), {
      outputMaxBytes: 50_000,
    })
    harness.executor.launch(launch)
    const { reason, exit, warning } = await harness.recorder.ended(launch.attempt)
    assert.deepEqual({ reason, exit, warning }, { reason: 'exit', exit: 0, warning: undefined })
  })

  rule('an attempt may print more than its limit where that only warns', async (harness) => {
    const launch = bound(harness.launchOf('warned', { floods: 100_000, exits: 0 }), {
      outputMaxBytes: 50_000,
      onOutputMax: 'warn',
    })
    harness.executor.launch(launch)
    const { reason, exit, warning } = await harness.recorder.ended(launch.attempt)
    assert.deepEqual({ reason, exit }, { reason: 'exit', exit: 0 })
    assert.match(warning ?? '', /^output-limit/)
  })

  rule('an attempt that takes too much memory is killed', async (harness) => {
    const launch = bound(harness.launchOf('hungry', { takesBytes: 100_000_000 }), {
      memoryMaxBytes: 50_000_000,
    })
    harness.executor.launch(launch)
    assert.equal((await harness.recorder.ended(launch.attempt)).reason, 'memory-limit')
    assert.equal(harness.isRunning(launch), false)
  })

  rule('an attempt within its memory is left alone', async ({ executor, recorder, ...h }) => {
    const launch = bound(h.launchOf('frugal', { prints: 'x', exits: 0 }), {
      memoryMaxBytes: 50_000_000,
    })
    executor.launch(launch)
    assert.equal((await recorder.ended(launch.attempt)).exit, 0)
  })
}

function lifeRules(rule: Rule): void {
  rule('close kills what runs and reports it', async ({ executor, recorder, launchOf, ...h }) => {
    const launches = [launchOf('a', {}), launchOf('b', { ignoresTerm: true }), launchOf('c', {})]
    for (const launch of launches.slice(0, 2)) {
      executor.launch(launch)
      await recorder.started(launch.attempt)
    }
    executor.launch(launches[2]!)
    await Promise.all([executor.close(), executor.close()])
    for (const launch of launches) {
      const ends = recorder.of(launch.attempt).filter(({ kind }) => kind === 'ended')
      assert.equal(ends.length, 1, launch.attempt)
      assert.equal(h.isRunning(launch), false, launch.attempt)
    }
  })

  rule('after close nothing starts', async ({ executor, recorder, launchOf }) => {
    await executor.close()
    const launch = launchOf('late', { exits: 0 })
    executor.launch(launch)
    assert.equal((await recorder.ended(launch.attempt)).reason, 'spawn')
    assert.equal(recorder.of(launch.attempt).length, 1)
    executor.stop(launch.attempt, 0)
  })
}
