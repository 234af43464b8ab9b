// The command line of the simulator: what may be typed, and what it tells.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { aroundText, windowOf } from '../../src/simulation/around.ts'
import { flagTexts, replayCommand, seedOf, wishesOf } from '../../src/simulation/flags.ts'
import type { Violation } from '../../src/simulation/history.ts'
import { drawOptions, type Wishes } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'
import { runSession } from '../../src/simulation/session.ts'
import { shrink, type Breaks } from '../../src/simulation/shrink.ts'

const small = { profile: 'lan', nodes: '2', minutes: '1', calm: '1', jobs: '2', faults: 'none' }

const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{ nodes: '0' }, /^--nodes: 0 is not a whole number from 1 to \d+$/],
  [{ nodes: '2.5' }, /^--nodes: 2[.]5 is not/],
  [{ hours: '-1' }, /^--hours: -1 is not a number above 0/],
  [{ minutes: 'x' }, /^--minutes: x is not/],
  [{ until: '0' }, /^--until: 0 is not/],
  [{ calm: '' }, /^--calm: {2}is not/],
  [{ jobs: '1e3' }, /^--jobs: 1e3 is not/],
  [{ profile: 'moon' }, /^--profile: moon is not lan, wan or iot$/],
  [{ faults: 'kill,frost' }, /^--faults: frost is neither none nor one of partition, /],
]

for (const [flags, message] of wrong) {
  test(`${JSON.stringify(flags)} is refused in one line`, () => {
    assert.throws(() => wishesOf(flags), { message })
  })
}

test('a seed is 64 bits, decimal or hexadecimal', () => {
  assert.equal(seedOf('12'), 12n)
  assert.equal(seedOf('0xff'), 255n)
  for (const text of ['', 'ff', '-1', '0x', `${1n << 64n}`]) assert.throws(() => seedOf(text), text)
})

test('hours and minutes are added', () => {
  assert.equal(wishesOf({ hours: '1.5', minutes: '3' }).minutes, 93)
})

test('the script refuses an unknown option in one line, and exits with 2', () => {
  const script = join(import.meta.dirname, '../../scripts/sim.ts')
  for (const [argument, said] of [
    ['--frost', /^Unknown option --frost; see .*--help\n$/],
    ['7', /^Unexpected argument 7; see .*--help\n$/],
    ['--nodes=0', /^--nodes: 0 is not a whole number from 1 to \d+\n$/],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [script, argument], { encoding: 'utf8' })
    assert.match(stderr, said)
    assert.equal(status, 2)
  }
})

test('help names every flag', () => {
  const script = join(import.meta.dirname, '../../scripts/sim.ts')
  const { status, stdout } = spawnSync(process.execPath, [script, '--help'], { encoding: 'utf8' })
  assert.equal(status, 0)
  for (const [name, , text] of flagTexts)
    assert.ok(stdout.includes(`--${name}`) && stdout.includes(text))
})

test('a session tells options, verdict, lateness and what was missed and doubled, and how to repeat it', () => {
  const lines: string[] = []
  const parts = {
    write: (line: string) => void lines.push(line),
    ...{ command: 'sim', freshSeed: () => 5n, cpuMs: () => 0 },
  }
  const total = runSession(parts, small)
  assert.equal(total.seeds, 1)
  assert.match(lines[0]!, /^seed 0000000000000005: lan, 2 nodes, 1[.]0 min of faults/)
  const text = lines.join('\n')
  for (const part of ['faults: none', 'ok · ', 'lateness of', 'per million ticks', '1 seeds, '])
    assert.ok(text.includes(part), part)
})

test('the replaying command draws the same options', () => {
  const wishes: Wishes = {
    ...{ profile: 'wan', nodes: 4, minutes: 12.5, calmMinutes: 1, untilMinutes: 3, jobs: 2 },
    faults: ['kill', 'loss'],
  }
  const options = drawOptions(77n, wishes)
  const typed = replayCommand('sim', options, wishes).split(' --').slice(1)
  const flags = Object.fromEntries(typed.map((flag) => flag.split(' ') as [string, string]))
  assert.deepEqual(drawOptions(seedOf(flags['seed']!), wishesOf(flags)), options)
})

test('the time with faults is cut without a change of what comes before', () => {
  const wishes = wishesOf({ ...small, minutes: '2', faults: 'kill,partition' })
  const [long, short] = [wishes, { ...wishes, untilMinutes: 1 }].map((each) =>
    simulate(drawOptions(8n, each)),
  )
  assert.ok(short!.hours < long!.hours)
  const frozenMs = short!.history.startMs + 30_000 + 60_000
  const before = (run: typeof long): readonly unknown[] =>
    run!.history.entries.filter(({ atMs }) => atMs < frozenMs)
  assert.deepEqual(before(short), before(long))
})

test('a failing run is made smaller in every direction, and not further than it fails', () => {
  const violation: Violation = { property: 'C1', message: '', atMs: 150_000 }
  const tried: Wishes[] = []
  const breaks: Breaks = (wishes) => {
    tried.push(wishes)
    const { nodes, jobs, faults, frozenAfterMs } = drawOptions(3n, wishes)
    const isBroken = 'kill' in faults && nodes >= 2 && jobs >= 3 && frozenAfterMs >= 150_000
    return isBroken ? { wishes, violation, startMs: 0, cpuMs: 1 } : undefined
  }
  const wishes = {
    nodes: 7,
    jobs: 12,
    minutes: 40,
    faults: ['kill', 'loss', 'stall', 'io'],
  } as const
  const first = { wishes, violation, startMs: 0, cpuMs: 1 }
  const best = shrink(3n, first, { write: () => undefined, cpuMs: () => 0, breaks })
  assert.deepEqual(best.wishes, {
    ...{ nodes: 2, jobs: 3, minutes: 40, untilMinutes: 3, calmMinutes: 1 },
    faults: ['kill'],
  })
  assert.equal(new Set(tried.map((each) => JSON.stringify(each))).size, tried.length)
})

test('shrinking begins no run for which its processor time does not suffice', () => {
  const violation: Violation = { property: 'C1', message: '', atMs: 150_000 }
  let spentMs = 0
  const breaks: Breaks = (wishes) => {
    spentMs += 25_000
    return { wishes, violation, startMs: 0, cpuMs: 25_000 }
  }
  const first = { wishes: { nodes: 9, jobs: 100 }, violation, startMs: 0, cpuMs: 25_000 }
  shrink(3n, first, { write: () => undefined, cpuMs: () => spentMs, breaks })
  assert.equal(spentMs, 50_000)
})

test('around a violation: what was wrong, the views of the members, and what the nodes did', () => {
  const options = drawOptions(9n, wishesOf(small))
  const { history } = simulate(options, {
    prepare: (fleet) => fleet.timeline.at(60_000, () => fleet.machine(1).die('power')),
  })
  const start = history.entries.find(
    ({ kind, atMs }) => kind === 'exec.start' && atMs > history.startMs + 70_000,
  )
  assert.ok(start?.kind === 'exec.start')
  const { atMs, job, execution } = start
  const violation: Violation = { property: 'C2', message: '', atMs, job, execution }
  const { steps } = simulate(options, {
    prepare: (fleet) => fleet.timeline.at(60_000, () => fleet.machine(1).die('power')),
    kept: windowOf(violation),
  })
  const text = aroundText(history, violation, steps)
  assert.match(text, /wrong then: .*node 1 is down [(]power[)]/)
  assert.match(text, /view of node 0, [\d.]+ s before: 0 alive, 1 unreachable/)
  assert.ok(text.includes(`EXECUTES ${start.attempt}`))
  assert.ok(text.includes(`STARTS ${start.attempt}`))
})
