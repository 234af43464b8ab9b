import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MemberId } from '../../../src/core/ids.ts'
import { limits } from '../../../src/core/limits.ts'
import type { Result } from '../../../src/core/result.ts'
import { verifyCertificate } from '../../../src/core/trust/certificate.ts'
import {
  decodeAnswer,
  decodeApplication,
  decodeOffer,
  decodeRequest,
  dialogMac,
  encodeApplication,
  encodeRequest,
  type Answer,
} from '../../../src/core/trust/enrol-message.ts'
import { decideWaiting, waitingIn } from '../../../src/core/trust/enroller.ts'
import {
  decodeBook,
  findInvite,
  inviteName,
  openInvite,
  revokeInvite,
  stateOf,
  usesLeft,
} from '../../../src/core/trust/invites.ts'
import type { Outcome } from '../../../src/core/trust/joiner.ts'
import { areSame, deriveKey, hmac } from '../../../src/core/trust/mac.ts'
import { encode } from '../../../src/core/wire/cbor.ts'
import { anchor, certify, clusterKey, signer } from './certificates.ts'
import {
  admin,
  cluster,
  Desk,
  dial,
  emptyBook,
  encryptionKey,
  filled,
  inviteOf,
  joinerOf,
  networkKey,
  secret,
} from './enrol-desk.ts'

const crypto = admin.crypto
const member = (letter: string): MemberId => signer(letter).peerId

const kindOf = (outcome: Result<Outcome>): string =>
  outcome.ok ? outcome.value.kind : outcome.refusal.message

function answerOf(frame: Uint8Array): Answer {
  const answer = decodeAnswer(frame)
  assert.ok(answer.ok)
  return answer.value
}

test('HMAC and HKDF are what Node makes of them', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 150 }),
      fc.uint8Array({ maxLength: 200 }),
      (key, message) => {
        const expected = createHmac('sha256', key).update(message).digest()
        assert.ok(expected.equals(hmac(crypto, key, message)))
        const derived = Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), 'why', 32))
        assert.ok(derived.equals(deriveKey(crypto, key, 'why')))
        assert.equal(areSame(key, message), Buffer.from(key).equals(message))
      },
    ),
  )
})

test('SEC-20 who holds the invite joins with its roles and tags, and learns the network key', () => {
  const desk = new Desk({ tags: { site: 'barn' }, allowTags: ['rack'] })
  const outcome = dial(desk, member('J'), { tags: { rack: '4' } })
  assert.ok(outcome.ok && outcome.value.kind === 'joined', kindOf(outcome))
  const { joined } = outcome.value
  assert.deepEqual(joined.networkKey, networkKey)
  assert.deepEqual(joined.anchor, anchor)
  const verified = verifyCertificate(joined.chain, { crypto, anchor, nowMs: undefined })
  assert.ok(verified.ok && verified.value.certificate.peerId === member('J'))
  const [grant] = desk.issued
  assert.deepEqual(grant!.tags, { rack: '4', site: 'barn' })
  assert.deepEqual(grant!.roles, ['executor', 'viewer'])
  assert.equal(stateOf(desk.invite, desk.nowMs), 'used up')
})

test('the secret is in no message of the dialog', () => {
  const desk = new Desk()
  const joiner = joinerOf(member('J'))
  const { frame, nonce } = desk.offer()
  const application = joiner.onOffer(frame)
  assert.ok(application.ok)
  const answer = desk.hear(application.value, member('J'), nonce)
  for (const said of [frame, application.value, answer]) {
    assert.equal(Buffer.from(said).includes(Buffer.from(secret)), false)
  }
})

test('a joiner says nothing to a node of another cluster, or that is no admin of it', () => {
  const desk = new Desk()
  const kind = (how: Parameters<typeof dial>[2]): string => kindOf(dial(desk, member('J'), how))
  assert.match(kind({ token: { cluster: filled(16, 1) } }), /another cluster/)
  assert.match(kind({ enroller: member('X') }), /another member/)
  desk.certificate = certify(clusterKey, admin, { roles: ['author', 'executor'] })
  assert.match(kind({}), /no admin/)
  desk.certificate = certify(admin, admin, { roles: ['admin'] })
  assert.match(kind({}), /bad signature/)
  const malformed = joinerOf(member('J')).onOffer(filled(40, 1))
  assert.match(malformed.ok ? '' : malformed.refusal.message, /malformed/)
  const early = joinerOf(member('J')).onAnswer(encode({ kind: 'wait' }))
  assert.match(early.ok ? '' : early.refusal.message, /before it was asked/)
  assert.equal(desk.issued.length, 0)
})

test('a wrong MAC, or one of another dialog or member, gets nothing', () => {
  const desk = new Desk({ uses: 5 })
  assert.match(kindOf(dial(desk, member('J'), { token: { secret: filled(16, 1) } })), /proof/)
  const joiner = joinerOf(member('J'))
  const first = desk.offer()
  const application = joiner.onOffer(first.frame)
  assert.ok(application.ok)
  const replayed = desk.hear(application.value, member('J'), desk.offer().nonce)
  assert.match(JSON.stringify(answerOf(replayed)), /proof/, 'replayed into another dialog')
  const stolen = desk.hear(application.value, member('K'), first.nonce)
  assert.match(JSON.stringify(answerOf(stolen)), /proof/, 'said by another member')
  assert.equal(desk.issued.length, 0)
  assert.equal(desk.invite.wrong, 3)
})

test('a request for another member than the one that asks is refused', () => {
  const desk = new Desk()
  const [joiner, other] = [member('J'), member('K')]
  const { nonce } = desk.offer()
  const request = encodeRequest({ member: other, name: '', encryptionKey, tags: {} })
  const dialog = {
    cluster,
    enroller: admin.peerId,
    joiner,
    enrollerNonce: nonce,
    joinerNonce: nonce,
  }
  const mac = dialogMac(crypto, secret, 'apply', dialog, request)
  const frame = encodeApplication({ v: 1, invite: filled(8, 1), request, nonce, mac })
  const answer = answerOf(desk.hear(frame, joiner, nonce))
  assert.match(JSON.stringify(answer), /for another member/)
  assert.equal(desk.issued.length, 0)
})

test('SEC-20 the fifth wrong MAC closes the invite and raises an alarm', () => {
  const desk = new Desk({ uses: 5 })
  for (let i = 1; i <= limits.wrongMacsMax; i++) {
    assert.equal(stateOf(desk.invite, desk.nowMs), 'open')
    dial(desk, member('X'), { token: { secret: filled(16, 1) } })
    assert.equal(desk.alarms.length, i === limits.wrongMacsMax ? 1 : 0)
  }
  assert.equal(stateOf(desk.invite, desk.nowMs), 'forged')
  assert.match(kindOf(dial(desk, member('J'))), /closed after 5 wrong proofs/)
})

test('an invite gives what it has uses for and not after its time, an unknown one nothing', () => {
  const desk = new Desk({ uses: 2 })
  assert.equal(kindOf(dial(desk, member('J'))), 'joined')
  assert.equal(kindOf(dial(desk, member('K'))), 'joined')
  assert.match(kindOf(dial(desk, member('L'))), /used up/)
  const late = new Desk()
  late.nowMs = late.invite.untilMs
  assert.match(kindOf(dial(late, member('J'))), /expired/)
  assert.match(kindOf(dial(late, member('J'), { token: { invite: filled(8, 2) } })), /not known/)
  assert.equal(late.issued.length, 0)
})

test('a revoked invite gives nothing', () => {
  const desk = new Desk()
  const revoked = revokeInvite(desk.book, inviteName(desk.invite))
  assert.ok(revoked.ok)
  desk.set(revoked.value)
  assert.match(kindOf(dial(desk, member('J'))), /revoked/)
  const unknown = revokeInvite(desk.book, '00')
  assert.equal(unknown.ok ? '' : unknown.refusal.code, 'MC_UNKNOWN_INVITE')
})

test('a member that asks once more, because the answer was lost, gets the same certificate', () => {
  const desk = new Desk({ uses: 2 })
  const certificates = ['first', 'again'].map(() => {
    const outcome = dial(desk, member('J'))
    assert.ok(outcome.ok && outcome.value.kind === 'joined')
    return Buffer.from(outcome.value.joined.chain[0]!).toString('hex')
  })
  assert.equal(certificates[0], certificates[1])
  assert.equal(usesLeft(desk.invite), 1)
  assert.equal(desk.issued.length, 1)
})

test('SEC-20 whatever crashes between decrement and answer: never more certificates than uses', () => {
  const act = fc.record({
    who: fc.constantFrom('J', 'K', 'L', 'M'),
    tags: fc.constantFrom({}, { rack: '1' }),
    // before: nothing is durable and nothing was said; after: it is durable, and was not said
    crash: fc.constantFrom('no', 'before', 'after'),
    right: fc.boolean(),
    confirm: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      fc.array(act),
      (uses, confirm, acts) => {
        const desk = new Desk({ uses, confirm, allowTags: ['*'] })
        const given = new Set<string>()
        for (const { who, tags, crash, right, confirm: isAccepted } of acts) {
          const joiner = joinerOf(member(who), {
            tags,
            token: right ? {} : { secret: filled(16, 1) },
          })
          const { frame, nonce } = desk.offer()
          const application = joiner.onOffer(frame)
          assert.ok(application.ok)
          const verdict = desk.judge(application.value, member(who), nonce)
          if (crash === 'before') continue
          desk.set(verdict.book)
          const [waiting] = waitingIn(desk.book, desk.nowMs)
          if (waiting !== undefined) desk.decide(waiting.guest.member, isAccepted)
          if (crash === 'after') continue
          const outcome = joiner.onAnswer(verdict.answer)
          if (!outcome.ok || outcome.value.kind !== 'joined') continue
          assert.ok(right)
          given.add(Buffer.from(outcome.value.joined.chain[0]!).toString('hex'))
        }
        assert.ok(given.size <= uses, `${given.size} certificates out of ${uses} uses`)
        assert.ok(usesLeft(desk.invite) >= 0 && given.size <= uses - usesLeft(desk.invite))
      },
    ),
    { numRuns: 300 },
  )
})

test('SEC-06 a tag that the invite does not open is refused with the reason, never left out', () => {
  const desk = new Desk({ tags: { site: 'barn' }, allowTags: ['rack'], uses: 2 })
  assert.match(
    kindOf(dial(desk, member('J'), { tags: { role: 'db' } })),
    /does not open the tag role/,
  )
  assert.match(kindOf(dial(desk, member('J'), { tags: { site: 'x' } })), /says site=barn, not x/)
  assert.equal(usesLeft(desk.invite), 2)
  const any = new Desk({ allowTags: ['*'] })
  assert.equal(kindOf(dial(any, member('J'), { tags: { role: 'db' } })), 'joined')
})

test('with --confirm a guest waits until somebody accepts it', () => {
  const desk = new Desk({ confirm: true, uses: 2 })
  assert.equal(kindOf(dial(desk, member('J'))), 'wait')
  assert.equal(kindOf(dial(desk, member('J'))), 'wait')
  assert.equal(kindOf(dial(desk, member('K'))), 'wait')
  assert.equal(waitingIn(desk.book, desk.nowMs).length, 2)
  assert.equal(desk.issued.length, 0)
  desk.decide(member('J'), true)
  desk.decide(member('K').slice(-8), false)
  assert.equal(kindOf(dial(desk, member('J'))), 'joined')
  assert.match(kindOf(dial(desk, member('K'))), /refused/)
  assert.equal(usesLeft(desk.invite), 1)
  const unknown = decideWaiting({ issue: () => assert.fail() }, desk.book, 'ZZZZ', true, desk.nowMs)
  assert.equal(unknown.ok ? '' : unknown.refusal.code, 'MC_UNKNOWN_MEMBER')
})

test('guests that wait are bounded, one member waits once', () => {
  const desk = new Desk({ confirm: true, uses: 64, allowTags: ['*'] })
  const letters = 'ABCDEFGHJKLMNPQR'
  assert.equal(letters.length, limits.inviteWaitingMax)
  for (const letter of letters) assert.equal(kindOf(dial(desk, member(letter))), 'wait')
  assert.match(kindOf(dial(desk, member('Z'))), /too many wait/)
  assert.equal(kindOf(dial(desk, member('A'), { tags: { a: '1' } })), 'wait')
  assert.equal(waitingIn(desk.book, desk.nowMs).length, limits.inviteWaitingMax)
})

test('an enroller that does not prove the secret is not believed', () => {
  const desk = new Desk()
  const joiner = joinerOf(member('J'))
  const { frame, nonce } = desk.offer()
  const application = joiner.onOffer(frame)
  assert.ok(application.ok)
  const answer = answerOf(desk.hear(application.value, member('J'), nonce))
  assert.ok(answer.kind === 'welcome')
  for (let at = 0; at < answer.mac.length; at++) {
    const mac = answer.mac.with(at, answer.mac[at]! ^ 1)
    const outcome = joiner.onAnswer(encode({ kind: 'welcome', body: answer.body, mac }))
    assert.match(kindOf(outcome), /not proved/)
  }
})

test('invites are bounded: one that has ended makes room, otherwise a new one is refused', () => {
  let book = emptyBook
  const add = (n: number, createdMs: number): boolean => {
    const fresh = { enrolKey: filled(16, n) }
    const next = openInvite(book, fresh, inviteOf({ id: filled(8, n), createdMs }))
    if (next.ok) book = next.value
    return next.ok
  }
  for (let n = 1; n <= limits.invitesMax; n++) assert.ok(add(n, 1_000_000))
  assert.deepEqual(book.enrolKey, filled(16, 1), 'one shield as long as any is open')
  assert.equal(add(100, 1_000_000), false)
  const revoked = revokeInvite(book, inviteName({ id: filled(8, 3) }))
  assert.ok(revoked.ok)
  book = revoked.value
  assert.ok(add(101, 1_000_000))
  assert.equal(findInvite(book, inviteName({ id: filled(8, 3) })), undefined)
  assert.ok(add(102, 9_000_000), 'all have expired')
  assert.deepEqual(book.enrolKey, filled(16, 102), 'another shield after all have ended')
})

test('any bytes are read as a message or refused, and never throw', () => {
  const desk = new Desk()
  const readers = [decodeOffer, decodeApplication, decodeRequest, decodeAnswer, decodeBook]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const reader of readers) assert.equal(typeof reader(bytes).ok, 'boolean')
      const verdict = desk.judge(bytes, member('J'), filled(16, 1))
      assert.equal(answerOf(verdict.answer).kind, 'no')
      assert.equal(joinerOf(member('J')).onOffer(bytes).ok, false)
    }),
    { numRuns: 500 },
  )
})

test('any change of one bit of an application is refused', () => {
  const desk = new Desk({ uses: 5 })
  const { frame, nonce } = desk.offer()
  const application = joinerOf(member('J')).onOffer(frame)
  assert.ok(application.ok)
  for (let bit = 0; bit < application.value.length * 8; bit++) {
    const at = bit >> 3
    const changed = application.value.with(at, application.value[at]! ^ (1 << (bit & 7)))
    // a changed name of a field is an unknown field beside a missing one
    assert.equal(answerOf(desk.judge(changed, member('J'), nonce).answer).kind, 'no', `bit ${bit}`)
  }
  assert.equal(desk.issued.length, 0)
})
