// Sealed things reach a member on several ways: by gossip, in every exchange of views, from the store.
// Those opened lately are kept, so that a copy costs a comparison of bytes. Reading is a function of the
// bytes alone, so it does not matter who has read them before; a signature is not checked here.

import { BoundedCache } from '../bounded-cache.ts'
import { limits } from '../limits.ts'
import type { ReadResult } from '../wire/read.ts'

export class Openings<T extends { readonly sealed: { readonly bytes: Uint8Array } }> {
  readonly #held = new BoundedCache<Extract<ReadResult<T>, { readonly ok: true }>>(
    limits.openingsMax,
  )

  /** What `open` makes of the bytes, which were sealed in this cluster. */
  open(clusterId: string, bytes: Uint8Array, open: () => ReadResult<T>): ReadResult<T> {
    // they end with a signature, so their ends differ
    const key = clusterId + String.fromCharCode(...bytes.subarray(-8))
    const held = this.#held.get(key)
    if (held !== undefined && areEqual(held.value.sealed.bytes, bytes)) return held
    const opened = open()
    if (opened.ok) this.#held.set(key, opened)
    return opened
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
