import { Command, Option } from 'commander'
import { version } from '../app/build.ts'
import { examples } from './examples.ts'
import type { Io } from './io.ts'
import { formats } from './output.ts'
import { addVerbs, verb } from './verbs.ts'
import type { Verb } from './verbs.ts'

const verbs: Readonly<Record<string, readonly Verb[]>> = {
  'Run:': [
    verb('start', 'run a node', () => import('./commands/start.ts')),
    verb('init', 'make the keys of a new cluster', () => import('./commands/init.ts')),
    verb('demo', 'run three nodes on this machine', () => import('./commands/demo.ts')),
    verb('invite', 'let other machines join', () => import('./commands/invite.ts')),
    verb('pending', 'machines that wait to be accepted', () => import('./commands/pending.ts')),
    verb('leave', 'announce that the node goes, and stop it', () => import('./commands/leave.ts')),
    verb(
      'simulate',
      'a fleet in virtual time, with faults',
      () => import('./commands/simulate.ts'),
    ),
    verb('completion', 'words that a shell completes', () => import('./commands/completion.ts')),
    verb('version', 'show the version', () => import('./commands/version.ts')),
  ],
  'Jobs:': [
    verb('job', 'create, show, change and delete jobs', () => import('./commands/job.ts')),
    verb('calendar', 'when starts are denied', () => import('./commands/calendar.ts')),
    verb('apply', 'make the jobs be as in files', () => import('./commands/apply.ts')),
    verb('export', 'jobs and calendars as a file for apply', () => import('./commands/export.ts')),
    verb(
      'import',
      'jobs of cron, systemd, Dkron, Kubernetes',
      () => import('./commands/import.ts'),
    ),
    verb('next', 'the next instants of a schedule', () => import('./commands/next.ts')),
    verb('plan', 'coming ticks, and where they will run', () => import('./commands/plan.ts')),
    verb('explain', 'why this node, why not another', () => import('./commands/explain.ts')),
  ],
  'Executions:': [
    verb('run', 'show and stop executions', () => import('./commands/run.ts')),
    verb('logs', 'output of a job', () => import('./commands/logs.ts')),
  ],
  'Cluster:': [
    verb('status', 'the cluster on one screen', () => import('./commands/status.ts')),
    verb('member', 'show members', () => import('./commands/member.ts')),
    verb('doctor', 'what is wrong here, and how to mend it', () => import('./commands/doctor.ts')),
    verb('top', 'the cluster, live on the whole screen', () => import('./commands/top.ts')),
    verb('bundle', 'an archive for support, without secrets', () => import('./commands/bundle.ts')),
    verb('notify', 'channels to people', () => import('./commands/notify.ts')),
    verb('id', 'the id of the node', () => import('./commands/id.ts')),
    verb('token', 'who may ask the node, and what for', () => import('./commands/token.ts')),
    verb('policy', 'what this node lets others run', () => import('./commands/policy.ts')),
    verb('config', 'show the configuration', () => import('./commands/config.ts')),
  ],
}

/** The command line without the verbs' own options, which are loaded with the verb. */
export function createProgram(io: Io): Command {
  const program = new Command('meshcron')
    .description('cron for a fleet with no leader, no database and no quorum')
    .option('--data-dir <dir>', 'data directory of the daemon (./meshcron-data)')
    .option('--host <host:port>', 'address of a remote daemon')
    .option('--token <token>', 'its token; MESHCRON_TOKEN is not seen by other users')
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(formats).default('table'),
    )
    .option('--watch', 'show it again every second')
    .version(version, '-V, --version', 'show the version')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // Errors are shown where they are caught, in the form that all have.
      outputError: () => undefined,
    })
    .exitOverride()
    .addHelpText('afterAll', ({ command }) => examplesOf(command))
  addVerbs(program, io, verbs)
  // asked by the scripts of `completion`
  program
    .command('complete', { hidden: true })
    .allowUnknownOption()
    .action(async () => {
      const { complete } = await import('./complete.ts')
      await complete(io, createProgram(io))
    })
  return program
}

/** The examples of a verb; the path of the program itself is empty. */
function examplesOf(command: Command): string {
  const path: string[] = []
  for (let one = command; one.parent !== null; one = one.parent) path.unshift(one.name())
  const lines = examples[path.join(' ')] ?? []
  return lines.length === 0 ? '' : `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`
}
