// What the terminal of a running demo shows.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DemoNode, NodeLine } from './demo-node.ts'

/** Lines that tell a watcher what happens; each node would tell the rest too. */
const shownEvents = new Set(['memberChanged', 'isolated', 'conflict', 'duplicateIdentity'])
/** A demo cuts and kills: what follows from that is no news. */
const hiddenEvents = new Set(['refused', 'suppressed', 'fault'])

/** Writes to standard output; nothing is asked and nothing is drawn over. */
export class DemoScreen {
  readonly #isJson: boolean
  #isUp = false
  #isEnding = false

  /** With `isJson` the lines of the nodes pass as they are. */
  constructor(isJson: boolean) {
    this.#isJson = isJson
  }

  /** All nodes are up. */
  up(version: string, nodes: readonly DemoNode[]): void {
    this.#isUp = true
    const [first] = nodes
    if (this.#isJson) {
      const list = nodes.map(({ name, id, http, dataDir }) => ({ name, id, http, dataDir }))
      const line = { level: 'info', event: 'demo', version, nodes: list, msg: 'the demo is up' }
      process.stdout.write(`${JSON.stringify(line)}\n`)
      return
    }
    const count = nodes.length === 1 ? '1 demo node' : `${nodes.length} demo nodes`
    this.#write(
      `meshcron ${version} · ${count} · dashboard ${dashboardOf(first)}   (ctrl-c stops and deletes everything)`,
    )
    for (const { name, http, dataDir } of nodes) this.#write(`  ${name}  ${http}  ${dataDir}`)
    this.#write('try, in another terminal:')
    this.#write(`  meshcron job create hello --every 10s -- echo "hi from {node}"`)
    this.#write(`  meshcron demo kill ${first?.name ?? ''}`)
  }

  /** A node wrote a line. */
  heard({ node, text, fields }: NodeLine): void {
    if (this.#isJson) {
      process.stdout.write(`${text}\n`)
      return
    }
    if (!this.#isUp || this.#isEnding) return
    const event = textOf(fields?.['event'])
    const isTrouble = ['warn', 'error'].includes(textOf(fields?.['level']))
    if (hiddenEvents.has(event) || !(isTrouble || shownEvents.has(event))) return
    const about = ['name', 'state', 'job', 'reason'].flatMap((key) => textOf(fields?.[key]) || [])
    this.#write(`${clock()}  ${node}  ${[textOf(fields?.['msg']), ...about].join('  ')}`)
  }

  /** A node ended by itself. */
  crashed(name: string, how: string): void {
    if (this.#isEnding || this.#isJson) return
    this.#write(`${clock()}  ${name}  ended by itself: ${how} (meshcron demo start ${name})`)
  }

  /** The nodes are about to be ended. */
  ending(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    if (!this.#isJson) this.#write('stopping and deleting everything …')
  }

  #write(line: string): void {
    process.stdout.write(`  ${line.replaceAll(/\p{Cc}/gu, '?')}\n`)
  }
}

/** The URL that opens the dashboard; the token of a demo opens nothing else and dies with it. */
function dashboardOf(node: DemoNode | undefined): string {
  if (node === undefined) return ''
  const token = readFileSync(join(node.dataDir, 'api-token'), 'utf8').trim()
  return `${node.http}/#token=${token}`
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const clock = (): string => new Date().toISOString().slice(11, 19)
