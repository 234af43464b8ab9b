// Which release a machine runs. The next one has the same protocols and says more than this one
// knows: every map that it sends has a field whose name nobody here can read. What is signed stays as
// it is: a field inside of it would need the next release's own code.

import type { Effect } from '../core/effect.ts'
import { decode, encode } from '../core/wire/cbor.ts'
import { limits } from '../core/limits.ts'

export interface Release {
  readonly version: string
  /** Changes what is sent. */
  readonly say: (effect: Effect) => Effect
}

export const thisRelease: Release = { version: '0.1.0', say: (effect) => effect }

export const nextRelease: Release = { version: '0.2.0', say: withUnknownField }

function withUnknownField(effect: Effect): Effect {
  if (!('bytes' in effect) || (effect.kind === 'send' && effect.channel === 'heartbeat'))
    return effect
  const decoded = decode(effect.bytes, { bytesMax: limits.frameBytesMax })
  if (!decoded.ok || !isMap(decoded.value)) return effect
  return { ...effect, bytes: encode({ ...decoded.value, zNextRelease: [1, 'unknown'] }) }
}

const isMap = (value: unknown): value is Record<string, never> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array)
