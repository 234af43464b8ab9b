// Numbers of this adapter alone; bounds that the core knows too stand in core/limits.ts.

import type { Channel } from '../../core/effect.ts'
import { limits } from '../../core/limits.ts'
import type { ServedProtocol } from '../../ports/network.ts'

/** Protocol ids of the long-lived streams. */
export const channelProtocols: Readonly<Record<Channel, string>> = {
  heartbeat: '/meshcron/hb/1',
  exec: '/meshcron/exec/1',
}

/** Protocol ids of questions with one answer. */
export const requestProtocols: Readonly<Record<ServedProtocol, string>> = {
  hello: '/meshcron/hello/1',
  sync: '/meshcron/sync/1',
  register: '/meshcron/register/1',
  out: '/meshcron/out/1',
}

/** Largest frame of each long-lived stream. */
export const channelBytesMax: Readonly<Record<Channel, number>> = {
  heartbeat: limits.heartbeatBytesMax,
  exec: limits.execFrameBytesMax,
}

/** Largest question or answer; a hello is read before anybody is trusted. */
export const requestBytesMax: Readonly<Record<ServedProtocol, number>> = {
  hello: limits.helloBytesMax,
  sync: limits.frameBytesMax,
  register: limits.registerFrameBytesMax,
  out: limits.frameBytesMax,
}

/** Streams of one protocol on one connection: the callers' limit of 4 in flight, with room. */
export const streamLimits = { maxInboundStreams: 8, maxOutboundStreams: 8 } as const

/** Both sides admit within a hello's round trip; a stream that comes earlier waits this long. */
export const admissionWaitMs = 3_000
/** Streams of one peer that wait for its admission; the next one is aborted. */
export const admissionWaitersMax = 12
/** Peers connected without being admitted, at once; further strangers are refused. */
export const strangersMax = 16

/** Opening a stream on an existing connection: two round trips. */
export const streamOpenMs = 5_000
/** Between two attempts to open the same long-lived stream, doubling from the first to the last. */
export const streamRetryMs = { first: 100, last: 5_000 } as const

/** Questions in flight to one peer and protocol; the handlers' limit of 8 holds both directions. */
export const requestsInFlightMax = 4
/** Callers that wait for one of those places; the next one is told at once. */
export const requestsWaitingMax = 64
/** A question that is not answered by then is given up by the side that serves it. */
export const serveMs = 30_000

/** Verdicts on gossip that are awaited at once; beyond it messages are ignored. */
export const verdictsMax = 1_024
/** A verdict that takes longer counts as `ignore`. */
export const verdictMs = 2_000
/** Gossip taken from one peer. */
export const gossipRate = { perSecond: 100, burst: 500 } as const
/** Frames taken from one peer on `exec`. */
export const execRate = { perSecond: 500, burst: 2_000 } as const
