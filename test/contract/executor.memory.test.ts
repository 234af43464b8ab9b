import { type Behaviour, MemoryExecutor } from '../../src/adapters/memory/executor.ts'
import type { AttemptId } from '../../src/core/ids.ts'
import { type Act, executorContract } from './executor.contract.ts'
import { launchOf, Recorder } from './executor-recorder.ts'

function behaviourOf(act: Act): Behaviour {
  const { prints, floods, exits, ignoresTerm, cannotStart, takesBytes, says } = act
  return {
    durationMs: exits === undefined ? null : 1,
    exit: exits ?? 0,
    ignoresTerm: ignoresTerm ?? false,
    output: [prints ?? '', floods ?? 0],
    memoryBytes: takesBytes ?? 0,
    ...(says === undefined ? {} : { result: says }),
    ...(cannotStart === true ? { cannotStart: 'no such command' } : {}),
  }
}

/** Timeouts of answered questions keep no process alive. */
function schedule(run: () => void, delayMs: number): void {
  const timer = setTimeout(run, delayMs)
  if (delayMs > 5_000) timer.unref()
}

executorContract('memory', () => {
  const acts = new Map<AttemptId, Behaviour>()
  const executor = new MemoryExecutor(
    { nowMs: () => performance.now(), schedule },
    { behaviourOf: (launch) => acts.get(launch.attempt)! },
  )
  return {
    executor,
    launchOf: (name, act) => {
      const launch = launchOf(name, { kind: 'exec', argv: [name] })
      acts.set(launch.attempt, behaviourOf(act))
      return launch
    },
    afterCrash: async (launches) => {
      const recorder = new Recorder()
      await executor.start(recorder.report)
      for (const launch of launches) executor.launch(launch)
      for (const { attempt } of launches) await recorder.started(attempt)
      executor.crash()
      return executor
    },
    isRunning: ({ attempt }) =>
      executor.truth.some(({ launch, endMs }) => launch.attempt === attempt && endMs === undefined),
  }
})
