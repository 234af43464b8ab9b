import { openPolicy } from '../../src/core/trust/policy.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalExecutor } from '../../src/adapters/executor/executor.ts'
import { findRunning, killOwner, startOwner } from '../integration/executor/owner-process.ts'
import { type Act, executorContract } from './executor.contract.ts'
import { launchOf } from './executor-recorder.ts'

function scriptOf({ prints, floods, exits, ignoresTerm, takesBytes, says }: Act): string {
  return [
    ignoresTerm === true ? "trap '' TERM" : ':',
    prints === undefined ? ':' : `printf %s '${prints}'`,
    floods === undefined ? ':' : `head -c ${floods} /dev/zero | tr '\\0' x`,
    says === undefined ? ':' : `printf %s '${says}' > "$MESHCRON_RESULT_FILE"`,
    // A line without an end is held whole.
    takesBytes === undefined ? ':' : `{ head -c ${takesBytes} /dev/zero; sleep 1000; } | tail -n 1`,
    exits === undefined ? 'sleep 1000' : `exit ${exits}`,
  ].join('\n')
}

executorContract('process', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-executor-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const executor = new LocalExecutor({ env: process.env }, { dir, policy: openPolicy })
  return {
    executor,
    launchOf: (name, act) =>
      act.cannotStart === true
        ? launchOf(name, { kind: 'exec', argv: ['/nowhere/nothing'] })
        : launchOf(name, { kind: 'shell', script: scriptOf(act) }),
    afterCrash: async (launches) => {
      const owner = await startOwner(dir, launches)
      // Its helper too: with the machine short of memory both may go at once.
      await killOwner(owner, 'with helper')
      return executor
    },
    isRunning: ({ attempt }) => findRunning(attempt).length > 0,
  }
})
