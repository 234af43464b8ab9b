// What a simulated machine is put together from.

import { openPolicy } from '../core/trust/policy.ts'
import type { MemberId } from '../core/ids.ts'
import type { ProfileName } from '../core/limits.ts'
import { Node } from '../core/node.ts'
import type { Random } from '../core/random.ts'
import { clusterId, credentialsOf } from './credentials.ts'
import { fakeCrypto } from './crypto.ts'
import type { Disk, Intents } from './disk.ts'
import type { NodeIndex } from './history.ts'
import type { MachineClock } from './machine-clock.ts'
import type { Network } from './network.ts'
import type { Recorder } from './recorder.ts'
import type { SimExecutor } from './sim-executor.ts'
import type { Sometimes } from './sometimes.ts'
import type { Timeline } from './timeline.ts'

export interface MachineParts {
  readonly timeline: Timeline
  readonly recorder: Recorder
  readonly random: Random
  readonly sometimes: Sometimes
  readonly clock: MachineClock
  readonly disk: Disk
  readonly executor: SimExecutor
  readonly network: Network
  readonly intents: Intents
}

export interface MachineInit {
  readonly index: NodeIndex
  readonly profile: ProfileName
  readonly seed: bigint
  readonly tags: Readonly<Record<string, string>>
  readonly hasPeers: boolean
  readonly harshStalls: boolean
}

/** How a process ends. */
export type Death = 'kill' | 'power' | 'stop'

const buildMs = Date.UTC(2025, 0, 1)

/** What differs from one start of a machine to the next. */
export interface Boot {
  readonly id: MemberId
  readonly epoch: string
  readonly startId: string
  readonly version: string
  readonly boots: number
}

/** The node that a process of a machine runs. */
export function createNode(
  { index, tags, profile, hasPeers, seed }: MachineInit,
  { id, epoch, startId, version, boots }: Boot,
): Node {
  return new Node(
    { crypto: fakeCrypto(id) },
    {
      identity: { member: id, clusterId, storeEpoch: epoch, startId },
      credentials: credentialsOf(id, tags),
      self: {
        name: `node-${index}`,
        version,
        weight: 16,
        executors: ['exec', 'shell', 'http'],
        engine: 'meshcron-1',
        timezoneData: 'simulated',
      },
      policy: openPolicy,
      profile,
      hasPeers,
      buildMs,
      defaultTimezone: 'UTC',
      seed: seed + BigInt(index * 1_000 + boots),
    },
  )
}
