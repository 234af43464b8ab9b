// The executor's own process: starting a process, reading 1 GB of output and waiting for DNS happen
// here, so that the daemon's loop hears its heartbeats. Node forks to start a process, which takes
// 45 ms per GB of its memory and holds up every thread that shares it; this one stays small.
//
// Loaded as the program of such a process it serves; loaded by anything else it does nothing. An
// error that nobody expected ends the process, and the daemon's side starts another.

import { Launcher } from './launcher.ts'
import { type Answer, executorRole, type Request } from './protocol.ts'

if (isExecutorHelper()) serve()

/** Whether this process was started to be an executor's helper; for the entry file of a bundle. */
export function isExecutorHelper(): boolean {
  return process.argv[2] === executorRole && process.send !== undefined
}

function serve(): void {
  let launcher: Launcher | undefined
  process.title = executorRole
  // Who stops a service signals all of it; the daemon decides what ends when.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('message', (request: Request) => {
    if (request.kind === 'start') {
      launcher = new Launcher({ report: (report) => answer({ kind: 'report', report }) }, request)
      void launcher.start().then((attempts) => answer({ kind: 'started', attempts }))
    } else if (launcher !== undefined) obey(launcher, request)
  })
  // The daemon is gone. What it started may be taken over elsewhere by now, so it ends here; its next
  // start still learns of it.
  process.on('disconnect', () => {
    launcher?.abandon()
    process.exit()
  })
}

function obey(launcher: Launcher, request: Exclude<Request, { kind: 'start' }>): void {
  switch (request.kind) {
    case 'rules':
      return launcher.setRules(request.rules)
    case 'launch':
      return launcher.launch(request.launch)
    case 'stop':
      return launcher.stop(request.attempt, request.killAfterMs)
    case 'read':
      return void read(launcher, request).then(answer)
    case 'close':
      return void launcher.close().then(() => answer({ kind: 'closed' }))
  }
}

async function read(
  { outputs }: Launcher,
  { id, attempt, offset, bytesMax, waitMs }: Extract<Request, { kind: 'read' }>,
): Promise<Answer> {
  return { kind: 'page', id, page: await outputs.read(attempt, offset, bytesMax, waitMs) }
}

/** A channel that has just closed is noticed by `disconnect`. */
function answer(message: Answer): void {
  process.send?.(message, undefined, undefined, () => {})
}
