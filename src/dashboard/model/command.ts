// The command line that does the same: whoever learns the dashboard learns the terminal.

/** One argument, quoted where a shell would read it otherwise. */
export function quoted(argument: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(argument)) return argument
  return `'${argument.replaceAll("'", `'\\''`)}'`
}

const line = (...words: readonly string[]): string => ['meshcron', ...words].map(quoted).join(' ')

export const commands = {
  run: (job: string): string => line('job', 'run', job),
  pause: (job: string, note: string): string =>
    note === '' ? line('job', 'pause', job) : line('job', 'pause', job, '--note', note),
  resume: (job: string): string => line('job', 'resume', job),
  remove: (job: string): string => line('job', 'rm', job, '--yes'),
  show: (job: string): string => line('job', 'show', job, '-o', 'yaml'),
  apply: (job: string): string => line('apply', '-f', `${job === '' ? 'job' : job}.yaml`),
  stop: (execution: string): string => line('run', 'stop', execution),
  logs: (job: string): string => line('logs', '-f', job),
  explain: (subject: string): string => line('explain', subject),
  calendars: (): string => line('calendar', 'ls'),
  plan: (): string => line('plan'),
  status: (): string => line('status'),
  cordon: (member: string): string => line('member', 'cordon', member),
  uncordon: (member: string): string => line('member', 'uncordon', member),
  invite: (): string => line('invite', '--allow-tag', '*'),
  revoke: (invite: string): string => line('invite', 'revoke', invite),
  accept: (member: string): string => line('pending', 'accept', member),
  members: (): string => line('member', 'ls'),
  jobs: (): string => line('job', 'ls'),
  executions: (): string => line('run', 'ls'),
} as const
