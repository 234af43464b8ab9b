import assert from 'node:assert/strict'
import { test } from 'node:test'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { createCrypto, memberOf, publicKeyOf } from '../../src/adapters/crypto/crypto.ts'
import { createKey } from '../../src/adapters/libp2p/key.ts'
import { memberId } from '../../src/core/ids.ts'

const text = new TextEncoder().encode('a message')

test('the id of a key is its libp2p PeerId', async () => {
  for (let i = 0; i < 10; i++) {
    const key = await createKey()
    assert.equal(memberOf(key.bytes), key.member)
    const raw = privateKeyFromProtobuf(key.bytes).publicKey.raw
    assert.deepEqual(publicKeyOf(key.member), new Uint8Array(raw))
  }
})

test('seed and protobuf are the same key, and libp2p agrees on signatures', async () => {
  const key = await createKey()
  const theirs = privateKeyFromProtobuf(key.bytes)
  const ours = createCrypto(key.bytes)
  const seeded = createCrypto(theirs.raw.slice(0, 32))
  const signature = ours.sign(text)
  assert.equal(signature.byteLength, 64)
  assert.deepEqual(seeded.sign(text), signature)
  assert.deepEqual(new Uint8Array(await theirs.sign(text)), signature)
  assert.equal(await theirs.publicKey.verify(text, signature), true)
  assert.equal(ours.verify(key.member, text, signature), true)
})

test('verify says no to everything else and never throws', async () => {
  const key = await createKey()
  const other = await createKey()
  const crypto = createCrypto(key.bytes)
  const signature = crypto.sign(text)
  const flipped = signature.with(3, signature[3]! ^ 1)
  const cases: readonly [string, string, Uint8Array, Uint8Array][] = [
    ['another author', other.member, text, signature],
    ['another text', key.member, text.with(0, 0), signature],
    ['another signature', key.member, text, flipped],
    ['a short signature', key.member, text, signature.subarray(1)],
    ['no signature', key.member, text, new Uint8Array()],
    ['zeros', key.member, text, new Uint8Array(64)],
    ['no id', '', text, signature],
    ['no base58', '0OIl', text, signature],
    ['an RSA id', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', text, signature],
    ['an endless id', key.member.repeat(1000), text, signature],
    ['a cut id', key.member.slice(0, -1), text, signature],
  ]
  for (const [what, author, bytes, signed] of cases) {
    assert.equal(crypto.verify(memberId(author), bytes, signed), false, what)
  }
})

test('more authors than are remembered verify all the same', async () => {
  const crypto = createCrypto(new Uint8Array(32).fill(1))
  for (let i = 0; i < 300; i++) {
    const seed = new Uint8Array(32).fill(i).with(0, i >> 8)
    const author = memberOf(seed)
    assert.equal(crypto.verify(author, text, createCrypto(seed).sign(text)), true, `${i}`)
  }
})

test('sha256 of the empty text is the known one, and a key of another form is refused', () => {
  const crypto = createCrypto(new Uint8Array(32))
  const empty = Buffer.from(crypto.sha256(new Uint8Array())).toString('hex')
  assert.equal(empty, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.throws(() => createCrypto(new Uint8Array(31)), /seed of 32 bytes/)
})
