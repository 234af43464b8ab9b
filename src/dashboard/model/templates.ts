// Jobs to begin with. Each works on any machine as it stands.

export interface Template {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly document: Readonly<Record<string, unknown>>
  readonly command: string
}

export const templates: readonly Template[] = [
  {
    name: 'hello',
    title: 'Say hello every 10 seconds',
    about: 'Watch the node change when one is killed.',
    document: {
      name: 'hello',
      schedule: '@every 10s',
      run: { exec: ['echo', 'hi from {node}'] },
    },
    command: `meshcron job create hello --every 10s -- echo 'hi from {node}'`,
  },
  {
    name: 'disk-report',
    title: 'Report the disks of every node, every hour',
    about: 'One execution on each member, at a minute that the name decides.',
    document: {
      name: 'disk-report',
      schedule: 'H * * * *',
      run: { shell: 'df -h / | tail -n 1' },
      placement: { every: true },
      timeout: '1m',
    },
    command: `meshcron job create disk-report --schedule 'H * * * *' --every-node --timeout 1m --shell 'df -h / | tail -n 1'`,
  },
  {
    name: 'nightly-backup',
    title: 'Back up at night, and try again elsewhere',
    about: 'At 02:30 local time, three attempts, on another node after a failure.',
    document: {
      name: 'nightly-backup',
      schedule: '30 2 * * *',
      timezone: 'Europe/Berlin',
      run: { shell: 'tar czf /tmp/backup.tgz /etc 2>/dev/null && ls -l /tmp/backup.tgz' },
      timeout: '30m',
      retry: { max: 2, base: '30s', where: 'other' },
    },
    command: `meshcron job create nightly-backup --schedule '30 2 * * *' --timezone Europe/Berlin --timeout 30m --retry 2 --shell 'tar czf /tmp/backup.tgz /etc 2>/dev/null && ls -l /tmp/backup.tgz'`,
  },
]

/** The template of a name. */
export const templateOf = (name: string | undefined): Template | undefined =>
  templates.find((one) => one.name === name)
