// Fresh seeds, as many as fit into a time: every commit draws its own, and prints from where.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { judge } from '../../src/simulation/checkers/all.ts'
import { add, figuresText, nothing, optionsText, type Total } from '../../src/simulation/figures.ts'
import type { Violation } from '../../src/simulation/history.ts'
import { drawOptions } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'

/** Most of the seeds of one file, and the time after which no further seed begins. */
const seedsMax = Number(process.env['MESHCRON_SIM_SEEDS'] ?? 400)
const secondsMax = Number(process.env['MESHCRON_SIM_SECONDS'] ?? 200)
const shownMax = 3

/** What a batch has to have reached, by what nodes report and by the whole histories. */
const wanted = [
  'claimed takeover',
  'takeover by rank ≥ 2',
  'claimed catch-up',
  'claimed retry',
  'claimed dispatch',
  'conflict',
  'duplicate seen',
  'ended lost member-down',
  'ended lost unreported',
  'ended skipped-overlap running',
  'ended missed deadline',
  'ended missed policy',
  'member down',
  'member left',
  'probed',
  'refuted',
  'resumed',
  'storeFailed',
  'storeRecovered',
  'probe answered with its start',
  'heard nudge',
  'heard decline',
  'caught up by latest',
  'missed by skip',
  'missed by latest',
  'tick of a skipped hour',
  'tick of a repeated hour',
  'clock stepped back over a fired tick',
  'clock unsynced',
  'fsync error',
  'damaged row repaired',
  'tick settled by a late record',
] as const

/** Every excuse must have been needed: one that never is may hide anything. */
const excuses = [
  'C1.missed.no-eligible-node',
  'C1.missed.overlap',
  'C1.missed.deadline',
  'C1.waived.in-flux',
  'C1.waived.paused',
  'C1.waived.deleted',
  'C2.duplicates.no-path',
  'C2.duplicates.restarted',
  'C2.duplicates.unheard',
] as const

/** First seed of this commit; `MESHCRON_SIM_BASE` runs another one's again. */
function baseSeed(): bigint {
  const asked = process.env['MESHCRON_SIM_BASE']
  if (asked !== undefined) return BigInt(asked)
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
    return BigInt(`0x${commit.slice(0, 14)}00`)
  } catch {
    return BigInt(Math.floor(Date.now() / 86_400_000)) << 32n
  }
}

/** Runs every second seed from the first or the second on. */
export function swarm(t: TestContext, first: 0 | 1): void {
  const base = baseSeed()
  const endMs = performance.now() + secondsMax * 1_000
  const cpu = process.cpuUsage()
  let total: Total = nothing
  const failures: string[] = []
  for (let i = 0; i < seedsMax && performance.now() < endMs; i++) {
    const options = drawOptions(base + BigInt(2 * i + first))
    const run = simulate(options)
    const { violations, stats } = judge(run.history)
    total = add(total, run, violations.length, stats)
    if (violations.length > 0)
      failures.push(failureText(optionsText(options), options.seed, violations))
  }
  const used = process.cpuUsage(cpu)
  const seconds = (used.user + used.system) / 1_000_000
  t.diagnostic(`seeds from 0x${base.toString(16)}, every second one from +${first}`)
  t.diagnostic(
    `${total.seeds} seeds, ${total.hours.toFixed(1)} cluster-hours, ` +
      `${(total.hours / seconds).toFixed(2)} per second of a core`,
  )
  t.diagnostic(`${(100 * waivedShare(total)).toFixed(1)} % of the ticks are excused`)
  for (const line of figuresText(total).split('\n')) t.diagnostic(line)
  assert.ok(failures.length === 0, `\n${failures.slice(0, shownMax).join('\n')}`)
  const missing = [
    ...wanted.filter((name) => (total.sometimes[name] ?? 0) === 0),
    ...excuses.filter((name) => (total.stats[name] ?? 0) === 0),
  ]
  assert.deepEqual(missing, [], 'what no seed reached')
}

function failureText(options: string, seed: string, violations: readonly Violation[]): string {
  const found = violations
    .slice(0, shownMax)
    .map(({ property, message }) => `  ${property} ${message}`)
  return [options, ...found, `  replay: npm run sim -- --seed 0x${seed}`].join('\n')
}

/** Obliged ticks that were waived, of all that were due. */
function waivedShare({ stats }: Total): number {
  const waived = Object.entries(stats)
    .filter(([name]) => name.startsWith('C1.waived.') && !name.includes('@'))
    .filter(([name]) => !name.endsWith('paused'))
    .reduce((sum, [, count]) => sum + count, 0)
  return waived / Math.max(1, stats['C1.ticks'] ?? 0)
}
