// Types, lint, layers and format, at the same time; the output of those that failed is shown.
// `npm run check -- lint layers` runs only these.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { formatted } from './formatted.ts'

const checks: Readonly<Record<string, readonly [program: string, ...argv: string[]]>> = {
  types: ['tsc'],
  dashboard: ['tsc', '-p', 'src/dashboard'],
  lint: ['oxlint', 'src', 'test', 'scripts'],
  layers: ['node', 'scripts/check-layers.ts'],
  format: ['oxfmt', '--list-different', ...formatted],
}

const root = new URL('..', import.meta.url)
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks)
const verdicts = await Promise.all(names.map(check))
process.exitCode = verdicts.every((passed) => passed) ? 0 : 1

async function check(name: string): Promise<boolean> {
  const command = checks[name]
  if (command === undefined) throw new Error(`no check named ${name}`)
  const [program, ...argv] = command
  const { promise, resolve } = Promise.withResolvers<number | null>()
  const child = spawn(program, argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  child.on('error', (error) => {
    console.error(error.message)
    resolve(null)
  })
  child.on('close', resolve)
  const [code, output, trouble] = await Promise.all([
    promise,
    text(child.stdout),
    text(child.stderr),
  ])
  const passed = code === 0 && !(name === 'format' && output !== '')
  console.log(`${passed ? '✓' : '✗'} ${name}`)
  if (!passed) console.log(`${output}${trouble}`.trimEnd())
  return passed
}
