/**
 * What could stand where the cursor is. The scripts of `meshcron completion` ask `meshcron complete --
 * WORDS`, of which the last is the one being typed, and get lines of a word, a tab and what it means.
 */
import type { Command, Option } from 'commander'
import type { CalendarList, ExecutionPage, Member } from './answers.ts'
import { Client } from './client.ts'
import { CliError } from './cli-error.ts'
import type { Io } from './io.ts'
import { readJobs } from './jobs.ts'
import { targetsOf } from './target.ts'
import { shortName } from './text.ts'
import { loadVerb } from './verbs.ts'

interface Candidate {
  readonly word: string
  readonly about: string
}

/** Somebody waits for the key that was pressed. */
const answerMsMax = 1_000
const executionsMax = 50

/** Writes the candidates for the last word of what stands behind `--`. */
export async function complete(io: Io, program: Command): Promise<void> {
  const words = io.rest
  const typed = words.at(-1) ?? ''
  const candidates = await candidatesFor(io, program, words.slice(0, -1), typed)
  for (const { word, about } of candidates.filter((one) => one.word.startsWith(typed))) {
    io.stdout.write(about === '' ? `${word}\n` : `${word}\t${about}\n`)
  }
}

/** Where the words have led. */
interface Place {
  readonly command: Command
  readonly operands: number
  /** The option whose value comes next. */
  readonly option: Option | undefined
  readonly given: Readonly<Record<string, string>>
}

async function candidatesFor(
  io: Io,
  program: Command,
  words: readonly string[],
  typed: string,
): Promise<readonly Candidate[]> {
  const { command, operands, option, given } = await follow(io, program, words)
  if (option !== undefined) return await valuesOf(io, option, given)
  if (typed.startsWith('-')) return optionsOf(command).map(optionCandidate)
  if (command.commands.length > 0 && operands === 0) {
    const shown = command.createHelp().visibleCommands(command)
    return shown.map((one) => ({ word: one.name(), about: one.description() }))
  }
  const known = command.registeredArguments
  const argument = known[operands] ?? (known.at(-1)?.variadic === true ? known.at(-1) : undefined)
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return argument.argChoices.map(plain)
  return await namesOf(io, argument.name(), given)
}

async function follow(io: Io, program: Command, words: readonly string[]): Promise<Place> {
  let place: Place = { command: program, operands: 0, option: undefined, given: {} }
  for (const word of words) place = await step(io, place, word)
  return place
}

async function step(io: Io, place: Place, word: string): Promise<Place> {
  const { command, operands, option, given } = place
  if (option !== undefined) {
    return { ...place, option: undefined, given: { ...given, [option.attributeName()]: word } }
  }
  if (word.startsWith('-')) {
    const [flag = '', value] = word.split('=', 2)
    const meant = optionsOf(command).find(({ short, long }) => short === flag || long === flag)
    if (meant === undefined || meant.isBoolean()) return place
    if (value === undefined) return { ...place, option: meant }
    return { ...place, given: { ...given, [meant.attributeName()]: value } }
  }
  const next = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined
  if (next === undefined) return { ...place, operands: operands + 1 }
  await loadVerb(command, next, io)
  return { ...place, command: next }
}

/** Options of the command, and of all that it is part of. */
function optionsOf(command: Command): readonly Option[] {
  const own = command.options.filter(({ hidden }) => !hidden)
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)]
}

function optionCandidate({ long, short, description }: Option): Candidate {
  return { word: long ?? short ?? '', about: description }
}

async function valuesOf(
  io: Io,
  option: Option,
  given: Place['given'],
): Promise<readonly Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map(plain)
  const [, placeholder = ''] = /[<[]([^>\]]+)/.exec(option.flags) ?? []
  const isJob = option.long === '--job' || placeholder.startsWith('job')
  return await namesOf(io, isJob ? 'job' : placeholder, given)
}

const plain = (word: string): Candidate => ({ word, about: '' })

/** Names of things that the daemon knows; none when nobody answers. */
async function namesOf(io: Io, kind: string, given: Place['given']): Promise<readonly Candidate[]> {
  try {
    const client = new Client({ targets: targetsOf(io, given), timeoutMs: answerMsMax })
    switch (kind) {
      case 'job':
      case 'jobs':
        return await jobNames(client)
      case 'job|execution':
        return [...(await jobNames(client)), ...(await executionIds(client))]
      case 'execution':
        return await executionIds(client)
      case 'member':
        return await memberNames(client)
      case 'calendar':
      case 'calendars': {
        const { items } = await client.get<CalendarList>('/calendars')
        return items.map(({ name }) => plain(name))
      }
      default:
        return []
    }
  } catch (error) {
    if (error instanceof CliError) return []
    throw error
  }
}

async function jobNames(client: Client): Promise<readonly Candidate[]> {
  return (await readJobs(client)).map(({ name, state, document }) => {
    const { description } = document as { readonly description?: string }
    return { word: name, about: (description ?? state).split('\n')[0] ?? '' }
  })
}

async function executionIds(client: Client): Promise<readonly Candidate[]> {
  const page = await client.get<ExecutionPage>('/executions', { limit: executionsMax })
  const seen = new Map(page.items.map(({ id, outcome, state }) => [id, outcome ?? state]))
  return [...seen].map(([word, about]) => ({ word, about }))
}

async function memberNames(client: Client): Promise<readonly Candidate[]> {
  const { items } = await client.get<{ readonly items: readonly Member[] }>('/members')
  return items.map((member) => ({ word: shortName(member), about: member.state }))
}
