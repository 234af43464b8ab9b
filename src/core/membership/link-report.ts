// What a member says about a link it had to another: the only evidence of absence.

import type { Author } from '../author.ts'
import type { MemberId } from '../ids.ts'
import { Openings } from '../trust/openings.ts'
import { isSignedBy, openSealed, type Sealed } from '../trust/envelope.ts'
import type { Crypto } from '../trust/crypto.ts'
import { readMember } from '../wire/forms.ts'
import {
  fail,
  hex,
  oneOf,
  read,
  record,
  u32,
  u53,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'

export interface LinkReport {
  readonly about: MemberId
  /** Incarnation that was heard on the link. */
  readonly incarnation: number
  /** `lost`: the connection closed; `silent`: open, but nothing comes; `ok`: it is back. */
  readonly finding: 'lost' | 'silent' | 'ok'
  /** Cluster time. */
  readonly atMs: number
  readonly reporter: MemberId
  /** The reporter's newest number counts; rises across restarts because it starts at the clock. */
  readonly number: number
}

export interface SealedReport {
  readonly report: LinkReport
  readonly bytes: Uint8Array
}

export interface OpenedReport extends SealedReport {
  readonly sealed: Sealed
}

const reportBytesMax = 1_024

const readReport: Reader<LinkReport> = record({
  about: readMember,
  incarnation: u32,
  finding: oneOf('lost', 'silent', 'ok'),
  atMs: u53,
  reporter: readMember,
  number: u53,
})

export function sealReport(author: Author, report: LinkReport): SealedReport {
  const { clusterId } = author.identity
  return { report, bytes: author.seal('report', { v: 1, clusterId, ...report }) }
}

const reports = new Openings<OpenedReport>()

/** Reads a report of this cluster; the signature is not checked here. */
export const openReport = (clusterId: string, bytes: Uint8Array): ReadResult<OpenedReport> =>
  reports.open(clusterId, bytes, () => openReportAnew(clusterId, bytes))

function openReportAnew(clusterId: string, bytes: Uint8Array): ReadResult<OpenedReport> {
  const sealed = openSealed('report', bytes, reportBytesMax)
  if (!sealed.ok) return sealed
  const reader: Reader<LinkReport> = (value) => {
    if (record({ clusterId: hex(32) })(value).clusterId !== clusterId) fail('of another cluster')
    return readReport(value)
  }
  const report = read(reader, sealed.value.body)
  if (!report.ok) return report
  return { ok: true, value: { report: report.value, bytes, sealed: sealed.value } }
}

export const isSignedByReporter = (crypto: Crypto, opened: OpenedReport): boolean =>
  isSignedBy(crypto, opened.report.reporter, opened.sealed)
