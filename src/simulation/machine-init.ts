// What a simulated machine is put together from.

import type { ProfileName } from '../core/limits.ts'
import type { Random } from '../core/random.ts'
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
