// From the start of the process to the last word of its help: what every command line costs first.

import { once } from 'node:events'
import { Bench } from './bundled.ts'
import { Report } from './report.ts'

const rounds = 20

async function took(bench: Bench, args: readonly string[]): Promise<number> {
  const startMs = performance.now()
  const child = bench.spawn(args)
  child.stdout!.resume()
  await once(child, 'close')
  return performance.now() - startMs
}

const bench = new Bench()
const report = new Report('The command line')
// fills the compile cache, as the first command on a machine does
await took(bench, [bench.program, '--help'])
const empty: number[] = []
const help: number[] = []
for (let round = 0; round < rounds; round += 1) {
  empty.push(await took(bench, ['-e', '']))
  help.push(await took(bench, [bench.program, '--help']))
}
const against = { what: 'empty Node', values: empty }
report.add({
  what: 'meshcron --help',
  unit: 'ms',
  values: help,
  against,
  aim: { of: 'figure', most: 150 },
})
report.end()
process.exit(0)
