// The executor's own thread: starting a process, reading 1 GB of output and waiting for DNS happen
// here, so that the daemon's loop hears its heartbeats. Loaded by a worker that was started for it,
// it serves; loaded by anything else, it does nothing. An error that nobody expected ends this thread,
// and the daemon's side starts another.

import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Launcher } from './launcher.ts'
import { type Answer, executorRole, type Request, type WorkerInit } from './protocol.ts'

if (isExecutorWorker() && parentPort !== null) serve(parentPort, workerData as WorkerInit)

/** Whether this thread was started to be an executor's worker; for the entry file of a bundle. */
export function isExecutorWorker(): boolean {
  return !isMainThread && (workerData as Partial<WorkerInit> | null)?.role === executorRole
}

function serve(port: MessagePort, init: WorkerInit): void {
  const answer = (message: Answer): void => port.postMessage(message)
  const launcher = new Launcher({ report: (report) => answer({ kind: 'report', report }) }, init)
  port.on('message', (request: Request) => {
    switch (request.kind) {
      case 'start':
        return void launcher.start().then((attempts) => answer({ kind: 'started', attempts }))
      case 'launch':
        return launcher.launch(request.launch)
      case 'stop':
        return launcher.stop(request.attempt, request.killAfterMs)
      case 'read':
        return void read(launcher, request).then(answer)
      case 'close':
        return void launcher.close().then(() => answer({ kind: 'closed' }))
    }
  })
}

async function read(
  { outputs }: Launcher,
  { id, attempt, offset, bytesMax, waitMs }: Extract<Request, { kind: 'read' }>,
): Promise<Answer> {
  return { kind: 'page', id, page: await outputs.read(attempt, offset, bytesMax, waitMs) }
}
