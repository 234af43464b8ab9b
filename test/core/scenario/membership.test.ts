import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'

test('three nodes are ready and alive to each other within two seconds', () => {
  const fleet = new Fleet({ size: 3 })
  fleet.start()
  fleet.until('ready and alive', 2_000, () =>
    fleet.machines.every(({ node }) => node.isReady && fleet.isAliveEverywhere(0, 1, 2)),
  )
})

test('a node without peers is a whole cluster at once', () => {
  const fleet = new Fleet({ size: 1 })
  fleet.start()
  fleet.run(200)
  assert.ok(fleet.machine(0).node.isReady)
  fleet.put(0, 'a', { schedule: '@every 1s' })
  const dueMs = fleet.nextTick(1_000)
  fleet.runTo(dueMs + 10)
  assert.equal(fleet.tick('a', dueMs).length, 1)
})

test('a node whose configured peers never come acts alone after a while', () => {
  const fleet = new Fleet({ size: 2 })
  fleet.start([0])
  fleet.run(29_000)
  assert.ok(!fleet.machine(0).node.isReady)
  fleet.run(2_000)
  assert.ok(fleet.machine(0).node.isReady)
})

test('a killed member is unreachable everywhere at once, and down half a minute later', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.kill(3)
  fleet.until('unreachable', 100, () => [0, 1, 2].every((n) => fleet.stateOf(n, 3) !== 'alive'))
  fleet.until('down', 32_000, () => [0, 1, 2].every((n) => fleet.stateOf(n, 3) === 'down'))
})

test('a member whose power went is unreachable everywhere within two seconds', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.powerOff(3)
  fleet.until('unreachable', 2_000, () =>
    [0, 1, 2].every((n) => fleet.stateOf(n, 3) === 'unreachable'),
  )
})

test('a restarted member is alive again as soon as it is connected', () => {
  const fleet = Fleet.running({ size: 3 })
  const before = fleet.machine(2).node.membership.own().incarnation
  fleet.kill(2)
  fleet.run(40_000)
  assert.equal(fleet.stateOf(0, 2), 'down')
  fleet.start([2])
  fleet.until('alive', 500, () => fleet.isAliveEverywhere(0, 1, 2))
  assert.ok(fleet.machine(2).node.membership.own().incarnation > before)
})

test('one bad link makes nobody down, and its victims refute once', () => {
  for (const isOneWay of [false, true]) {
    const fleet = Fleet.running({ size: 3 })
    const from = fleet.machines.map(({ node }) => node.membership.own().incarnation)
    if (isOneWay) fleet.cutOneWay(0, 1)
    else fleet.cut(0, 1)
    fleet.run(120_000)
    const rose = fleet.machines.map(({ node }, i) => node.membership.own().incarnation - from[i]!)
    assert.ok(fleet.isAliveEverywhere(0, 1, 2), `one way: ${isOneWay}`)
    assert.ok(
      rose.every((n) => n <= 1),
      `one way: ${isOneWay}, refutations ${rose.join()}`,
    )
    fleet.heal()
    fleet.run(15_000)
    assert.ok(fleet.hasEqualDigests(), `one way: ${isOneWay}`)
  }
})

test('an accused member that reaches one other learns of it, however many of its links are dead', () => {
  const fleet = Fleet.running({ size: 5 })
  for (const other of [1, 2, 3, 4]) fleet.cut(0, other)
  fleet.run(3_000)
  assert.equal(fleet.stateOf(4, 0), 'unreachable')
  fleet.heal()
  for (const other of [1, 2, 3]) fleet.cut(0, other)
  fleet.until('alive everywhere', 12_000, () => fleet.isAliveEverywhere(0, 1, 2, 3, 4))
})

test('a stalled observer accuses nobody, although its timers run before its inputs', () => {
  const fleet = Fleet.running({ size: 3 })
  const before = fleet.machines.map(({ node }) => node.membership.own().incarnation)
  for (let i = 0; i < 20; i++) {
    fleet.run(137 * i)
    fleet.stall(0, 300 + 210 * i)
    fleet.run(6_000)
    for (const about of [1, 2]) assert.equal(fleet.stateOf(0, about), 'alive')
  }
  for (const about of [1, 2]) {
    assert.equal(fleet.machine(about).node.membership.own().incarnation, before[about])
  }
})

test('a change of a node record that gossip lost is repaired', () => {
  const fleet = Fleet.running({ size: 3 })
  const reached = fleet.machine(1).node.membership
  const hlcOf = (): number => reached.get(fleet.machine(0).id)!.record.hlc.ms
  fleet.cutOneWay(0, 1)
  fleet.cutOneWay(2, 1)
  fleet.machine(0).node.membership.setAccepts(false)
  fleet.run(100)
  fleet.heal()
  const old = hlcOf()
  fleet.until('repaired', 12_000, () => hlcOf() > old)
  assert.equal(reached.get(fleet.machine(0).id)!.record.attrs.accepts, false)
})

test('the survivor of a fleet is a candidate, whatever instants were announced', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(20_000)
  fleet.kill(1, 2)
  fleet.run(3_000)
  const dueMs = fleet.nextTick(1_000)
  fleet.runTo(dueMs + 500)
  assert.equal(fleet.tick('a', dueMs).length, 1)
})

test('what remains of a fleet that comes back together is ready soon', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.run(10_000)
  fleet.kill(0, 1, 2, 3)
  fleet.run(1_000)
  fleet.start([0, 1])
  fleet.until('ready', 5_000, () => [0, 1].every((n) => fleet.machine(n).node.isReady))
})

test('the same seed gives the same effects, byte for byte; another seed does not', () => {
  const traceOf = (seed: bigint): string => {
    const fleet = new Fleet({ size: 3, seed })
    fleet.start()
    fleet.run(2_000)
    fleet.put(0, 'a', { schedule: '@every 1s' })
    fleet.run(5_000)
    fleet.kill(1)
    fleet.run(5_000)
    fleet.start([1])
    fleet.cutOneWay(0, 2)
    fleet.run(10_000)
    return fleet.trace
  }
  assert.equal(traceOf(5n), traceOf(5n))
  assert.notEqual(traceOf(5n), traceOf(6n))
})
