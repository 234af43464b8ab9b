import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readFacts } from '../../../src/adapters/system/facts.ts'

const dir = mkdtempSync(join(tmpdir(), 'meshcron-facts-'))
after(() => rmSync(dir, { recursive: true }))

function supply(name: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(dir, 'power', name), { recursive: true })
  for (const [file, text] of Object.entries(files))
    writeFileSync(join(dir, 'power', name, file), text)
}

test('a machine tells its kind, its memory and the disk of the data directory', async () => {
  const facts = await readFacts(dir, join(dir, 'none'))
  assert.equal(facts['arch'], process.arch)
  assert.equal(facts['os'], process.platform)
  for (const name of ['cpu.count', 'mem.total', 'mem.free', 'disk.total', 'disk.free']) {
    assert.ok(Number.isInteger(facts[name]) && Number(facts[name]) > 0, name)
  }
  assert.ok(!('power.ac' in facts), 'what cannot be found out is not told')
})

test('power: any plugged supply counts, and the charge of the battery', async () => {
  supply('AC', { type: 'Mains\n', online: '0\n' })
  supply('usb', { type: 'USB\n', online: '1\n' })
  supply('BAT0', { type: 'Battery\n', capacity: '83\n' })
  supply('odd', {})
  const facts = await readFacts(dir, join(dir, 'power'))
  assert.equal(facts['power.ac'], true)
  assert.equal(facts['power.battery'], 83)
})

test('without the disk everything else is told', async () => {
  const facts = await readFacts(join(dir, 'gone'), join(dir, 'none'))
  assert.equal(facts['arch'], process.arch)
  assert.ok(!('disk.free' in facts))
})
