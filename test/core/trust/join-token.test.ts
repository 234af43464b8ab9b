import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatToken, parseToken, type JoinToken } from '../../../src/core/trust/join-token.ts'
import { fromBase64url, toBase64url } from '../../../src/core/wire/text-forms.ts'
import { encode, type Cbor } from '../../../src/core/wire/cbor.ts'

const some = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
/** An IPv4, an IPv6 or a name with a port, as multiaddrs are in binary. */
const address = fc.oneof(some(8), some(20), fc.uint8Array({ minLength: 8, maxLength: 40 }))
const tokens: fc.Arbitrary<JoinToken> = fc.record({
  cluster: some(16),
  enroller: some(32),
  invite: some(8),
  secret: some(16),
  enrolKey: some(16),
  addresses: fc.array(address, { minLength: 1, maxLength: 4 }),
})
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const plainest = (all: readonly Uint8Array[]): readonly string[] => all.map(hex)
const plain = ({ addresses, ...rest }: JoinToken): unknown => [
  ...plainest(Object.values(rest)),
  ...plainest(addresses),
]

test('base64 for URLs is what Node makes of it, and only that is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = toBase64url(bytes)
      assert.equal(text, Buffer.from(bytes).toString('base64url'))
      assert.deepEqual(fromBase64url(text), bytes)
    }),
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      const bytes = fromBase64url(text)
      if (bytes !== undefined) assert.equal(toBase64url(bytes), text)
    }),
    { numRuns: 1_000 },
  )
})

test('a token comes back whole, with as many addresses as fit', () => {
  fc.assert(
    fc.property(tokens, (token) => {
      const text = formatToken(token)!
      assert.ok(text.length <= 200, text)
      const parsed = parseToken(` ${text}\n`)
      assert.ok(parsed.ok)
      const { addresses } = parsed.value
      assert.deepEqual(plain(parsed.value), plain({ ...token, addresses }))
      const lost = token.addresses.filter((one) => !plainest(addresses).includes(hex(one)))
      for (const one of lost)
        assert.equal(formatToken({ ...token, addresses: [...addresses, one] }), text)
      assert.equal(formatToken(parsed.value), text)
    }),
  )
})

test('a token with two addresses of any family has at most 200 characters', () => {
  const [token] = fc.sample(tokens, 1)
  const six = new Uint8Array(20).fill(0xff)
  const parsed = parseToken(formatToken({ ...token!, addresses: [six, six] })!)
  assert.ok(parsed.ok && parsed.value.addresses.length === 2)
})

test('an address that does not fit is left out, and without any there is no token', () => {
  const [token] = fc.sample(tokens, 1)
  const long = new Uint8Array(100)
  const short = new Uint8Array(8)
  const parsed = parseToken(formatToken({ ...token!, addresses: [long, short] })!)
  assert.ok(parsed.ok)
  assert.deepEqual(parsed.value.addresses, [short])
  assert.equal(formatToken({ ...token!, addresses: [long] }), undefined)
})

test('what is no token is refused in words, whatever it is', () => {
  const refusal = (text: string): string => {
    const parsed = parseToken(text)
    assert.ok(!parsed.ok, text)
    assert.equal(parsed.refusal.code, 'MC_BAD_TOKEN')
    return parsed.refusal.message
  }
  fc.assert(fc.property(fc.string(), (text) => void refusal(text)))
  fc.assert(fc.property(fc.base64String(), (text) => void refusal(`mc1:${text}`)))
  const text = formatToken(fc.sample(tokens, 1)[0]!)!
  assert.match(refusal(text.slice(4)), /begin with mc1:/)
  assert.match(refusal(text.slice(0, -1)), /missing/)
  assert.match(refusal(`${text}=`), /character/)
  assert.match(refusal(`mc1:${'A'.repeat(300)}`), /too long/)
})

test('nothing but the six parts in their sizes is a token', () => {
  const part = (size: number): Uint8Array => new Uint8Array(size)
  const good: readonly Cbor[] = [part(16), part(32), part(8), part(16), part(16), [part(8)]]
  const read = (value: Cbor): boolean => parseToken(`mc1:${toBase64url(encode(value))}`).ok
  assert.ok(read(good))
  for (let i = 0; i < good.length; i++) {
    assert.ok(!read(good.with(i, part(17))), `part ${i} of another size`)
    assert.ok(!read(good.with(i, 'x')), `part ${i} of another type`)
    assert.ok(!read(good.toSpliced(i, 1)), `without part ${i}`)
  }
  assert.ok(!read([...good, part(1)]))
  assert.ok(!read(good.with(5, [])), 'nobody could be dialled')
})
