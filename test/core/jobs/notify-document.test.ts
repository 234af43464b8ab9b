import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDocument } from '../../../src/core/jobs/document.ts'

const refused: readonly (readonly [what: string, rule: object, path: string, hint: RegExp])[] = [
  ['an event misspelt', { on: ['failur'], via: 'a' }, 'notify[0].on[0]', /"failure"/],
  ['an event of the fleet', { on: 'isolated', via: 'a' }, 'notify[0].on', /list of a node/],
  ['a channel in the job', { on: 'lost', webhook: 'x' }, 'notify[0].webhook', /via/],
  ['a rule without channel', { on: 'lost' }, 'notify[0].via', /the channel/],
  ['a factor of less', { on: 'long-run', via: 'a', factor: 1 }, 'notify[0].factor', /1[.]1/],
  ['a wrong word for a channel', { on: 'lost', channel: 'a' }, 'notify[0].channel', /via/],
]

for (const [what, rule, path, hint] of refused) {
  test(`${what} is refused with its place and what to write`, () => {
    const document = { name: 'a', schedule: '@daily', run: { exec: ['true'] }, notify: [rule] }
    const read = parseDocument(document, { nowMs: 0, defaultTimezone: 'UTC' })
    assert.ok(!read.ok)
    assert.ok(read.refusal.message.startsWith(`${path}:`), read.refusal.message)
    assert.match(read.refusal.hint, hint)
  })
}
