// The live view: what keys do, what a picture looks like, and the terminal before, while and after.

process.env['TZ'] = 'UTC'

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Io } from '../../src/cli/io.ts'
import { rowsOf } from '../../src/cli/top/data.ts'
import type { Data } from '../../src/cli/top/data.ts'
import { frame } from '../../src/cli/top/frame.ts'
import { initial, press } from '../../src/cli/top/state.ts'
import type { Order, Row, State } from '../../src/cli/top/state.ts'
import { execution, hello, status } from '../adapters/http/fake-api.ts'
import { until } from '../until.ts'
import { nowMs, run, startDaemon } from './harness.ts'

const row = (key: string, isOff = false): Row => ({ key, text: key, isOff })
const rows = [row('alpha'), row('beta', true), row('gamma')]

/** What comes of several keys, with the orders in between. */
function typed(keys: readonly string[], from: State = initial): [State, readonly Order[]] {
  const orders: Order[] = []
  let state = from
  for (const key of keys) {
    const step = press(state, key, rows)
    state = step.state
    if (step.order !== undefined) orders.push(step.order)
  }
  return [state, orders]
}

describe('a key does what it does in vi and k9s', () => {
  const selections: readonly (readonly [string, string | undefined])[] = [
    ['j', 'beta'],
    ['j j', 'gamma'],
    ['j j j', 'gamma'],
    ['down up', 'alpha'],
    ['G', 'gamma'],
    ['G g', 'alpha'],
    ['pagedown', 'gamma'],
    ['/ m return', undefined],
  ]
  for (const [keys, selected] of selections) {
    test(`${keys} selects ${selected}`, () => {
      assert.equal(typed(keys.split(' '))[0].selected, selected)
    })
  }

  const orders: readonly (readonly [string, readonly Order[]])[] = [
    ['q', [{ kind: 'quit' }]],
    ['ctrl-c', [{ kind: 'quit' }]],
    ['/ a ctrl-c', [{ kind: 'quit' }]],
    [': q return', [{ kind: 'quit' }]],
    ['return', [{ kind: 'show', view: 'jobs', key: 'alpha' }]],
    ['j l', [{ kind: 'logs', view: 'jobs', key: 'beta' }]],
    ['r y', [{ kind: 'run', key: 'alpha' }]],
    ['r n', []],
    ['p y', [{ kind: 'pause', key: 'alpha' }]],
    ['j p y', [{ kind: 'resume', key: 'beta' }]],
    ['2 s y', [{ kind: 'stop', key: 'alpha' }]],
    ['2 j s y', []],
    [': m e m return c y', [{ kind: 'cordon', key: 'alpha' }]],
    ['3 j c y', [{ kind: 'uncordon', key: 'beta' }]],
    ['tab tab l', []],
    ['/ g a m return p y', [{ kind: 'pause', key: 'gamma' }]],
    ['/ x x return return p y', []],
  ]
  for (const [keys, expected] of orders) {
    test(`${keys} orders ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(typed(keys.split(' '))[1], expected)
    })
  }

  test('a filter is typed, mended and dropped', () => {
    assert.equal(typed(['/', 'b', 'x', 'backspace'])[0].filter, 'b')
    assert.equal(typed(['/', 'b', 'return', 'escape'])[0].filter, '')
    assert.equal(typed(['/', 'b', 'escape'])[0].filter, '')
  })

  test('a page is scrolled within its ends and left', () => {
    const page = { title: 'x', lines: ['1', '2', '3'], top: 0 }
    const [down] = typed(['j', 'j', 'j', 'j'], { ...initial, page })
    assert.equal(down.page?.top, 2)
    assert.equal(typed(['g'], down)[0].page?.top, 0)
    assert.equal(typed(['q'], down)[0].page, undefined)
  })

  test('a view that is not there is named', () => {
    assert.match(typed([':', 'z', 'return'])[0].message, /no view is called z/)
  })
})

const data: Data = { status, jobs: [hello], runs: [execution], members: status.members }

function picture(state: State, size = { rows: 8, columns: 76 }): readonly string[] {
  const io = { env: {}, nowMs: () => nowMs } as unknown as Io
  const lines = frame(io, state, data, size)
  assert.equal(lines.length, size.rows)
  const plain = lines.map((line) => stripVTControlCharacters(line))
  for (const line of plain) assert.ok(line.length <= size.columns, line)
  return plain.map((line) => line.trimEnd())
}

test('a picture fits the terminal', () => {
  assert.deepEqual(picture(initial), [
    'barn  a7f3k is unreachable  1/2 alive  12:00:05',
    '<1> jobs  <2> runs  <3> members',
    'NAME   SCHEDULE          STATE  NEXT      NODE  LAST',
    'hello  every 10 seconds  idle   12:00:10  barn  success ×7',
    '',
    '',
    '',
    'j/k move  enter show  l logs  r run  p pause  / filter  : view  1-3  q quit',
  ])
  picture(initial, { rows: 3, columns: 20 })
  assert.equal(picture({ ...initial, filter: 'x' })[3], 'none of this name')
  assert.match(picture({ ...initial, view: 'members' })[4]!, /^a7f3k +unreachable/)
})

test('the selected row stays on the screen of a long list', () => {
  const jobs = Array.from({ length: 100 }, (_, i) => ({ ...hello, name: `job-${i}` }))
  const io = { env: {}, nowMs: () => nowMs } as unknown as Io
  const long = { ...data, jobs }
  const selected = rowsOf(long, 'jobs')[60]!.key
  const lines = frame(io, { ...initial, selected }, long, { rows: 12, columns: 80 })
  assert.equal(lines.filter((line) => line.startsWith('\u001b[7mjob-60 ')).length, 1)
})

test('without a terminal top is a wrong use', async () => {
  const daemon = await startDaemon()
  const { code, stderr } = await daemon.run(['top'])
  assert.equal(code, 2)
  assert.match(stderr, /top needs a terminal\n {2}hint: use meshcron status --watch/)
  assert.equal((await run(['--data-dir', '/does/not/exist', 'top'])).code, 5)
})

const hasPty = spawnSync('script', ['--version']).status === 0

describe('on a terminal of its own', { skip: !hasPty }, () => {
  for (const [way, end] of [
    ['q', (write: (text: string) => void) => write('q')],
    ['ctrl-c', (write: (text: string) => void) => write('\u0003')],
    ['SIGTERM', undefined],
  ] as const) {
    test(`${way} gives the terminal back as it was`, async (t) => {
      const daemon = await startDaemon()
      const main = join(import.meta.dirname, '../../src/cli/main.ts')
      const top = `'${process.execPath}' '${main}' --data-dir '${daemon.dataDir}' top`
      const shell = `stty rows 20 cols 90; ${top} & echo pid \\$!; fg >/dev/null; stty -a`
      const child = spawn('script', ['-qec', `bash -mc "${shell}"`, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, TERM: 'xterm' },
      })
      t.after(() => void child.kill('SIGKILL'))
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
      const seen = async (what: string): Promise<void> => {
        await until(`${what} on the terminal`, () => text.includes(what))
      }
      const write = (keys: string): void => void child.stdin.write(keys)
      await seen('hello')
      write('3')
      await seen('a7f3k')
      write('1')
      write('r')
      await seen('run hello? (y/n)')
      write('y')
      await seen('hello is started')
      assert.ok(daemon.api.calls.some(([name]) => name === 'runJob'))
      if (end === undefined) process.kill(Number(/pid (\d+)/.exec(text)![1]), 'SIGTERM')
      else end(write)
      await once(child, 'close')
      const at = text.indexOf('\u001b[?1049h')
      const back = text.lastIndexOf('\u001b[?25h\u001b[?1049l')
      assert.ok(at >= 0 && back > at)
      assert.equal(text.indexOf('\u001b[?1049l'), back + '\u001b[?25h'.length)
      const after = text.slice(back)
      assert.match(after, / icanon /)
      assert.match(after, / echo /)
    })
  }
})
