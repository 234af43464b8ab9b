// Timers of systemd with the services that they start.

import { formatDuration } from '../../core/jobs/shape-time.ts'
import { formatSize } from '../../core/jobs/shape-size.ts'
import { cronOf } from './on-calendar.ts'
import { judge, leftOut, nameFrom, shellWord } from './translation.ts'
import type { Found, Translation, FileText } from './translation.ts'
import { readCommandLine, readUnit, shellLine, spanMs, splitWords, valueIn } from './unit-file.ts'
import type { Unit } from './unit-file.ts'

export interface TimerFacts {
  readonly timezone: string
  readonly nowMs: number
}

/** Translates every timer among the units. */
export function importTimers(units: readonly FileText[], facts: TimerFacts): Translation {
  const byName = new Map(units.map(({ name, text }) => [name, readUnit(text)]))
  const timers = [...byName].filter(([name]) => name.endsWith('.timer'))
  const found = timers.map(([name, timer]) => jobOf(name, timer, byName, facts))
  return judge(found, facts.nowMs, [
    'systemd ran these on one machine; here any node may. Bind them with --tag key=value.',
    `times are read in ${facts.timezone}, the zone of this machine, where none is named`,
  ])
}

function jobOf(
  source: string,
  timer: Unit,
  units: ReadonlyMap<string, Unit>,
  { timezone }: TimerFacts,
): Found {
  const name = source.replace(/\.timer$/, '')
  const wanted = valueIn(timer, 'Timer.Unit') ?? `${name}.service`
  const service = units.get(wanted) ?? units.get(wanted.replace(/@.*(?=\.)/, '@'))
  if (service === undefined) return leftOut(source, wanted, 'the unit is not among the files')
  const when = scheduleOf(timer)
  if ('why' in when) return leftOut(source, name, when.why)
  const what = actionOf(service, wanted.replace(/\.service$/, ''))
  if ('why' in what) return leftOut(source, name, what.why)
  const jitterMs = spanMs(valueIn(timer, 'Timer.RandomizedDelaySec'))
  const isPersistent = /^(1|yes|true|on)$/i.test(valueIn(timer, 'Timer.Persistent') ?? '')
  const description =
    valueIn(service, 'Unit.Description') ?? valueIn(timer, 'Unit.Description') ?? ''
  return {
    kind: 'job',
    source,
    document: {
      name: nameFrom(name),
      ...(description === '' ? {} : { description }),
      schedule: when.schedule.length === 1 ? when.schedule[0] : when.schedule,
      timezone: when.timezone ?? timezone,
      ...(jitterMs === undefined ? {} : { jitter: formatDuration(jitterMs) }),
      ...what.fields,
      // systemd starts what it slept through, however late
      misfire: isPersistent ? { policy: 'latest', deadline: '366d' } : { policy: 'skip' },
    },
    differences: [
      ...when.differences,
      ...(jitterMs === undefined ? [] : ['its delay is not drawn: name and tick decide it']),
      ...(valueIn(timer, 'Timer.WakeSystem') === undefined ? [] : ['no machine is woken for it']),
      ...what.differences,
    ],
  }
}

interface When {
  readonly schedule: readonly string[]
  readonly timezone: string | undefined
  readonly differences: readonly string[]
}

function scheduleOf(timer: Unit): When | { readonly why: string } {
  const schedule: string[] = []
  const zones = new Set<string | undefined>()
  const differences: string[] = []
  for (const expression of timer.get('Timer.OnCalendar') ?? []) {
    const read = cronOf(expression)
    if ('why' in read) return read
    schedule.push(read.pattern)
    zones.add(read.timezone)
  }
  if (zones.size > 1) return { why: 'its expressions name several zones, a job has one' }
  for (const key of ['OnUnitActiveSec', 'OnUnitInactiveSec']) {
    const ms = spanMs(valueIn(timer, `Timer.${key}`))
    if (ms === undefined) continue
    schedule.push(`@every ${formatDuration(Math.max(1_000, Math.floor(ms / 1_000) * 1_000))}`)
    differences.push(`${key} counts from the last run; here the phase is fixed`)
  }
  const starts = ['OnBootSec', 'OnStartupSec', 'OnActiveSec'].filter((key) =>
    timer.has(`Timer.${key}`),
  )
  if (schedule.length === 0) {
    const keys = starts.length === 0 ? 'no OnCalendar' : `only ${starts.join(' and ')}`
    return { why: `it has ${keys}: nothing here starts with a machine` }
  }
  return {
    schedule,
    timezone: [...zones][0],
    differences: [
      ...differences,
      ...starts.map((key) => `${key} is left out: nothing here starts with a machine`),
    ],
  }
}

const carried = new Set(
  ['Type', 'ExecStart', 'ExecStartPre', 'Environment', 'WorkingDirectory', 'TimeoutStartSec']
    .concat(['RuntimeMaxSec', 'TimeoutStopSec', 'SuccessExitStatus', 'MemoryMax', 'User'])
    .concat(['RemainAfterExit', 'StandardOutput', 'StandardError', 'SyslogIdentifier']),
)

interface What {
  readonly fields: Readonly<Record<string, unknown>>
  readonly differences: readonly string[]
}

function actionOf(service: Unit, name: string): What | { readonly why: string } {
  const get = (key: string): readonly string[] => service.get(`Service.${key}`) ?? []
  const lines = [...get('ExecStartPre'), ...get('ExecStart')].map((line) =>
    readCommandLine(line, name),
  )
  const unknown = lines.flatMap((line) => line.unknown)
  if (get('ExecStart').length === 0) return { why: 'its service has no ExecStart' }
  if (unknown.length > 0) return { why: `only systemd knows ${unknown.join(' ')} of its command` }
  const folder = get('WorkingDirectory').at(-1)
  const [only] = lines
  const isPlain =
    lines.length === 1 && !only!.hasVariables && !only!.mayFail && folder === undefined
  const script = [
    ...(folder === undefined ? [] : [`cd ${shellWord(folder.replace(/^-/, ''))}`]),
    ...lines.map(shellLine),
  ]
  const statuses = get('SuccessExitStatus').flatMap(splitWords)
  const codes = statuses.filter((word) => /^\d+$/.test(word)).map(Number)
  const timeoutMs = spanMs(get('RuntimeMaxSec').at(-1) ?? get('TimeoutStartSec').at(-1))
  const killAfterMs = spanMs(get('TimeoutStopSec').at(-1))
  const memory = sizeOf(get('MemoryMax').at(-1))
  const env = environmentOf(get('Environment'))
  const user = get('User').at(-1)
  const others = [...service.keys()]
    .filter((key) => key.startsWith('Service.') && !carried.has(key.slice('Service.'.length)))
    .map((key) => key.slice('Service.'.length))
  const failing = service.get('Unit.OnFailure') ?? []
  return {
    fields: {
      run: isPlain ? { exec: only!.argv } : { shell: `set -e\n${script.join('\n')}\n` },
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(timeoutMs === undefined ? {} : { timeout: formatDuration(timeoutMs) }),
      ...(killAfterMs === undefined ? {} : { killAfter: formatDuration(killAfterMs) }),
      ...(codes.length === 0 ? {} : { successCodes: [...new Set([0, ...codes])] }),
      ...(memory === undefined ? {} : { memory }),
    },
    differences: [
      ...(user === undefined ? [] : [`it ran as ${user}; here it runs as the user of the node`]),
      ...(statuses.length > codes.length ? ['signals in SuccessExitStatus are left out'] : []),
      ...(others.length === 0 ? [] : [`not carried over: ${others.join(', ')}`]),
      ...(failing.length === 0 ? [] : [`OnFailure=${failing.join(' ')} is not started`]),
    ],
  }
}

function environmentOf(lines: readonly string[]): Readonly<Record<string, string>> {
  const pairs = lines.flatMap(splitWords).map((word) => {
    const at = word.indexOf('=')
    return at < 1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
  })
  return Object.fromEntries(pairs) as Readonly<Record<string, string>>
}

/** `512M` of systemd, whose letters are powers of 1024. */
function sizeOf(text: string | undefined): string | undefined {
  const match = /^(\d+)([KMGT]?)B?$/.exec(text ?? '')
  if (match === null) return undefined
  return formatSize(Number(match[1]) * 1_024 ** ' KMGT'.indexOf(match[2] === '' ? ' ' : match[2]!))
}
