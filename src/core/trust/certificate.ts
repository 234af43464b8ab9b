// Who is a member, and what it may decide. A certificate ties a member's key to roles and tags; it is
// signed by the cluster key, or by an admin whose own certificate the cluster key has signed. A chain is
// the certificate and, when an admin issued it, that admin's: nothing longer exists.
//
// Validity is read against cluster time, and only while that is known: a machine that boots in 1970 must
// still join. Expiry is hygiene; taking something away from a member is the work of revocation.

import { compareHlc, encodeHlc, readHlc, type Hlc } from '../clock/hybrid.ts'
import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import type { Cbor } from '../wire/cbor.ts'
import { readMember, readTexts } from '../wire/forms.ts'
import {
  bytes as bytesOf,
  fail,
  hex,
  integer,
  list,
  oneOf,
  read,
  record,
  tuple,
  u48,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import type { Crypto } from './crypto.ts'
import { isSignedBy, openSealed, seal, sealedId, type Sealed } from './envelope.ts'
import { Openings } from './openings.ts'

/** `admin` certifies and invites, `author` writes definitions and commands, `executor` runs, `viewer` reads. */
export const roles = ['admin', 'author', 'executor', 'viewer'] as const
export type Role = (typeof roles)[number]

/** An admin as an issuer: the certificate that it held when it signed. */
export interface Issuer {
  readonly peerId: MemberId
  readonly serial: Hlc
}

export interface Certificate {
  readonly clusterId: string
  readonly peerId: MemberId
  /** X25519: to whom secrets are encrypted. */
  readonly encryptionKey: Uint8Array
  /** In the order of `roles`, each once, at least one. */
  readonly roles: readonly Role[]
  readonly tags: Readonly<Record<string, string>>
  readonly notBefore: number
  readonly notAfter: number
  /** The issuer's hybrid clock: of one member's certificates the highest counts. */
  readonly serial: Hlc
  readonly issuer: 'cluster' | Issuer
}

/** What every certificate of a cluster hangs on. */
export interface Anchor {
  readonly clusterId: string
  /** The public cluster key, written as the id of the member that would hold it. */
  readonly clusterKey: MemberId
}

/** A certificate, and the issuing admin's behind it. */
export type Chain = readonly Uint8Array[]

/** A certificate as it came, not yet verified. */
export interface OpenedCertificate {
  readonly certificate: Certificate
  readonly sealed: Sealed
}

/** A certificate that verified; `expired`: its member stays admitted, but may not author or issue. */
export interface Verified {
  readonly certificate: Certificate
  readonly standing: 'valid' | 'expired'
}

/** Against what a chain is verified. */
export interface Verifying {
  readonly crypto: Pick<Crypto, 'verify'>
  readonly anchor: Anchor
  /** Cluster time; undefined while the clock is not synced. */
  readonly nowMs: number | undefined
  /** Why a certificate does not count any more; undefined while it does. */
  readonly revoked?: (certificate: Certificate) => string | undefined
  /** Certificates whose signature this node has checked. */
  readonly signed?: WeakSet<OpenedCertificate>
}

const version = 1

/** Signs a certificate with the cluster key or an admin's: `issuer` holds that key. */
export function signCertificate(issuer: Crypto, certificate: Certificate): Uint8Array {
  const { serial, issuer: by, ...fields } = certificate
  return seal(issuer, 'certificate', {
    v: version,
    ...(fields as unknown as Record<string, Cbor>),
    roles: roles.filter((role) => certificate.roles.includes(role)),
    serial: encodeHlc(serial),
    issuer: by === 'cluster' ? by : [by.peerId, encodeHlc(by.serial)],
  })
}

const readIssuerPair = tuple<readonly [MemberId, Hlc]>(readMember, readHlc)

const readIssuer: Reader<'cluster' | Issuer> = (value) => {
  if (value === 'cluster') return value
  const [peerId, serial] = readIssuerPair(value)
  return { peerId, serial }
}

const readRoleList = list<Role>(oneOf(...roles), { max: roles.length })

const readRoles: Reader<readonly Role[]> = (value) => {
  const found = readRoleList(value)
  if (found.length === 0) fail('no role')
  const inOrder = roles.filter((role) => found.includes(role))
  if (inOrder.join() !== found.join()) fail('roles twice or out of order')
  return found
}

const readHead = record({ v: integer(version, version), clusterId: hex(32) })

const readBody = record({
  peerId: readMember,
  encryptionKey: bytesOf(32),
  roles: readRoles,
  tags: readTexts,
  notBefore: u48,
  notAfter: u48,
  serial: readHlc,
  issuer: readIssuer,
})

const openings = new Openings<OpenedCertificate>()

/** Reads a certificate of this cluster; nothing is verified yet. */
export const openCertificate = (
  clusterId: string,
  bytes: Uint8Array,
): ReadResult<OpenedCertificate> =>
  openings.open(clusterId, bytes, () => openAnew(clusterId, bytes))

function openAnew(clusterId: string, bytes: Uint8Array): ReadResult<OpenedCertificate> {
  const sealed = openSealed('certificate', bytes, limits.certificateBytesMax)
  if (!sealed.ok) return sealed
  const reader: Reader<Certificate> = (value) => {
    if (readHead(value).clusterId !== clusterId) fail('of another cluster')
    return { clusterId, ...readBody(value) }
  }
  const certificate = read(reader, sealed.value.body)
  if (!certificate.ok) return certificate
  return { ok: true, value: { certificate: certificate.value, sealed: sealed.value } }
}

/** Whether a chain makes its first certificate count; cheapest checks first, signatures last. */
export function verifyCertificate(chain: Chain, against: Verifying): ReadResult<Verified> {
  const { clusterId } = against.anchor
  const [first, second] = chain
  if (first === undefined) return no('no certificate')
  const own = openCertificate(clusterId, first)
  if (!own.ok) return own
  const by = second === undefined ? undefined : openCertificate(clusterId, second)
  if (by?.ok === false) return no(`of its issuer: ${by.reason}`)
  const { certificate } = own.value
  const issuer = by?.value.certificate
  const fault =
    (chain.length > 2 ? 'a chain of more than two certificates' : undefined) ??
    issuerFault(certificate, issuer) ??
    against.revoked?.(certificate) ??
    (issuer === undefined ? undefined : against.revoked?.(issuer)) ??
    validityFault(certificate, against.nowMs)
  if (fault !== undefined) return no(fault)
  if (by !== undefined && !isSigned(by.value, against)) return no('its issuer is forged')
  if (!isSigned(own.value, against)) return no('a bad signature')
  const { nowMs } = against
  const isExpired = nowMs !== undefined && nowMs > certificate.notAfter
  return { ok: true, value: { certificate, standing: isExpired ? 'expired' : 'valid' } }
}

const no = (reason: string): ReadResult<never> => ({ ok: false, reason })

/** Whether the one that signed may: the cluster key all, an admin all but admins, others nothing. */
function issuerFault(own: Certificate, issuer: Certificate | undefined): string | undefined {
  if (own.issuer === 'cluster') {
    return issuer === undefined ? undefined : 'an issuer’s certificate that it does not name'
  }
  if (own.roles.includes('admin')) return 'only the cluster key makes admins'
  if (issuer === undefined) return 'its issuer’s certificate is missing'
  if (issuer.issuer !== 'cluster') return 'a chain of more than two certificates'
  if (!issuer.roles.includes('admin')) return 'its issuer is no admin'
  const { peerId, serial } = own.issuer
  if (issuer.peerId !== peerId || compareHlc(issuer.serial, serial) !== 0) {
    return 'issued under another certificate'
  }
  const issuedMs = own.serial.ms
  if (issuedMs < issuer.notBefore || issuedMs > issuer.notAfter) {
    return 'its issuer’s certificate was not valid when it was issued'
  }
  return undefined
}

function validityFault(certificate: Certificate, nowMs: number | undefined): string | undefined {
  const { notBefore, notAfter, serial } = certificate
  if (notAfter < notBefore) return 'it ends before it begins'
  if (nowMs === undefined) return undefined
  const aheadMs = nowMs + limits.certificateAheadMs
  if (serial.ms > aheadMs) return 'its serial lies in the future'
  if (notBefore > aheadMs) return 'not valid yet'
  if (nowMs > notAfter + limits.certificateGraceMs) return 'expired'
  return undefined
}

function isSigned(opened: OpenedCertificate, { crypto, anchor, signed }: Verifying): boolean {
  if (signed?.has(opened) === true) return true
  const { issuer } = opened.certificate
  const by = issuer === 'cluster' ? anchor.clusterKey : issuer.peerId
  if (!isSignedBy(crypto, by, opened.sealed)) return false
  signed?.add(opened)
  return true
}

/** Whether `a` counts instead of `b`, another certificate of the same member. */
export function supersedes(crypto: Crypto, a: OpenedCertificate, b: OpenedCertificate): boolean {
  const order = compareHlc(a.certificate.serial, b.certificate.serial)
  if (order !== 0) return order > 0
  return sealedId(crypto, a.sealed.bytes) < sealedId(crypto, b.sealed.bytes)
}

/** The id of a cluster, from the raw bytes of its public key. */
export function clusterIdOf(sha256: Crypto['sha256'], clusterKey: Uint8Array): string {
  const label = new TextEncoder().encode('meshcron/cluster/1')
  const named = new Uint8Array(label.length + clusterKey.length)
  named.set(label)
  named.set(clusterKey, label.length)
  let digits = ''
  for (const byte of sha256(named).subarray(0, 16)) digits += byte.toString(16).padStart(2, '0')
  return digits
}
