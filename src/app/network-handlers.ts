import type { Report } from '../core/report.ts'
import type { Executor } from '../ports/executor.ts'
import type { NetworkHandlers } from '../ports/network.ts'
import type { Driver } from './driver.ts'
import { serveOutput } from './use-cases.ts'

/** Brings what peers send to the loop; output is answered beside it. */
export function networkHandlers(
  driver: Driver,
  executor: Executor,
  onReport: (report: Report) => void,
): NetworkHandlers {
  const output = serveOutput(executor)
  return {
    link: (peer, up) => void driver.push({ kind: 'link', peer, up }),
    message: (from, channel, bytes) => void driver.push({ kind: 'message', from, channel, bytes }),
    gossip: (from, topic, bytes) => driver.judge(from, topic, bytes),
    request: (from, protocol, bytes) =>
      protocol === 'out' ? output(bytes) : driver.answer(from, protocol, bytes),
    refused: (from, what, reason) => onReport({ kind: 'refused', from, what, reason }),
  }
}
