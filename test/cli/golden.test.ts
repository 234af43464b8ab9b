// What people see, letter by letter. Times are those of the zone that the process runs in.

process.env['TZ'] = 'UTC'

import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { barn } from '../adapters/http/fake-api.ts'
import { startDaemon } from './harness.ts'
import type { Daemon } from './harness.ts'

const goldens: readonly (readonly [argv: string, stdout: string, code?: number])[] = [
  [
    'job ls',
    `NAME   SCHEDULE          STATE  NEXT      NODE  LAST
hello  every 10 seconds  idle   12:00:10  barn  success ×7
`,
  ],
  [
    'job ls -o wide',
    `NAME   SCHEDULE          STATE  NEXT      NODE  LAST        CONFLICTS  GENERATION  ETAG
hello  every 10 seconds  idle   12:00:10  barn  success ×7  0          1           00000000000000e1
`,
  ],
  ['job ls -o name', 'hello\n'],
  [
    'job show hello',
    `name      hello
schedule  every 10 seconds
state     idle
last      success  12:00:00 on barn  7 in a row
next      12:00:10 on barn
version   00000000000000e1 (generation 1)

name: hello
schedule: "@every 10s"
timezone: UTC
run:
  exec:
    - echo
    - hi
`,
  ],
  [
    'job history hello',
    `ID                   SCHEDULED  NODE  OUTCOME  TOOK   EXIT
hello@1803902400000  12:00:00   barn  success  1.5 s  0
`,
  ],
  ['job run hello', 'hello@1803902400000\n'],
  ['job pause hello --until +2h', 'hello is paused until 14:00:05\n'],
  ['job resume hello', 'hello runs   next 12:00:10 on barn\n'],
  ['job rm hello --yes', 'hello is deleted\n'],
  ['job rm hello --dry-run', 'hello would be deleted\n'],
  [
    'run show hello@1803902400000',
    `hello@1803902400000  success on barn  scheduled 12:00:00
SCHEDULED  NODE  OUTCOME  TOOK   EXIT  SLOT  ATTEMPT  WHY      RANK  OUTPUT
12:00:00   barn  success  1.5 s  0     0     1        on-time  0     6 B
`,
  ],
  ['run logs hello@1803902400000', 'hello\n'],
  ['run stop hello@1803902400000', 'hello@1803902400000 is told to stop\n'],
  ['logs hello', '── 12:00:00 on barn\nhello\n'],
  [
    'member ls',
    `MEMBER  STATE        SEEN       CLOCK  RUNS  VERSION  TAGS
barn *  alive        now        0 ms   0     0.1.0    site=barn
a7f3k   unreachable  4.2 s ago  -3 ms  0     0.1.0    -
`,
  ],
  [
    'member show a7f3k',
    `id           12D3KooWFieldFieldFieldFieldFieldFieldFieldFielda7f3k
name         -
state        unreachable
seen         4.2 s ago
clock        -3 ms
round trip   0.4 ms
version      0.1.0, scheduler 1, time zones 2026a
incarnation  1
started      11:00:00
tags         -
weight       1
runs         exec shell
facts        arch=arm64
addresses    /ip4/127.0.0.1/tcp/7171
jobs digest  cafe
`,
  ],
  [
    'plan',
    `WHEN      JOB    NODE  THEN
12:00:10  hello  barn  -
`,
  ],
  [
    'explain hello@1803902400000',
    `hello  12:00:00  success (exit)
  success on barn
  1st  barn  alive, score 0.7500
  not  a7f3k  unreachable
  · enabled
  · barn ranks first of 1
`,
  ],
  ['id', `${barn}\n`],
  [
    'status',
    `barn  a7f3k is unreachable
1 of 2 members alive, 1 of 1 neighbour agree, clock synced (±2 ms), oldest news 4.2 s
1 job; started 12, failed 1, takeovers 1, missed 0, duplicates 0, skipped 0

MEMBER  STATE        SEEN       CLOCK  RUNS  VERSION  TAGS
barn *  alive        now        0 ms   0     0.1.0    site=barn
a7f3k   unreachable  4.2 s ago  -3 ms  0     0.1.0    -

WHEN      JOB    NODE
12:00:10  hello  barn

ID                   SCHEDULED  NODE  OUTCOME  TOOK   EXIT
hello@1803902400000  12:00:00   barn  success  1.5 s  0
`,
    6,
  ],
  ['leave', 'the node leaves; its jobs stay with the others\n'],
  [
    'next 0/20 * * * *'.replaceAll(' * * * *', '_*_*_*_*') + ' --timezone Asia/Kolkata -n 2',
    `0/20 * * * * Asia/Kolkata
Asia/Kolkata         UTC
2027-03-01 17:40:00  2027-03-01T12:10:00.000Z
2027-03-01 18:00:00  2027-03-01T12:30:00.000Z
`,
  ],
]

describe('golden outputs', () => {
  let daemon: Daemon
  before(async () => {
    daemon = await startDaemon()
  })

  for (const [line, expected, code = 0] of goldens) {
    test(line, async () => {
      const argv = line.split(' ').map((word) => word.replaceAll('_', ' '))
      const outcome = await daemon.run(argv)
      assert.deepEqual(outcome, { code, stdout: expected, stderr: '' })
    })
  }

  test('job create says when, where, and who has seen it', async () => {
    const argv = ['job', 'create', 'hello2', '--every', '10s', '--', 'echo', '-n', 'hi']
    const { code, stdout, stderr } = await daemon.run(argv)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const line = stdout.replace(/\d+ ms/, '40 ms')
    assert.equal(
      line,
      '✓ hello2  every 10 seconds   next 12:00:10 on barn (1st of 1)   seen by 1 of 1 node in 40 ms\n',
    )
  })

  test('a table fits the terminal: the widest columns are cut', async () => {
    const { stdout } = await daemon.run(['job', 'ls'], { columns: 48 })
    assert.equal(
      stripVTControlCharacters(stdout),
      `NAME   SCHEDULE  STATE  NEXT      NODE  LAST
hello  every 1…  idle   12:00:10  barn  success…
`,
    )
  })

  test('colours come on a terminal and not with NO_COLOR', async () => {
    const coloured = await daemon.run(['job', 'ls'], { colour: true })
    assert.ok(coloured.stdout.includes('\u001b[32msuccess ×7\u001b[0m'))
    const plain = await daemon.run(['job', 'ls'], { colour: true, env: { NO_COLOR: '1' } })
    assert.ok(!plain.stdout.includes('\u001b'))
  })
})
