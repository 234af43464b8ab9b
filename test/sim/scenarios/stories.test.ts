// One trouble at a time, on fleets that are small enough to read: nothing may be missed, doubled,
// lost or left different.

import assert from 'node:assert/strict'
import test from 'node:test'
import { judge } from '../../../src/simulation/checkers/all.ts'
import type { Fleet } from '../../../src/simulation/fleet.ts'
import { drawOptions, type Wishes } from '../../../src/simulation/options.ts'
import { simulate } from '../../../src/simulation/run.ts'

interface Story {
  readonly title: string
  readonly wishes: Wishes
  /** What happens, by the second of the run. */
  readonly happenings: Readonly<Record<number, (fleet: Fleet) => void>>
  /** What has to be reached for the story to tell anything. */
  readonly reached: readonly string[]
}

const quiet: Wishes = { profile: 'lan', nodes: 3, minutes: 3, calmMinutes: 2, jobs: 4, faults: [] }

const stories: readonly Story[] = [
  {
    title: 'a quiet fleet starts every tick once and on time',
    wishes: quiet,
    happenings: {},
    reached: ['claimed on-time'],
  },
  {
    title: 'the ticks of a killed node are taken over, and it comes back',
    wishes: quiet,
    happenings: {
      60: (fleet) => fleet.machine(1).die('kill'),
      140: (fleet) => fleet.machine(1).start(),
    },
    reached: ['member unreachable', 'member down'],
  },
  {
    title: 'a node whose power goes is missed by its heartbeats only',
    wishes: quiet,
    happenings: {
      60: (fleet) => fleet.machine(2).die('power'),
      90: (fleet) => fleet.machine(2).start(),
    },
    reached: ['member unreachable'],
  },
  {
    title: 'a link that fails in one direction makes nobody down',
    wishes: quiet,
    happenings: {
      60: (fleet) => fleet.wires.cut(0, 1),
      150: (fleet) => fleet.wires.heal(0, 1),
    },
    reached: ['claimed on-time'],
  },
  {
    title: 'a node that hung for a minute starts nothing that was done meanwhile',
    wishes: quiet,
    happenings: { 60: (fleet) => fleet.machine(0).stall(60_000) },
    reached: ['resumed'],
  },
  {
    title: 'a full disk stops one node, which then catches up with the others',
    wishes: { ...quiet, profile: 'iot', minutes: 20, calmMinutes: 15 },
    happenings: {
      200: (fleet) => fleet.machine(1).disk.fail('full'),
      600: (fleet) => fleet.machine(1).disk.repair(),
    },
    reached: ['storeFailed', 'storeRecovered'],
  },
  {
    title: 'a wiped disk is filled again by the others',
    wishes: quiet,
    happenings: {
      60: (fleet) => {
        fleet.machine(1).die('power')
        fleet.machine(1).disk.wipe()
      },
      70: (fleet) => fleet.machine(1).start(),
    },
    reached: ['claimed on-time'],
  },
  {
    title: 'a board that boots in 1970 adopts the time of its neighbours',
    wishes: quiet,
    happenings: {
      60: (fleet) => {
        const { clock } = fleet.machine(2)
        fleet.machine(2).die('power')
        clock.step(1_000 - clock.wallMs)
        fleet.machine(2).start()
      },
    },
    reached: ['clock unsynced'],
  },
]

for (const [index, { title, wishes, happenings, reached }] of stories.entries()) {
  test(title, () => {
    const run = simulate(drawOptions(BigInt(7_000 + index), wishes), {
      prepare: (fleet) => {
        for (const [second, happen] of Object.entries(happenings)) {
          fleet.timeline.at(Number(second) * 1_000, () => happen(fleet))
        }
      },
    })
    const { violations, stats } = judge(run.history)
    assert.deepEqual(
      violations.map(({ property, message }) => `${property} ${message}`),
      [],
    )
    assert.ok((stats['C1.binding'] ?? 0) > 0, 'some ticks bind')
    for (const name of reached) assert.ok((run.sometimes[name] ?? 0) > 0, `${name} was reached`)
  })
}
