/** Primitives for signatures and hashes; the contract stands with the rules that use them. */
export type { Crypto } from '../core/trust/crypto.ts'
