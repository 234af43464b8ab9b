// The register decides each attempt at most once, whatever is lost, repeated, late or restarted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, walk } from './explore.ts'
import type { Bounds } from './model.ts'
import { load, planted } from './planted.ts'

/** Three ticks, three proposers that restart, three acceptors. */
const ticks: Bounds = { acceptors: 3, proposers: 3, ticks: 3, rounds: 6, restarts: 2 }
/** The roster moves from acceptors 0, 1, 2 to 2, 3, 4 for the second tick, while both are claimed. */
const move: Bounds = {
  acceptors: 5,
  proposers: 2,
  ticks: 2,
  rounds: 5,
  restarts: 0,
  next: { fromMs: 2, seats: [2, 3, 4] },
}
const whole = await load(undefined)

for (const [name, bounds] of Object.entries({ ticks, move })) {
  test(`no random walk starts an attempt twice or repeats a fence: ${name}`, () => {
    const found = walk(whole, bounds, 1_200)
    assert.equal(found.violation, undefined)
    // walks in which nothing starts would prove nothing
    assert.ok(found.started > found.seen / 3, `${found.started} of ${found.seen} walks had a start`)
  })
}

const small: Readonly<Record<string, Bounds>> = {
  'three acceptors, two proposers': {
    acceptors: 3,
    proposers: 2,
    ticks: 1,
    rounds: 1,
    restarts: 0,
  },
  'two acceptors, two proposers, two ticks': {
    acceptors: 2,
    proposers: 2,
    ticks: 2,
    rounds: 1,
    restarts: 0,
  },
  'one acceptor, two proposers that restart': {
    acceptors: 1,
    proposers: 2,
    ticks: 1,
    rounds: 1,
    restarts: 1,
  },
}

for (const [name, bounds] of Object.entries(small)) {
  test(`no reachable state has two starts: ${name}`, () => {
    const found = explore(whole, bounds, 60_000)
    assert.equal(found.violation, undefined)
    assert.ok(found.isAll, `more than ${found.seen} states`)
    assert.ok(found.started > 10, 'starts are among what can be reached')
  })
}

for (const bug of planted) {
  test(`${bug.breaks} is broken when ${bug.name}`, async () => {
    const code = await load(bug)
    const wanted = new RegExp(`^${bug.breaks}`)
    const isFound = [move, ticks].some(
      (bounds) => walk(code, bounds, 800, wanted).violation !== undefined,
    )
    assert.ok(isFound, 'no walk shows it')
  })
}
