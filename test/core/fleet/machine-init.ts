// What a simulated machine is made from, and what it leaves behind.

import type { Launch } from '../../../src/core/effect.ts'
import type { AttemptId } from '../../../src/core/ids.ts'
import type { ProfileName } from '../../../src/core/limits.ts'
import type { Notice } from '../../../src/core/notify/notice.ts'
import type { NotifyInit } from '../../../src/core/notify/notify.ts'
import type { Timeline } from './timeline.ts'
import type { Wires } from './wires.ts'

/** True time of the beginning, as the wall clocks show it. */
export const epochMs: number = Date.UTC(2026, 0, 5, 8, 0, 0)

/** An attempt that was started, by ground truth. */
export interface Start {
  readonly attempt: AttemptId
  readonly execution: string
  readonly job: string
  readonly slot: string
  readonly node: number
  /** True UTC milliseconds. */
  readonly atMs: number
  readonly plannedMs: number
  endMs: number | undefined
  env?: Readonly<Record<string, string>>
  input?: string | undefined
  result?: string | undefined
  termMs?: number | undefined
}

/** How an attempt goes; `durationMs` Infinity: until it is stopped. */
export interface Script {
  readonly durationMs: number
  readonly exit: number
  /** What it says as its result. */
  readonly result?: string
  /** From TERM to the end, 5 ms by default; KILL ends it at once. */
  readonly termMs?: number
}

export interface MachineInit {
  readonly index: number
  readonly profile: ProfileName
  readonly seed: bigint
  readonly tags: Readonly<Record<string, string>>
  readonly hasPeers: boolean
  readonly notify?: NotifyInit
  readonly maxRunning?: number
}

/** A message that left a node for a channel. */
export interface Sent {
  readonly node: number
  readonly channel: string
  readonly atMs: number
  readonly notices: readonly Notice[]
  readonly isDelivered: boolean
}

export interface Shared {
  readonly timeline: Timeline
  readonly wires: Wires
  readonly starts: Start[]
  readonly script: (launch: Launch, node: number) => Script
  readonly sent: Sent[]
  /** Why a channel does not take a message from a node; undefined: it does. */
  readonly deliver: (node: number, channel: string) => string | undefined
  readonly trace: (text: string) => void
}
