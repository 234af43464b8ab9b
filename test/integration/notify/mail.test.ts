import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Channel } from '../../../src/ports/notifier.ts'
import { noticeOf } from '../../contract/notifier.contract.ts'
import { certificate } from '../executor/localhost-tls.ts'
import { notifierOf, openMail } from './receivers.ts'

type Email = Extract<Channel, { kind: 'email' }>

const plain: Email = {
  kind: 'email',
  host: 'localhost',
  port: 25,
  security: 'starttls',
  username: 'barn',
  password: 'secret',
  from: 'barn@example.org',
  to: ['a@example.org', 'b@example.org'],
}

const send = (channel: Partial<Email>, output = ''): Promise<string | undefined> =>
  notifierOf({ mail: { ...plain, ...channel } }, output).deliver('mail', [
    noticeOf(7, {
      job: 'bäckup' as never,
      reason: 'exit 1',
      execution: 'x@1' as never,
      member: 'm' as never,
    }),
  ])

test('a server whose certificate is not trusted gets neither password nor mail', async (t) => {
  const { port, said, mails } = await openMail(t)
  assert.match((await send({ port })) ?? '', /self-signed/)
  assert.deepEqual(said, ['plain EHLO meshcron', 'plain STARTTLS'])
  assert.deepEqual(mails, [])
})

test('mail goes over STARTTLS or TLS, with AUTH PLAIN or LOGIN', async (t) => {
  setDefaultCACertificates([...getCACertificates('default'), certificate])
  for (const auth of ['PLAIN', 'LOGIN']) {
    for (const security of ['starttls', 'tls'] as const) {
      const { port, said, mails } = await openMail(t, { auth, isTls: security === 'tls' })
      assert.equal(await send({ port, security }), undefined)
      const inTheClear = said.filter((line) => line.startsWith('plain '))
      assert.deepEqual(
        inTheClear,
        security === 'tls' ? [] : ['plain EHLO meshcron', 'plain STARTTLS'],
      )
      assert.ok(said.some((line) => line.startsWith(`AUTH ${auth}`)))
      assert.ok(said.includes('RCPT TO:<b@example.org>'))
      assert.equal(mails.length, 1)
    }
  }
})

test('a mail is ASCII, names its message, and holds what was printed', async (t) => {
  const { port, mails } = await openMail(t)
  assert.equal(await send({ port, security: 'none', username: '' }, '.\nlast words'), undefined)
  const [mail = ''] = mails
  assert.match(mail, /^[\r\n -~]*$/)
  const [head = '', body = ''] = mail.split('\r\n\r\n')
  assert.match(head, /^Message-ID: <0000000000000007@example[.]org>$/m)
  assert.match(head, /^Subject: =[?]utf-8[?]B[?]/m)
  const words = /^Subject: =[?]utf-8[?]B[?]([^?]*)[?]=/m.exec(head)![1]!
  assert.equal(Buffer.from(words, 'base64').toString(), 'bäckup failed (exit 1)')
  assert.ok(body.split('\r\n').every((line) => line.length <= 76))
  const said = Buffer.from(body, 'base64').toString()
  assert.match(said, /execution: x@1/)
  assert.match(said, /[.]\nlast words$/)
})

test('what the server refuses is told with its answer, and no password goes without TLS', async (t) => {
  const { port } = await openMail(t, { refuses: 'RCPT TO:<b' })
  assert.match((await send({ port, security: 'none', username: '' })) ?? '', /550 not you/)
  const open = await openMail(t)
  const failure = await send({ port: open.port, security: 'none' })
  assert.match(failure ?? '', /not sent without TLS/)
  assert.ok(!open.said.some((line) => line.includes('AUTH')))
  assert.match((await send({ port: 1, security: 'none', username: '' })) ?? '', /ECONNREFUSED/)
})
