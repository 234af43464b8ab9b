/**
 * Crontabs, of users and of the system (with a user in the sixth field). Differences that cron users
 * would trip over are kept rather than improved: overlapping runs, no catching up. `%` is a line of
 * standard input, and a step in one day field restricts the other (`0 0 * /2 * 1` in cron is AND).
 */
import { judge, isUnrestricted, leftOut, nameFrom, withInput } from './translation.ts'
import type { Found, Translation, FileText } from './translation.ts'

export interface CrontabFacts {
  /** Five fields, then a user. */
  readonly system: boolean
  /** The zone of the machine: what a crontab is read in. */
  readonly timezone: string
  readonly nowMs: number
}

interface Settings {
  readonly env: Readonly<Record<string, string>>
  readonly shell: string
  readonly timezone: string
  readonly jitterMinutes: number
  readonly mailTo: string | undefined
}

interface Entry {
  readonly source: string
  readonly when: string
  readonly user: string | undefined
  readonly rest: string
  readonly comment: string
}

/** Translates crontabs; what one sets does not hold in the next. */
export function importCrontabs(files: readonly FileText[], facts: CrontabFacts): Translation {
  const found = files.flatMap(({ name, text }) => entriesOf(name, text, facts))
  return judge(found, facts.nowMs, [
    'cron ran these on one machine; here any node may. Bind them with --tag key=value.',
    'cron mails output; here it is kept: meshcron logs JOB.',
    `times are read in ${facts.timezone}, the zone of this machine, where CRON_TZ says nothing else`,
  ])
}

function entriesOf(
  file: string,
  text: string,
  { system, timezone }: CrontabFacts,
): readonly Found[] {
  const found: Found[] = []
  let comment = ''
  let settings: Settings = {
    env: {},
    shell: '/bin/sh',
    timezone,
    jitterMinutes: 0,
    mailTo: undefined,
  }
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    const setting = /^([A-Za-z_]\w*|"[^"]+"|'[^']+')\s*=\s*(.*)$/.exec(line)
    if (line === '' || line.startsWith('#')) {
      comment = line === '' ? '' : line.replace(/^#+\s*/, '')
    } else if (setting !== null) {
      settings = withSetting(settings, unquote(setting[1]!), unquote(setting[2]!.trim()))
    } else {
      found.push(entryOf(line, `${file}, line ${i + 1}`, comment, system, settings))
      comment = ''
    }
  }
  return found
}

function unquote(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text
}

function withSetting(settings: Settings, name: string, value: string): Settings {
  if (name === 'SHELL') return { ...settings, shell: value }
  if (name === 'MAILTO') return { ...settings, mailTo: value }
  if (name === 'CRON_TZ') return { ...settings, timezone: value }
  if (name === 'RANDOM_DELAY') return { ...settings, jitterMinutes: Number(value) || 0 }
  if (['MAILFROM', 'CONTENT_TYPE', 'CONTENT_TRANSFER_ENCODING', 'LOGNAME'].includes(name)) {
    return settings
  }
  return { ...settings, env: { ...settings.env, [name]: value } }
}

function entryOf(
  line: string,
  source: string,
  comment: string,
  system: boolean,
  settings: Settings,
): Found {
  const whenPattern = line.startsWith('@') ? String.raw`@\S+` : String.raw`(?:\S+\s+){4}\S+`
  const userPattern = system ? String.raw`\s+(\S+)` : '()'
  const match = new RegExp(`^(${whenPattern})${userPattern}\\s+(\\S.*)$`, 's').exec(line)
  if (match === null) return leftOut(source, line, 'is no entry of a crontab')
  const [, when = '', user = '', rest = ''] = match
  const entry = { source, when, user: user === '' ? undefined : user, rest, comment }
  return jobOf(entry, settings)
}

function jobOf({ source, when, user, rest, comment }: Entry, settings: Settings): Found {
  if (when.toLowerCase() === '@reboot') {
    const why = 'nothing here starts with a machine: use a unit of the system for it'
    return leftOut(source, rest, why)
  }
  const fields = when.split(/\s+/)
  const [, , dom = '*', , dow = '*'] = fields
  if ([dom, dow].some((one) => /^\*\/0*[2-9]/.test(one)) && ![dom, dow].some(isUnrestricted)) {
    const why = `cron wants both days of "${when}", here either of them makes a tick; test one in the command`
    return leftOut(source, rest, why)
  }
  const { script, differences } = commandOf(rest)
  const { env, shell, timezone, jitterMinutes, mailTo } = settings
  const isMailed = mailTo !== undefined && mailTo !== ''
  const schedule = fields.map(hashed).join(' ')
  return {
    kind: 'job',
    source,
    document: {
      name: nameFrom(nameOfCommand(rest)),
      ...(comment === '' ? {} : { description: comment }),
      schedule: when.toLowerCase() === '@every_minute' ? '@minutely' : schedule,
      timezone,
      run: shell === '/bin/sh' ? { shell: script } : { exec: [shell, '-c', script] },
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(jitterMinutes > 0 ? { jitter: `${jitterMinutes}m` } : {}),
      ...(isMailed && mailTo.includes('@') ? { owner: { email: mailTo } } : {}),
      overlap: 'allow',
      misfire: { policy: 'skip' },
    },
    differences: [
      ...differences,
      ...(user === undefined ? [] : [`it ran as ${user}; here it runs as the user of the node`]),
      ...(isMailed ? [`cron mails the output to ${mailTo}; here nobody is mailed`] : []),
      ...(schedule === fields.join(' ')
        ? []
        : ['its random minute is here one that its name decides']),
      ...(jitterMinutes > 0 ? ['its random delay is here one that name and tick decide'] : []),
    ],
  }
}

/** `~`, `5~20`: a value that cron draws once. */
function hashed(field: string): string {
  return field.replaceAll(/(\d*)~(\d*)/g, (_all, from: string, to: string) =>
    from === '' || to === '' ? 'H' : `H(${from}-${to})`,
  )
}

/** The first `%` that is not escaped ends the command; what follows is its input, line by line. */
function commandOf(rest: string): { script: string; differences: readonly string[] } {
  const [command = '', ...input] = rest.split(/(?<!\\)%/).map((part) => part.replaceAll('\\%', '%'))
  if (input.length === 0) return { script: command, differences: [] }
  const script = withInput(command.trim(), input.join('\n'))
  return { script, differences: ['what stood behind % is a here-document'] }
}

const wrappers = new Set(['nice', 'ionice', 'flock', 'timeout', 'nohup', 'sudo', 'env', 'exec'])
const shells = new Set(['sh', 'bash', 'dash', 'zsh', 'python', 'python3', 'perl', 'php', 'node'])

/** What a person calls it: the program, or the script that a shell runs. */
function nameOfCommand(command: string): string {
  const folder = /\/etc\/(cron\.[a-z]+)/.exec(command)?.[1]
  if (folder !== undefined) return folder
  const words = command
    .split(/[|;&<>(){}]+/)
    .flatMap((part) => part.trim().split(/\s+/))
    .filter((word) => word !== '' && !/^[A-Za-z_]\w*=|^[-+![\]]|^\d+[smhd]?$/.test(word))
  const names = words.map((word) => word.replace(/^.*\//, '').replaceAll(/["'`]/g, ''))
  const isMeant = (name: string): boolean =>
    !wrappers.has(name) && !shells.has(name) && !['cd', 'test', 'root', 'command'].includes(name)
  const meant = names.find((name, i) => isMeant(name) && !['cd', 'flock'].includes(names[i - 1]!))
  return (meant ?? names[0] ?? 'job').replace(/\.(sh|py|pl|php|rb|js)$/, '')
}
