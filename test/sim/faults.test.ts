// Faults that are drawn rarely, each shown to happen and to do what its name says, on a fleet that has
// no other.

import assert from 'node:assert/strict'
import test from 'node:test'
import { judge } from '../../src/simulation/checkers/all.ts'
import type { Fleet } from '../../src/simulation/fleet.ts'
import { drawOptions, type FaultName, type Wishes } from '../../src/simulation/options.ts'
import { nextRelease } from '../../src/simulation/release.ts'
import { simulate, type Run } from '../../src/simulation/run.ts'

const calm: Wishes = { profile: 'lan', nodes: 3, minutes: 6, calmMinutes: 2, jobs: 4 }

/** Runs with one fault, and expects that it came and that every promise holds. */
function runWith(
  seed: bigint,
  fault: FaultName,
  prepare: (fleet: Fleet) => void = () => undefined,
  wishes: Wishes = {},
): Run {
  const run = simulate(drawOptions(seed, { ...calm, ...wishes, faults: [fault] }), { prepare })
  const { violations } = judge(run.history)
  assert.deepEqual(
    violations.map(({ property, message }) => `${property} ${message}`),
    [],
  )
  return run
}

const wasReached = (run: Run, name: string): void => {
  assert.ok((run.sometimes[name] ?? 0) > 0, `${name} was reached`)
}

test('a narrow link carries so many bytes per second, and the rest waits for its turn', () => {
  const sentMs = 90_000
  const arrivals: number[] = []
  let capacity = 0
  const run = runWith(4n, 'capacity', (fleet) => {
    capacity = fleet.options.net.capacity
    fleet.timeline.at(sentMs, () => {
      const { network } = fleet.machine(1)
      const message = network.message.bind(network)
      network.message = (from, channel, bytes) => {
        if (bytes.length < capacity) message(from, channel, bytes)
        else arrivals.push(fleet.timeline.nowMs - sentMs)
      }
      fleet.wires.send(0, 1, 'exec', new Uint8Array(capacity))
      fleet.wires.send(0, 1, 'exec', new Uint8Array(capacity))
    })
  })
  assert.ok(capacity >= 8_000 && capacity <= 1_000_000, `${capacity}`)
  assert.deepEqual(
    arrivals.map((ms) => Math.floor(ms / 1_000)),
    [1, 2],
  )
  assert.ok(
    run.history.entries.some(({ kind }) => kind === 'link.slow'),
    'the wait is a fact',
  )
})

test('rows whose bits changed on the disk are dropped at the start and come back from a peer', () => {
  const run = runWith(7n, 'flip')
  wasReached(run, 'fault flip')
  const damaged = run.history.entries.find(({ kind }) => kind === 'store.damaged')
  assert.ok(damaged?.kind === 'store.damaged' && damaged.rows > 0)
  const [last, ...others] = run.history.entries.filter(
    (entry) => entry.kind === 'sample' && entry.withRows && entry.atMs === run.history.endMs,
  )
  assert.ok(last?.kind === 'sample' && others.length === 2)
  for (const other of others) {
    assert.ok(other.kind === 'sample')
    assert.deepEqual(
      [other.catalogDigest, other.rows.length],
      [last.catalogDigest, last.rows.length],
    )
  }
})

test('a board that boots in 1970 waits for the time, were it in the first seconds of that year', () => {
  const run = runWith(7n, 'boot-1970')
  wasReached(run, 'fault boot-1970')
  wasReached(run, 'clock unsynced')
  const refused = Object.keys(run.sometimes).filter((name) => name.startsWith('refused'))
  assert.deepEqual(refused, [], 'its records are readable')
})

test('members that join all at once know each other, and nobody starts a tick twice', () => {
  const run = runWith(3n, 'join-storm', undefined, { minutes: 2, calmMinutes: 1 })
  assert.ok(run.options.joiners >= 6)
  const { startMs, endMs, entries } = run.history
  const late = entries.filter(({ kind, atMs }) => kind === 'node.up' && atMs > startMs + 10_000)
  assert.equal(late.length, run.options.joiners)
  assert.ok(late.at(-1)!.atMs - late[0]!.atMs < 1_000)
  const views = entries.flatMap((entry) =>
    entry.kind === 'sample' && entry.withRows && entry.atMs === endMs ? [entry.viewDigest] : [],
  )
  assert.equal(views.length, run.options.nodes + run.options.joiners)
  assert.equal(new Set(views).size, 1)
})

test('members of the next release are understood, whatever else they say', () => {
  const versions = new Set<string>()
  const run = runWith(8n, 'upgrade', (fleet) => {
    for (const second of [120, 240, 360]) {
      fleet.timeline.at(1_000 * second, () => {
        const { node } = fleet.up[0]!
        for (const { record } of node!.membership.members()) versions.add(record.version)
      })
    }
  })
  wasReached(run, 'fault upgrade')
  assert.ok(versions.has(nextRelease.version), [...versions].join(' '))
  const refused = Object.keys(run.sometimes).filter((name) => name.startsWith('refused'))
  assert.deepEqual(refused, [])
})
