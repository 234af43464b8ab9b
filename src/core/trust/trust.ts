// What this node holds true about certificates: its own, and those of others as of now.

import type { ClusterTime } from '../clock/cluster-clock.ts'
import type { ReadResult } from '../wire/read.ts'
import {
  openCertificate,
  verifyCertificate,
  type Anchor,
  type Certificate,
  type Chain,
  type OpenedCertificate,
  type Verified,
} from './certificate.ts'
import type { Credentials } from './credentials.ts'
import type { Crypto } from './crypto.ts'
import { invariant } from '../invariant.ts'

export class Trust {
  readonly anchor: Anchor
  readonly #crypto: Crypto
  readonly #time: () => ClusterTime | undefined
  readonly #signed = new WeakSet<OpenedCertificate>()
  readonly #own: Credentials

  constructor(
    components: { crypto: Crypto; time: () => ClusterTime | undefined },
    credentials: Credentials,
  ) {
    this.anchor = credentials.anchor
    this.#crypto = components.crypto
    this.#time = components.time
    this.#own = credentials
  }

  /** This node's own chain. */
  get chain(): Chain {
    return this.#own.chain
  }

  get certificate(): Certificate {
    const [bytes] = this.#own.chain
    const opened = bytes && openCertificate(this.anchor.clusterId, bytes)
    invariant(opened?.ok === true, 'credentials hold a certificate')
    return opened.value.certificate
  }

  /** Whether a chain counts now; ends are read only while the clock is synced. */
  verify(chain: Chain): ReadResult<Verified> {
    const time = this.#time()
    return verifyCertificate(chain, {
      crypto: this.#crypto,
      anchor: this.anchor,
      nowMs: time?.state === 'synced' ? time.clusterMs : undefined,
      signed: this.#signed,
    })
  }
}
