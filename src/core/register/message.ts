// Questions and answers of the register as they travel: one question, one answer, a stream for each.

import type { Cbor } from '../wire/cbor.ts'
import { decode, encode } from '../wire/cbor.ts'
import { line, readExecution, readJobName, readMember } from '../wire/forms.ts'
import {
  hex,
  list,
  read,
  record,
  text,
  u16,
  u32,
  u53,
  variant,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import { limits } from '../limits.ts'
import type { Accepted, Answer, Ballot, Cell, Claim, Question, Roster } from './register.ts'

const readStartId = hex(16)
/** `nobody` has no start id. */
const readPromisedBy = text({ max: 16, form: /^([0-9a-f]{16})?$/ })
const readBallot: Reader<Ballot> = record({ round: u32, startId: readStartId })
const readPromised: Reader<Ballot> = record({ round: u32, startId: readPromisedBy })
const readSeat = record({ member: readMember, storeEpoch: hex(16) })

export const readRoster: Reader<Roster> = record({
  epoch: u16,
  fromMs: u53,
  seats: list(readSeat, { max: limits.rosterMax }),
})

const readClaim: Reader<Claim> = record({
  execution: readExecution,
  dueMs: u53,
  attempt: u16,
  owner: readMember,
  startId: readStartId,
  fence: u53,
})

const orNull =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value) =>
    value === null ? null : reader(value)

const readAccepted = <V>(value: Reader<V>): Reader<Accepted<V> | null> =>
  orNull(record({ ballot: readBallot, value }) as Reader<Accepted<V>>)

const subject = { job: readJobName, generation: u32, roster: readRoster }
const readSeries = text({ max: 160, form: /^[a-z0-9_.:~-]+$/ })

const readQuestion: Reader<Question> = variant('kind', {
  prepare: record({ ...subject, series: readSeries, dueMs: u53, ballot: readBallot }),
  accept: record({ ...subject, series: readSeries, claim: readClaim, ballot: readBallot }),
  prepareRoster: record({ ...subject, ballot: readBallot }),
  acceptRoster: record({ ...subject, next: readRoster, ballot: readBallot }),
})

const readAnswer: Reader<Answer> = variant('kind', {
  promise: record({ accepted: readAccepted(readClaim) }),
  promiseRoster: record({ accepted: readAccepted(readRoster) }),
  accepted: record({}),
  refuse: record({ promised: readPromised }),
  moved: record({ next: readRoster }),
  void: record({ reason: line(255) }),
})

const readCell = <V>(value: Reader<V>): Reader<Cell<V>> =>
  record({ promised: readBallot, accepted: readAccepted(value) }) as Reader<Cell<V>>

const claimCell = readCell(readClaim)
const rosterCell = readCell(readRoster)

export const encodeQuestion = (question: Question): Uint8Array =>
  encode(question as unknown as Cbor)

export const encodeAnswer = (answer: Answer): Uint8Array => encode(answer as unknown as Cbor)

export const encodeCell = (cell: Cell<Claim> | Cell<Roster>): Uint8Array =>
  encode(cell as unknown as Cbor)

const decodeAs =
  <T>(reader: Reader<T>) =>
  (bytes: Uint8Array): ReadResult<T> => {
    const decoded = decode(bytes, { bytesMax: limits.registerFrameBytesMax })
    return decoded.ok ? read(reader, decoded.value) : decoded
  }

export const decodeQuestion: (bytes: Uint8Array) => ReadResult<Question> = decodeAs(readQuestion)
export const decodeAnswer: (bytes: Uint8Array) => ReadResult<Answer> = decodeAs(readAnswer)
export const decodeClaimCell: (bytes: Uint8Array) => ReadResult<Cell<Claim>> = decodeAs(claimCell)
export const decodeRosterCell: (bytes: Uint8Array) => ReadResult<Cell<Roster>> =
  decodeAs(rosterCell)
