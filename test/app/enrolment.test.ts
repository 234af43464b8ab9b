// The invites of a node, with a listener that only remembers what was asked of it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createCrypto, publicKeyOf } from '../../src/adapters/crypto/crypto.ts'
import { keyTools } from '../../src/adapters/crypto/key-tools.ts'
import type { InviteMade } from '../../src/adapters/http/schema.ts'
import { Enrolment, shieldOf } from '../../src/app/enrolment.ts'
import type { MemberId } from '../../src/core/ids.ts'
import type { Result } from '../../src/core/result.ts'
import { signCertificate, type Role } from '../../src/core/trust/certificate.ts'
import { Joiner, type Outcome } from '../../src/core/trust/joiner.ts'
import { parseToken } from '../../src/core/trust/join-token.ts'
import type { EnrolHandlers, EnrolListen } from '../../src/ports/enrolment.ts'
import { anchor, clusterKey, draft, issuedMs, signer } from '../core/trust/certificates.ts'

const admin = signer('admin')
const clusterSeed = new Uint8Array(32).fill(1)

interface World {
  readonly enrolment: Enrolment
  readonly dir: string
  readonly listening: { handlers: EnrolHandlers; init: EnrolListen; isIdle: boolean }[]
  readonly logged: string[]
  nowMs: number
}

interface Start {
  readonly roles?: readonly Role[]
  readonly hasClusterKey?: boolean
  readonly dir?: string
}

function open(t: TestContext, start: Start = {}): World {
  const dir = start.dir ?? mkdtempSync(join(tmpdir(), 'mc-enrol-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const own = draft(admin, { roles: start.roles ?? ['admin', 'executor'] })
  const chain = [signCertificate(clusterKey.crypto, own)]
  const listening: World['listening'] = []
  const logged: string[] = []
  const world = { dir, listening, logged, nowMs: issuedMs + 1_000 }
  const enrolment = new Enrolment(
    {
      tools: keyTools,
      crypto: admin.crypto,
      network: {
        memberOf: () => admin.peerId,
        listen: async (handlers, init) => {
          const one = { handlers, init, isIdle: true }
          listening.push(one)
          return {
            addresses: [new Uint8Array([4, 10, 0, 0, 7, 6, 28, 5])],
            get isIdle() {
              return one.isIdle
            },
            stop: async () => void listening.splice(listening.indexOf(one), 1),
          }
        },
        call: () => assert.fail(),
      },
      logger: { log: (_level, event) => void logged.push(event) },
      credentials: () => ({ anchor, chain }),
      clusterKey: () => (start.hasClusterKey === true ? clusterSeed : undefined),
      peers: () => [],
      isTimeKnown: () => true,
      nowMs: () => world.nowMs,
    },
    { dataDir: dir, listen: '127.0.0.1:0', announce: [], networkKey: new Uint8Array(32) },
  )
  return Object.assign(world, { enrolment })
}

function valueOf<T>(result: Result<T>): T {
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** A whole dialog of a joiner; throws where the enroller ends it. */
function dial(world: World, made: InviteMade, who: MemberId): Result<Outcome> {
  const token = valueOf(parseToken(made.token))
  const request = { member: who, name: 'x', encryptionKey: new Uint8Array(32), tags: {} }
  const nonce = new Uint8Array(16)
  const joiner = new Joiner(
    { crypto: createCrypto(clusterSeed), publicKeyOf },
    { token, enroller: admin.peerId, request, nonce },
  )
  const dialog = world.listening[0]!.handlers.meet(who)
  return joiner.onAnswer(dialog.answer(valueOf(joiner.onOffer(dialog.offer))))
}

test('it listens while an invite is open, under a shield of its own', async (t) => {
  const world = open(t)
  const { enrolment, listening } = world
  await enrolment.start()
  assert.equal(listening.length, 0)
  const first = valueOf(await enrolment.invite({}))
  const second = valueOf(await enrolment.invite({}))
  assert.equal(listening.length, 1, 'one listener for all invites')
  const [{ init, handlers }] = listening as [World['listening'][number]]
  const { enrolKey } = valueOf(parseToken(first.token))
  assert.deepEqual(valueOf(parseToken(second.token)).enrolKey, enrolKey)
  assert.deepEqual(init.shield, shieldOf(keyTools, enrolKey))
  valueOf(await enrolment.revokeInvite(first.id))
  assert.equal(handlers.isOpen(), true)
  listening[0]!.isIdle = false
  valueOf(await enrolment.revokeInvite(second.id))
  assert.equal(handlers.isOpen(), false, 'nobody new is let in')
  assert.equal(listening.length, 1, 'who is there may end its dialog')
  listening[0]!.isIdle = true
  handlers.idle()
  valueOf(await enrolment.revokeInvite(second.id))
  assert.equal(listening.length, 0)
  const third = valueOf(await enrolment.invite({}))
  assert.notDeepEqual(valueOf(parseToken(third.token)).enrolKey, enrolKey)
  await enrolment.stop()
  assert.equal(listening.length, 0)
})

test('SEC-20 what cannot be written down is not given, and spends nothing', async (t) => {
  const world = open(t)
  const made = valueOf(await world.enrolment.invite({}))
  rmSync(world.dir, { recursive: true })
  assert.throws(() => dial(world, made, signer('joiner').peerId), /not kept/)
  const [held] = valueOf(await world.enrolment.invites()).items
  assert.deepEqual([held!.usesLeft, held!.guests], [1, []])
  assert.ok(world.logged.includes('enrol'), 'the log says so')
  await world.enrolment.stop()
})

test('what is open at a stop is open after it, with what it has given; the file is private', async (t) => {
  const world = open(t)
  const made = valueOf(await world.enrolment.invite({ uses: 2 }))
  assert.equal(valueOf(dial(world, made, signer('joiner').peerId)).kind, 'joined')
  assert.equal(statSync(join(world.dir, 'invites')).mode & 0o777, 0o600)
  await world.enrolment.stop()
  const again = open(t, { dir: world.dir })
  await again.enrolment.start()
  assert.equal(again.listening.length, 1)
  assert.equal(valueOf(dial(again, made, signer('joiner').peerId)).kind, 'joined')
  const [held] = valueOf(await again.enrolment.invites()).items
  assert.deepEqual([held!.usesLeft, held!.guests.length], [1, 1])
  again.nowMs += 3_600_000
  assert.equal(again.listening[0]!.handlers.isOpen(), false, 'its hour is over')
  await again.enrolment.stop()
})

test('SEC-01 only an admin invites, and admins only who has the cluster key', async (t) => {
  const codeOf = async (world: World, roles?: readonly Role[]): Promise<string> => {
    const made = await world.enrolment.invite(roles === undefined ? {} : { roles })
    await world.enrolment.stop()
    return made.ok ? 'made' : made.refusal.code
  }
  assert.equal(await codeOf(open(t, { roles: ['author', 'executor'] })), 'MC_FORBIDDEN')
  assert.equal(await codeOf(open(t), ['admin']), 'MC_FORBIDDEN')
  assert.equal(await codeOf(open(t, { hasClusterKey: true }), ['admin']), 'made')
  const late = open(t)
  late.nowMs += 91 * 86_400_000
  assert.equal(await codeOf(late), 'MC_FORBIDDEN', 'its certificate has expired')
})
