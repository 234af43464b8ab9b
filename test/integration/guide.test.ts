// Runs docs/guide/tutorial.md: its files are written, its commands typed one after the other, and the
// lines that it shows must come, whatever the names, times and figures are on this machine.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { nodesOf, Place, type Node } from '../e2e/demo-program.ts'
import { until } from '../until.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/guide/tutorial.md'), 'utf8')
/** As the page calls them. */
const names = ['fum69', 'vksjx', 'e3cvk']
/** What can be typed again until it shows what is waited for. */
const reads =
  /^meshcron (--data-dir \S+ )?(status|plan|logs|explain|doctor|export|(run|member) ls|job show)/

interface Typed {
  readonly command: string
  readonly exits: readonly number[]
  readonly lines: readonly string[]
}

type Part = Typed | { readonly file: string; readonly text: string }

function partsOf(text: string): readonly Part[] {
  return [...text.matchAll(/^```(console|yaml)\n([^]*?)^```$/gm)].flatMap(
    ([, kind, body = '']): readonly Part[] => {
      if (kind === 'yaml') return [{ file: /^# (\S+)/.exec(body)![1]!, text: body }]
      return body
        .split(/^\$ /m)
        .filter((one) => one !== '')
        .map((one): Typed => {
          const [command = '', ...lines] = one.trimEnd().split('\n')
          const [, said = '0'] = /# .*exits with ([\d, or]+)/.exec(command) ?? []
          return { command, exits: said.match(/\d/g)!.map(Number), lines }
        })
    },
  )
}

/** What is the same on all machines: words and signs. */
function shape(line: string, nodes: readonly string[]): string {
  const named = nodes.reduce((text, name) => text.replaceAll(name, 'NODE'), line)
  return named
    .replaceAll(/\b\d(st|nd|rd|th)\b/g, '#th')
    .replaceAll(/@\d+(\.12D3\S*)?/g, '@#')
    .replaceAll(/\b20\d\d[a-z]\b/g, '#')
    .replaceAll(/(?<!\w)[+-]?\d[\d:.@T-]*( (ms|s|m|h)\b)?/g, '#')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The page's names and paths as they are here. */
function translate(text: string, nodes: readonly Node[]): string {
  const folder = dirname(nodes[0]!.dataDir)
  const placed = text.replaceAll('/tmp/meshcron-demo-0', folder)
  return names.reduce((rest, name, i) => rest.replaceAll(name, nodes[i]!.name), placed)
}

test(
  'every command of the tutorial does what the tutorial shows',
  { timeout: 600_000 },
  async (t) => {
    const place = new Place(t)
    const [start, ...parts] = partsOf(page)
    assert.ok(start !== undefined && 'command' in start && start.command === 'meshcron demo')
    assert.ok(parts.length > 30)
    const demo = place.start('demo')
    const nodes = await nodesOf(demo)
    assert.equal(nodes.length, names.length, demo.err())
    const bin = join(place.dir, 'bin')
    mkdirSync(bin)
    const main = join(root, 'src/cli/main.ts')
    writeFileSync(join(bin, 'meshcron'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
    chmodSync(join(bin, 'meshcron'), 0o755)
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, TMPDIR: place.dir }
    const type = async (command: string): Promise<{ code: number; text: string }> => {
      const { promise, resolve } = Promise.withResolvers<{ code: number; text: string }>()
      const options = { cwd: place.dir, env: { ...env, NO_COLOR: '1' }, timeout: 120_000 }
      execFile('sh', ['-c', command], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), text: `${stdout}${stderr}` })
      })
      return await promise
    }
    const here = nodes.map(({ name }) => name)
    const comes = async ({ command, exits, lines }: Typed): Promise<void> => {
      const { code, text } = await type(translate(command, nodes))
      const shapes = new Set(text.split('\n').map((line) => shape(line, here)))
      const missing = lines.filter((line) => line !== '…' && !shapes.has(shape(line, names)))
      const about = `${command}\nexit ${code}\n${text}\nmissing: ${missing.join('\n')}`
      assert.ok(exits.includes(code) && missing.length === 0, about)
    }
    for (const part of parts) {
      if ('file' in part) writeFileSync(join(place.dir, part.file), translate(part.text, nodes))
      else if (!reads.test(part.command)) await comes(part)
      else await until(part.command, async () => (await comes(part), true), 60_000)
    }
    assert.equal(await demo.ended, 0, demo.err())
  },
)
