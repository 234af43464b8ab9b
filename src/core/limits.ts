// Every bound of the system in one place, each with its reason and what happens when it is reached.

import { invariant } from './invariant.ts'

/** Timers of a profile, in milliseconds; the comments say what each does. */
export interface Timers {
  /** Heartbeat period; smaller notices hangs sooner and costs more traffic. */
  readonly heartbeatMs: number
  /** Silence before a link is reported `silent`. */
  readonly silenceMs: number
  /** From a closed link to the report `lost`: radio links come back within it. */
  readonly lossDebounceMs: number
  /** One unrefuted report is enough after this. */
  readonly singleReportMs: number
  /** From unreachable to down. */
  readonly downAfterMs: number
  /** A fact counts for planned starts at least this much later. */
  readonly settleMs: number
  /** How far ahead joins, leaves and attribute changes are announced. */
  readonly leadMs: number
  /** Wait per alive better rank. */
  readonly graceMs: number
  /** A direct question; a relayed one may take twice as long. */
  readonly probeMs: number
  /** Published bound on the lateness of at-least-once. */
  readonly takeoverWindowMs: number
  /** Ready without peers although peers are configured. */
  readonly aloneMs: number
  /** A node record is published again. */
  readonly refreshMs: number
  /** Anti-entropy with one random member. */
  readonly syncMs: number
  /** Records to one peer are sent together within this. */
  readonly batchMs: number
  /** A wake is asked for at least this often. */
  readonly wakeMs: number
}

export type ProfileName = 'lan' | 'wan' | 'iot'

export const profiles: Readonly<Record<ProfileName, Timers>> = {
  lan: {
    heartbeatMs: 400,
    silenceMs: 1_200,
    lossDebounceMs: 0,
    singleReportMs: 3_000,
    downAfterMs: 30_000,
    settleMs: 5_000,
    leadMs: 10_000,
    graceMs: 2_000,
    probeMs: 1_000,
    takeoverWindowMs: 15_000,
    aloneMs: 30_000,
    refreshMs: 60_000,
    syncMs: 10_000,
    batchMs: 50,
    wakeMs: 100,
  },
  wan: {
    heartbeatMs: 1_000,
    silenceMs: 4_000,
    lossDebounceMs: 0,
    singleReportMs: 6_000,
    downAfterMs: 60_000,
    settleMs: 10_000,
    leadMs: 20_000,
    graceMs: 5_000,
    probeMs: 3_000,
    takeoverWindowMs: 45_000,
    aloneMs: 60_000,
    refreshMs: 60_000,
    syncMs: 20_000,
    batchMs: 100,
    wakeMs: 250,
  },
  iot: {
    heartbeatMs: 3_000,
    silenceMs: 12_000,
    lossDebounceMs: 2_000,
    singleReportMs: 15_000,
    downAfterMs: 300_000,
    settleMs: 15_000,
    leadMs: 30_000,
    graceMs: 15_000,
    probeMs: 5_000,
    takeoverWindowMs: 120_000,
    aloneMs: 120_000,
    refreshMs: 300_000,
    syncMs: 120_000,
    batchMs: 500,
    wakeMs: 1_000,
  },
}

export const limits = {
  /** Members known: full mesh ends here; a hello beyond it is refused `full`. */
  membersMax: 64,
  /** Jobs, deleted ones included; a write beyond it is refused MC_CATALOG_FULL. */
  jobsMax: 110_000,
  /** Jobs kept with their winners worked out; more cost the working out at each look. */
  resolvedJobsMax: 16_384,
  /** One write of one job, encoded; larger ones are refused at write and rejected from peers. */
  intentBytesMax: 65_536,
  /** Concurrent values of one field group; the last in resolution order is dropped and counted. */
  siblingsMax: 8,
  /** Actors in one group's context; a write beyond it is refused MC_CLOCK_FULL. */
  contextActorsMax: 256,
  /** A gossiped message: receivers kill the link on frames far above it. */
  gossipBytesMax: 16_384,
  /** A frame on any stream. */
  frameBytesMax: 262_144,
  heartbeatBytesMax: 512,
  /** Holds a record with the largest parameters. */
  execFrameBytesMax: 32_768,
  helloBytesMax: 16_384,
  /** With the certificates in it; those of honest members are far smaller. */
  nodeRecordBytesMax: 12_288,
  /** A certificate, sealed; larger ones are refused unread. */
  certificateBytesMax: 2_048,
  /** A certificate is valid for 90 days, and its member stays admitted for 90 more. */
  certificateValidMs: 7_776_000_000,
  certificateGraceMs: 7_776_000_000,
  /** Tolerated ahead of a synced clock: clocks of honest members differ less. */
  certificateAheadMs: 60_000,
  /** So long after a certificate begins the tags of the one before may still be in force. */
  formerTagsMs: 120_000,
  /** Sealed things of one kind kept opened; others are opened again when a copy comes. */
  openingsMax: 512,
  /** A page of anti-entropy leaves room for its envelope inside a frame. */
  pageBytesMax: 200_000,
  /** Undelivered messages to one peer; heartbeats replace each other, an exec stream is closed and re-pulled. */
  peerQueueMessagesMax: 1_024,
  peerQueueBytesMax: 1_048_576,
  /** Reports kept per member and incarnation. */
  reportsMax: 16,
  neighboursMax: 64,
  addressesMax: 8,
  addressBytesMax: 128,
  tagsMax: 32,
  factsMax: 64,
  /** Of a `where` condition. */
  conditionCharsMax: 1_024,
  /** Conditions that are kept as they were read. */
  conditionsCachedMax: 1_024,
  /** Slots of one execution; a document with more is refused. */
  slotsMax: 64,
  /** Jobs that one job is after. */
  edgesMax: 64,
  /** Jobs in a row, and executions of one root: children beyond it end `capped`. */
  graphDepthMax: 32,
  graphRunsMax: 256,
  /** Children that wait for more parents; the oldest is forgotten. */
  joinsWaitingMax: 8_192,
  /** Run sets that are kept worked out. */
  runSetsCachedMax: 1_024,
  /** Kinds of executors and plugins of one node; more plugins are not offered. */
  executorsMax: 20,
  /** Profiles of one policy. */
  profilesMax: 16,
  /** Ticks that wait for their record or our turn; the farthest is dropped and counted. */
  watchesMax: 65_536,
  /** Outcomes that another member is to record first; beyond, they are recorded at once. */
  untoldMax: 4_096,
  probesInFlightMax: 512,
  relaysInFlightMax: 128,
  nudgesPerAttemptMax: 2,
  /** Members asked in one question. */
  probeTargetsMax: 8,
  /** Better ranks alive above which a candidate only stands by: three members know each tick. */
  armedRanksMax: 2,
  /** Settled executions kept in memory per job; older ones are in the store only. */
  ledgerSettledPerJobMax: 64,
  /** The same of ticks that are still to come, which a member with a clock ahead has settled. */
  ledgerAheadPerJobMax: 1_024,
  /** Dispatches remembered per job, so that a key said twice starts once. */
  dispatchesPerJobMax: 1_024,
  openExecutionsPerJobMax: 1_024,
  /** Failures in a row that a job may be paused for: so many ends are kept of it. */
  failuresInRowMax: 32,
  /** Executions of a job that wait for an earlier one; more are passed over (`queue-full`). */
  queuedPerJobMax: 1_000,
  /** A question or an answer of the register. */
  registerFrameBytesMax: 4_096,
  /** Registers that one node remembers: beyond it claims of new ones are refused, nothing is forgotten. */
  registersMax: 65_536,
  /** Claims and changes of a roster on their way in one node; more wait for their turn to ask. */
  campaignsMax: 4_096,
  /** Acceptors of one roster. */
  rosterMax: 7,
  /** A claim due later than this by an acceptor's clock is refused: it would close the register to earlier ones. */
  claimAheadMs: 30_000,
  /** A new generation of a live job has no ticks for so long: the old one is known to be over by then. */
  generationPauseMs: 60_000,
  /** Executions that one node runs at once; beyond it declines to the next rank. */
  runningMax: 256,
  /** Ticks judged in one wake, so that heartbeats are read in between. */
  ticksPerWakeMax: 2_000,
  /** Ticks of one job looked at when it catches up. */
  catchUpTicksMax: 64,
  /** Ticks of one job that `misfire: all` may run; older ones are missed. */
  catchUpRunsMax: 1_000,
  /** A tick judged this much after its planned start asks before it starts. */
  lateAfterMs: 250,
  /** Events waiting for the core; then gossip, sync and exec are refused in this order. */
  eventQueueMax: 16_384,
  /** A wake this late means that the process or the machine slept. */
  resumeAfterMs: 5_000,
  /** The loop lag beyond which the node judges nobody. */
  stallMs: 100,
  wallJumpMs: 2_000,
  /** Members with whom a node exchanges everything before it is ready, if so many are alive. */
  exchangesWanted: 3,
  /** Random member pulls and mismatch pulls: at most one per peer in this time, two at once. */
  pullPauseMs: 2_000,
  pullsMax: 2,
  /** Watermarks in one page of a first pull: about 150 bytes each at most. */
  watermarksPerPageMax: 1_000,
  refutePauseMs: 2_000,
  viewExchangePauseMs: 10_000,
  /** Idempotency keys and nonces are remembered this long. */
  dispatchMemoryMs: 86_400_000,
  /** Writes kept while the store fails; later ones are pulled from peers instead. */
  unstoredWritesMax: 10_000,
  /** After the drain: TERM, grace, KILL and the last reports of what still runs. */
  stopRunningMs: 15_000,
  /** For another member to hear the last records of a node that goes. */
  lastWordsMs: 3_000,
  outputHeadBytes: 65_536,
  outputTailBytes: 262_144,
  /** What an attempt says as its result; longer is not taken and a warning says so. */
  resultBytesMax: 4_096,
  /** One line of a plugin; a longer one breaks the protocol. */
  pluginLineBytesMax: 262_144,
  /** Times that one tick is run again. */
  replaysMax: 1_000,
  /** Parameters of a job, and all that is said of them in one execution, as JSON. */
  paramsMax: 64,
  paramsBytesMax: 16_384,
  argvBytesMax: 131_072,
  bodyBytesMax: 1_048_576,
  /** Messages to people that wait for their delivery; a further one is dropped and told of. */
  noticesMax: 1_024,
  /** One is tried for so long, and remembered a little longer. */
  noticeMemoryMs: 86_400_000,
  toldMemoryMs: 90_000_000,
  toldMax: 4_096,
  toldBytesMax: 512,
  /** Ends of a job that its rules look at. */
  noticeEndsMax: 32,
  /** Messages of one channel in a minute; more go together, so many in one. */
  noticesPerMinuteMax: 20,
  digestNoticesMax: 64,
  /** A delivery takes at most so long; its answer is waited for a little longer. */
  noticeTimeoutMs: 10_000,
  noticeAnswerMs: 60_000,
  channelsMax: 32,
  notifyRulesMax: 32,
  /** Tokens of one node's API, and how long one may count. */
  tokensMax: 64,
  tokenTtlMsMax: 316_224_000_000,
  /** A join token: fits one QR code that a phone reads off a terminal. */
  joinTokenCharsMax: 200,
  /** A message of an enrolment, of which the largest holds a certificate and addresses. */
  enrolBytesMax: 16_384,
  /** Connections of the enrolment host at once, and how long one may last. */
  enrolConnectionsMax: 16,
  enrolConnectionMs: 10_000,
  /** Addresses that a new member is told. */
  enrolPeersMax: 16,
  /** Invites remembered; the oldest that has ended makes room, without one a new one is refused. */
  invitesMax: 16,
  inviteUsesMax: 64,
  /** Guests of one invite that wait or were refused; the next one is told to ask later. */
  inviteWaitingMax: 16,
  inviteTtlMs: 3_600_000,
  inviteTtlMsMax: 2_592_000_000,
  inviteFileBytesMax: 8_388_608,
  /** Wrong proofs after which an invite is closed. */
  wrongMacsMax: 5,
  /** Rows answered by a list in one page. */
  pageRowsMax: 1_000,
} as const

for (const [name, timers] of Object.entries(profiles)) {
  invariant(timers.silenceMs >= 3 * timers.heartbeatMs, `${name}: silence ≥ 3 heartbeats`)
  invariant(timers.graceMs > timers.probeMs, `${name}: grace > probe`)
  invariant(timers.leadMs >= 2 * timers.settleMs, `${name}: lead ≥ 2 settle`)
  invariant(timers.downAfterMs > timers.takeoverWindowMs, `${name}: down > takeover window`)
  invariant(10 * timers.heartbeatMs <= 120_000, `${name}: heartbeats keep sockets open`)
}
invariant(limits.gossipBytesMax * 16 <= limits.frameBytesMax, 'a gossip frame holds 16 messages')
invariant(limits.intentBytesMax < limits.pageBytesMax, 'a page holds every intent')
invariant(
  limits.digestNoticesMax * limits.toldBytesMax <= limits.execFrameBytesMax,
  'a frame holds the facts of a digest',
)
