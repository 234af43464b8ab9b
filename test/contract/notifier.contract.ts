// The contract of the notifier port, for every implementation.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { emptyNotice, type Notice } from '../../src/core/notify/notice.ts'
import type { Notifier } from '../../src/ports/notifier.ts'

export interface NotifierHarness {
  /** Has the channels `good`, which delivers, and `bad`, which does not. */
  readonly notifier: Notifier
  /** Ids of what reached people, a list for each message. */
  delivered(): readonly (readonly string[])[]
}

export const noticeOf = (id: number, more: Partial<Notice> = {}): Notice => ({
  ...emptyNotice,
  id: id.toString(16).padStart(16, '0'),
  event: 'failure',
  atMs: Date.UTC(2026, 0, 5, 12),
  ...more,
})

/** Runs the suite against what `open` makes. */
export function notifierContract(
  name: string,
  open: (t: TestContext) => Promise<NotifierHarness>,
): void {
  test(`notifier ${name}: a message is delivered once, with its id`, async (t) => {
    const { notifier, delivered } = await open(t)
    assert.equal(await notifier.deliver('good', [noticeOf(1)]), undefined)
    assert.deepEqual(delivered(), [[noticeOf(1).id]])
  })
  test(`notifier ${name}: several messages go as one digest`, async (t) => {
    const { notifier, delivered } = await open(t)
    assert.equal(await notifier.deliver('good', [noticeOf(1), noticeOf(2)]), undefined)
    assert.deepEqual(delivered(), [[noticeOf(1).id, noticeOf(2).id]])
  })
  test(`notifier ${name}: what cannot be delivered is told with its reason, not thrown`, async (t) => {
    const { notifier, delivered } = await open(t)
    assert.notEqual((await notifier.deliver('bad', [noticeOf(1)])) ?? '', '')
    assert.match((await notifier.deliver('none', [noticeOf(1)])) ?? '', /no channel none/)
    assert.deepEqual(delivered(), [])
  })
  test(`notifier ${name}: it names its channels`, async (t) => {
    const { notifier } = await open(t)
    assert.deepEqual(notifier.channels, ['good', 'bad'])
    await notifier.close()
  })
}
