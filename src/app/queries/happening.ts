import type { Happening } from '../../adapters/http/schema.ts'
import type { Node } from '../../core/node.ts'
import type { Report } from '../../core/report.ts'
import { toItem } from './execution-item.ts'
import { toInstant } from './scene.ts'

/** What watchers are told of a report; undefined for what only a log should hold. */
export function toHappening(node: Node, report: Report): Happening | undefined {
  switch (report.kind) {
    case 'execution': {
      const { record, duplicate } = report
      return { type: 'execution', execution: toItem(node, { record, duplicate }) }
    }
    case 'jobChanged':
      return { type: 'job', job: report.job, change: report.change }
    case 'conflict':
    case 'graphConflict':
      return { type: 'job', job: report.job, change: 'conflict' }
    case 'calendarChanged':
      return { type: 'calendar', calendar: report.calendar, change: report.change }
    case 'memberChanged':
      return { type: 'member', member: report.member, name: report.name, state: report.state }
    case 'ready':
      return about('ready', `candidate from ${toInstant(report.eligibleFromMs)}`)
    case 'refuted':
      return about('refuted', `incarnation ${report.incarnation}`)
    case 'isolated':
      return about('isolated', report.isolated ? 'cut off from the fleet' : 'back in the fleet')
    case 'duplicateIdentity':
      return about('identity', 'another process uses the key of this node')
    case 'clockChanged':
      return about('clock', `${report.state}, ${report.offsetMs} ms off`)
    case 'resumed':
      return about('resumed', `slept for ${report.gapMs} ms`)
    case 'damaged':
      return about('damaged', `${report.count} × ${report.what}`)
    case 'storeFailed':
      return about('store', `failed: ${report.reason}`)
    case 'notified':
      return about('notified', `${report.channel}: ${report.notices}`)
    case 'notifyFailed':
      return about('notify', `${report.channel}: ${report.reason}`)
    case 'storeRecovered':
      return about('store', 'recovered')
    case 'limitReached':
      return about('limit', report.limit)
    case 'probed':
    case 'declined':
    case 'standbyDropped':
    case 'refused':
      return undefined
  }
}

const about = (what: string, detail: string): Happening => ({ type: 'node', what, detail })
