import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  ClusterClock,
  type ClusterTime,
  type ClockState,
  findOverlap,
  type Interval,
} from '../../../src/core/clock/cluster-clock.ts'

const buildMs = 1_760_000_000_000
const startMs = 1_767_236_400_000
const monoStartMs = 5_000_000

/** One node among peers with wrong clocks; true time advances in heartbeats of 400 ms. */
class World {
  readonly clock = new ClusterClock({ buildMs })
  /** Wall minus true time, ours and the peers'. */
  ownMs = 0
  readonly peers = new Map<string, number>()
  rttMs = 1
  alive: number | undefined
  elapsedMs = 0

  constructor(ownMs: number, ...peers: readonly number[]) {
    this.ownMs = ownMs
    peers.forEach((offMs, i) => this.peers.set(`peer-${i}`, offMs))
  }

  get trueMs(): number {
    return startMs + this.elapsedMs
  }

  /** Runs for a while and returns what each heartbeat gave. */
  run(forMs: number): readonly ClusterTime[] {
    const seen: ClusterTime[] = []
    for (const end = this.elapsedMs + forMs; this.elapsedMs < end; this.elapsedMs += 400) {
      const reading = { monoMs: monoStartMs + this.elapsedMs, wallMs: this.trueMs + this.ownMs }
      for (const [id, offMs] of this.peers) {
        const offsetMs = offMs - this.ownMs
        this.clock.sample(id, { offsetMs, rttMs: this.rttMs }, reading)
      }
      const aliveMembers = this.alive ?? this.peers.size + 1
      seen.push(this.clock.advance({ ...reading, aliveMembers }))
    }
    return seen
  }

  last(forMs = 400): ClusterTime {
    return this.run(forMs).at(-1)!
  }

  /** Cluster time minus true time of the latest heartbeat. */
  errorOf(time: ClusterTime): number {
    return time.clusterMs - (this.trueMs - 400)
  }
}

const hour = 3_600_000
const epoch = -startMs // a clock that shows 1970

test('the state follows from how far the own clock lies from where most clocks agree', () => {
  const table: readonly {
    readonly own: number
    readonly peers: readonly number[]
    readonly at0: ClockState
    readonly after61s: ClockState
    readonly followsTrueTime: boolean
  }[] = [
    { own: 0, peers: [], at0: 'alone', after61s: 'alone', followsTrueTime: true },
    { own: hour, peers: [], at0: 'alone', after61s: 'alone', followsTrueTime: false },
    { own: epoch, peers: [], at0: 'unsynced', after61s: 'unsynced', followsTrueTime: false },
    { own: 0, peers: [0], at0: 'synced', after61s: 'synced', followsTrueTime: true },
    { own: 0, peers: [500], at0: 'disputed', after61s: 'disputed', followsTrueTime: true },
    { own: hour, peers: [0], at0: 'disputed', after61s: 'disputed', followsTrueTime: false },
    { own: epoch, peers: [0], at0: 'unsynced', after61s: 'unsynced', followsTrueTime: false },
    { own: 0, peers: [epoch], at0: 'disputed', after61s: 'disputed', followsTrueTime: true },
    { own: 0, peers: [0, 0], at0: 'synced', after61s: 'synced', followsTrueTime: true },
    { own: 240, peers: [0, 0], at0: 'synced', after61s: 'synced', followsTrueTime: true },
    { own: 300, peers: [0, 0], at0: 'drifting', after61s: 'drifting', followsTrueTime: true },
    { own: -1_990, peers: [0, 0], at0: 'drifting', after61s: 'drifting', followsTrueTime: true },
    { own: -2_010, peers: [0, 0], at0: 'skewed', after61s: 'skewed', followsTrueTime: true },
    { own: 59_000, peers: [0, 0], at0: 'skewed', after61s: 'skewed', followsTrueTime: true },
    { own: hour, peers: [0, 0], at0: 'unsynced', after61s: 'skewed', followsTrueTime: true },
    { own: epoch, peers: [0, 0], at0: 'unsynced', after61s: 'skewed', followsTrueTime: true },
    {
      own: epoch,
      peers: [epoch, 0],
      at0: 'unsynced',
      after61s: 'unsynced',
      followsTrueTime: false,
    },
    { own: 0, peers: [epoch, epoch], at0: 'disputed', after61s: 'disputed', followsTrueTime: true },
    { own: 0, peers: [0, hour], at0: 'synced', after61s: 'synced', followsTrueTime: true },
    { own: 0, peers: [hour, -hour], at0: 'disputed', after61s: 'disputed', followsTrueTime: true },
    {
      own: 0,
      peers: [0, hour, hour],
      at0: 'disputed',
      after61s: 'disputed',
      followsTrueTime: true,
    },
    {
      own: hour,
      peers: [0, 0, 0, hour],
      at0: 'unsynced',
      after61s: 'skewed',
      followsTrueTime: true,
    },
  ]
  for (const row of table) {
    const name = JSON.stringify(row)
    const world = new World(row.own, ...row.peers)
    assert.equal(world.last().state, row.at0, name)
    const time = world.last(61_000)
    assert.equal(time.state, row.after61s, name)
    assert.equal(Math.abs(world.errorOf(time)) <= 3, row.followsTrueTime, name)
  }
})

test('offset is own wall minus cluster time, held within 32 bits', () => {
  assert.equal(new World(1_000, 0, 0).last().offsetMs, 1_000)
  assert.equal(new World(-1_000, 0, 0).last().offsetMs, -1_000)
  assert.equal(new World(epoch, 0, 0).last().offsetMs, -0x7fff_ffff)
})

test('too few clocks to judge is no dispute as long as they agree', () => {
  const world = new World(0, 0)
  world.alive = 3
  assert.equal(world.last().state, 'alone')
  world.peers.set('peer-0', hour)
  assert.equal(world.last().state, 'disputed')
})

test('when the own clock is stepped, peers hold cluster time and the node is skewed at once', () => {
  for (const jump of [hour, -hour, epoch]) {
    const world = new World(0, 0, 0)
    world.run(120_000)
    world.ownMs = jump
    for (const time of world.run(10_000)) {
      assert.equal(time.state, 'skewed', `${jump}`)
      assert.equal(time.stepped, 'no')
    }
    assert.ok(Math.abs(world.errorOf(world.last())) <= 3)
    world.ownMs = 0
    assert.equal(world.last().state, 'synced')
  }
})

test('alone, a step of the own clock is a step of cluster time, in either direction', () => {
  const world = new World(0)
  world.run(1_000)
  world.ownMs = hour
  assert.equal(world.last().stepped, 'forward')
  assert.equal(world.last().stepped, 'no')
  world.ownMs = -hour
  assert.equal(world.last().stepped, 'backward')
})

test('alone, a fall to a time before the build is not followed', () => {
  const world = new World(0)
  world.run(1_000)
  world.ownMs = epoch
  const time = world.last()
  assert.equal(time.state, 'unsynced')
  assert.equal(time.stepped, 'no')
  assert.ok(Math.abs(world.errorOf(time)) <= 1)
})

test('a board that boots in 1970 adopts cluster time at once and owns ticks after 60 s', () => {
  const world = new World(epoch)
  assert.equal(world.last().state, 'unsynced')
  world.peers.set('a', 0).set('b', 3)
  const [first, ...rest] = world.run(70_000)
  assert.equal(first!.stepped, 'forward')
  assert.equal(first!.state, 'unsynced')
  assert.ok(Math.abs(first!.clusterMs - (startMs + 400)) <= 5)
  assert.equal(
    rest.findIndex((time) => time.state === 'skewed'),
    149,
  )
  assert.ok(rest.every((time) => time.stepped === 'no'))
})

test('what was followed for 60 s starts anew after a step and after a dispute', () => {
  const world = new World(epoch, 0, 0)
  assert.equal(world.last(61_000).state, 'skewed')
  world.peers.set('peer-0', hour).set('peer-1', hour)
  const times = world.run(60_000)
  assert.equal(times[0]!.state, 'unsynced')
  assert.equal(times.at(-1)!.state, 'unsynced')
  assert.equal(world.last(1_000).state, 'skewed')
  world.peers.set('peer-1', 0)
  assert.equal(world.last().state, 'unsynced')
  world.peers.set('peer-1', hour)
  assert.equal(world.last(59_000).state, 'unsynced')
  assert.equal(world.last(2_000).state, 'skewed')
})

test('corrections up to 250 ms are slewed at 500 ppm and time always goes on', () => {
  const world = new World(0, 0, 0)
  world.run(1_000)
  for (const shift of [200, 0]) {
    world.ownMs = shift
    world.peers.set('peer-0', shift).set('peer-1', shift)
    let before: ClusterTime | undefined
    for (const time of world.run(100_000)) {
      assert.equal(time.stepped, 'no')
      if (before !== undefined) {
        const passed = time.clusterMs - before.clusterMs
        assert.ok(passed >= 399 && passed <= 401, `${passed}`)
      }
      before = time
    }
    assert.ok(Math.abs(world.errorOf(before!) - (shift === 200 ? 50 : 0)) <= 2)
  }
})

test('corrections beyond 250 ms are steps', () => {
  for (const shift of [260, -260]) {
    const world = new World(0, 0, 0)
    world.run(1_000)
    world.ownMs = shift
    world.peers.set('peer-0', shift).set('peer-1', shift)
    const time = world.last()
    assert.equal(time.stepped, shift > 0 ? 'forward' : 'backward')
    assert.equal(world.errorOf(time), shift)
  }
})

test('the sample with the shortest round trip in 60 s counts, then the next best', () => {
  const clock = new ClusterClock({ buildMs })
  const at = (monoMs: number): { monoMs: number; wallMs: number } => ({
    monoMs,
    wallMs: startMs + monoMs,
  })
  clock.sample('a', { offsetMs: 40, rttMs: 100 }, at(0))
  assert.equal(clock.offsetOf('a'), 40)
  clock.sample('a', { offsetMs: 7, rttMs: 2 }, at(1_000))
  assert.equal(clock.offsetOf('a'), 7)
  clock.sample('a', { offsetMs: 30, rttMs: 80 }, at(2_000))
  clock.sample('a', { offsetMs: 20, rttMs: 50 }, at(50_000))
  assert.equal(clock.offsetOf('a'), 7)
  clock.advance({ ...at(60_999), aliveMembers: 2 })
  assert.equal(clock.offsetOf('a'), 7)
  clock.advance({ ...at(61_000), aliveMembers: 2 })
  assert.equal(clock.offsetOf('a'), 20)
  clock.advance({ ...at(110_000), aliveMembers: 2 })
  assert.equal(clock.offsetOf('a'), undefined)
})

test('a step of a peer shows with its next sample, a step of ours does not change what is known', () => {
  const clock = new ClusterClock({ buildMs })
  const reading = { monoMs: 1_000, wallMs: startMs }
  clock.sample('a', { offsetMs: 0, rttMs: 1 }, reading)
  clock.sample('a', { offsetMs: 5_000, rttMs: 30 }, { monoMs: 1_400, wallMs: startMs + 400 })
  assert.equal(clock.offsetOf('a'), 5_000)
  clock.advance({ monoMs: 1_800, wallMs: startMs + 800 + hour, aliveMembers: 2 })
  assert.equal(clock.offsetOf('a'), 5_000 - hour)
})

test('a silent or forgotten member no longer counts', () => {
  const world = new World(0, 0)
  assert.equal(world.last().state, 'synced')
  world.peers.clear()
  world.alive = 2
  assert.equal(world.last(59_000).state, 'synced')
  assert.equal(world.last(2_000).state, 'alone')
  world.peers.set('a', 0)
  assert.equal(world.last().state, 'synced')
  world.peers.clear()
  world.clock.forget('a')
  assert.equal(world.last().state, 'alone')
  assert.equal(world.clock.offsetOf('a'), undefined)
})

test('uneven paths stay inside the error that is told', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(400), fc.nat(400)), { minLength: 2, maxLength: 5 }),
      fc.oneof(fc.integer({ min: -hour, max: hour }), fc.integer({ min: -300, max: 300 })),
      (paths, ownMs) => {
        const clock = new ClusterClock({ buildMs })
        const reading = { monoMs: 1_000, wallMs: startMs + ownMs }
        paths.forEach(([there, back], i) => {
          // the peer's answer is `back` old, the estimate assumes half of the round trip
          const offsetMs = -ownMs - back + (there + back) / 2
          clock.sample(`p${i}`, { offsetMs, rttMs: there + back }, reading)
        })
        const time = clock.advance({ ...reading, aliveMembers: paths.length + 1 })
        assert.ok(Math.abs(time.clusterMs - startMs) <= time.errorMs + 1, `${time.errorMs}`)
      },
    ),
  )
})

test('the overlap is the place that most intervals cover', () => {
  const bound = fc.integer({ min: 0, max: 12 })
  const interval = fc
    .tuple(bound, bound)
    .map(([x, y]) => ({ low: Math.min(x, y), high: Math.max(x, y) }))
  fc.assert(
    fc.property(fc.array(interval, { minLength: 1, maxLength: 6 }), bound, (intervals, near) => {
      const cover = (at: number): number =>
        intervals.filter(({ low, high }) => low <= at && at <= high).length
      const places = Array.from({ length: 25 }, (_, i) => i / 2)
      const most = Math.max(...places.map(cover))
      const found = findOverlap(intervals, near)!
      assert.equal(found.count, most)
      for (const at of places) {
        const isInside = found.low <= at && at <= found.high
        if (isInside) assert.equal(cover(at), most, `${at}`)
        if (cover(at) === most) {
          const outside = Math.max(found.low - near, near - found.high, 0)
          assert.ok(Math.abs(at - near) >= outside, `${at} is nearer`)
        }
      }
      assert.deepEqual(findOverlap(intervals.toReversed(), near), found)
    }),
  )
  assert.equal(findOverlap([] as readonly Interval[], 0), undefined)
  assert.deepEqual(
    findOverlap(
      [
        { low: 0, high: 1 },
        { low: 1, high: 2 },
      ],
      0,
    ),
    { low: 1, high: 1, count: 2 },
  )
})

test('a monotonic clock that goes back is a programming error', () => {
  const clock = new ClusterClock({ buildMs })
  clock.advance({ monoMs: 10, wallMs: startMs, aliveMembers: 1 })
  assert.throws(() => clock.advance({ monoMs: 9, wallMs: startMs, aliveMembers: 1 }))
})
