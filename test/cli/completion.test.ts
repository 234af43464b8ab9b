// What a shell completes, asked as its script asks, and through bash itself.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { examples } from '../../src/cli/examples.ts'
import { execution } from '../adapters/http/fake-api.ts'
import { run, startDaemon } from './harness.ts'
import type { Daemon } from './harness.ts'

let daemon: Daemon
before(async () => {
  daemon = await startDaemon()
})

async function completed(...words: readonly string[]): Promise<readonly string[]> {
  const target = ['--data-dir', daemon.dataDir]
  const { stdout, stderr, code } = await run(['complete', '--', ...target, ...words])
  assert.deepEqual([stderr, code], ['', 0])
  return stdout
    .split('\n')
    .map((line) => line.split('\t')[0]!)
    .filter((word) => word !== '')
}

describe('the last word is completed', () => {
  const cases: readonly (readonly [
    rule: string,
    words: readonly string[],
    some: readonly string[],
  ])[] = [
    ['a verb', ['sta'], ['start', 'status']],
    ['a verb of a group', ['job', 'sh'], ['show']],
    ['an option of the verb', ['job', 'create', '--ever'], ['--every', '--every-node']],
    ['an option of the whole program', ['job', 'ls', '--wat'], ['--watch']],
    ['a choice of an option', ['-o', 'wi'], ['wide']],
    ['a choice of an operand', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['the name of a job', ['job', 'show', 'he'], ['hello']],
    ['one of several names of jobs', ['job', 'rm', 'other', 'he'], ['hello']],
    ['a job behind an option with a value', ['plan', '--to', '+1h', ''], ['hello']],
    ['a job as the value of an option', ['run', 'ls', '--job', ''], ['hello']],
    ['the name of a member', ['member', 'drain', ''], ['barn', 'a7f3k']],
    ['the id of an execution', ['run', 'logs', 'hello@'], [execution.id]],
    ['a job or an execution', ['explain', 'hel'], ['hello', execution.id]],
    ['the name of a calendar', ['calendar', 'show', ''], ['night']],
    ['nothing where anything may stand', ['next', ''], []],
  ]
  for (const [rule, words, some] of cases) {
    test(`${rule}: ${words.join(' ')}`, async () => {
      assert.deepEqual(await completed(...words), some)
    })
  }

  test('without a daemon verbs are completed, and names are not', async () => {
    const nowhere = ['complete', '--', '--data-dir', '/does/not/exist']
    assert.deepEqual(await run([...nowhere, 'job', 'show', '']), {
      code: 0,
      stdout: '',
      stderr: '',
    })
    assert.match((await run([...nowhere, 'job', 'sh'])).stdout, /^show\t/)
  })

  test('it is no verb that help shows', async () => {
    assert.doesNotMatch((await run(['--help'])).stdout, /^ +complete /m)
  })
})

test('bash completes through the script, also behind @ and in a word with =', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mc-complete-'))
  after(() => rmSync(dir, { recursive: true }))
  const main = join(import.meta.dirname, '../../src/cli/main.ts')
  const command = join(dir, 'meshcron')
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(command, 0o755)
  writeFileSync(join(dir, 'script'), (await run(['completion', 'bash'])).stdout)
  const ask = async (line: string, words: readonly string[]): Promise<string> => {
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const script = `. ${dir}/script; COMP_LINE='${line}'; COMP_POINT=${line.length}
      COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _meshcron; printf '%s\\n' "\${COMPREPLY[@]}"`
    const env = {
      ...process.env,
      PATH: `${dir}:${process.env['PATH']}`,
      MESHCRON_DATA_DIR: daemon.dataDir,
    }
    return (await promisify(execFile)('bash', ['--norc', '-c', script], { env })).stdout
  }
  assert.equal(await ask('meshcron job show he', ['meshcron', 'job', 'show', 'he']), 'hello\n')
  const at = await ask('meshcron run logs hello@18', [
    'meshcron',
    'run',
    'logs',
    'hello',
    '@',
    '18',
  ])
  assert.equal(at, `${execution.id.slice('hello@'.length)}\n`)
})

describe('each example in the help is a line that is understood', () => {
  for (const [path, lines] of Object.entries(examples)) {
    test(path === '' ? 'meshcron' : path, async () => {
      const { stdout } = await run([...path.split(' ').filter((word) => word !== ''), '--help'])
      for (const line of lines) {
        assert.ok(stdout.includes(`\n  ${line}\n`))
        assert.ok(line.startsWith(path === '' ? 'meshcron' : `meshcron ${path}`))
        const words = line.match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)!.slice(1)
        const end = words.indexOf('--')
        const used = words.slice(0, end < 0 ? undefined : end)
        for (const word of used.filter((one) => /^--?[a-z]/.test(one))) {
          const before = used.slice(0, used.indexOf(word))
          const found = await completed(...before, word.replace(/=.*/, ''))
          const isShort = /^-[a-z]$/.test(word) && stdout.includes(`${word}, `)
          assert.ok(isShort || found.includes(word), `${word} in ${line}`)
        }
      }
    })
  }
})
