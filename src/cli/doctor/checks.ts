// What is said of the facts. Each check is pure and says at least one thing.

import type { Job } from '../answers.ts'
import { countText, durationText, shortName } from '../text.ts'
import type { DaemonFacts, DoctorFacts, Finding } from './facts.ts'
import { programOf } from './programs.ts'

type Check = (facts: DoctorFacts) => readonly Finding[]
type DaemonCheck = (daemon: DaemonFacts, facts: DoctorFacts) => readonly Finding[]

const good = (check: string, message: string): readonly Finding[] => [
  { check, level: 'ok', message, fix: '' },
]
const warn = (check: string, message: string, fix: string): Finding => {
  return { check, level: 'warn', message, fix }
}
const bad = (check: string, message: string, fix: string): Finding => {
  return { check, level: 'bad', message, fix }
}

/** What was found, or one good word where nothing was. */
const orGood = (found: readonly Finding[], check: string, message: string): readonly Finding[] =>
  found.length > 0 ? found : good(check, message)

const config: Check = ({ config }) =>
  config.ok
    ? good('config', `can be used; data directory ${config.dataDir}`)
    : [bad('config', config.message, config.hint)]

const secrets: Check = ({ secrets }) => {
  if (secrets === undefined) {
    return [warn('keys', 'there is no data directory here', 'meshcron start makes one')]
  }
  const open = secrets.filter(({ mode }) => (mode & 0o077) !== 0)
  const found = open.map(({ path, mode }) => {
    const message = `${path} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}: others may use it`
    return bad('keys', message, `chmod 600 ${path}; if others could have read it, delete it`)
  })
  return orGood(found, 'keys', `${countText(secrets.length, 'secret file')} for the owner alone`)
}

const exposure: Check = ({ config }) => {
  if (!config.ok) return []
  const { host, port } = config.http
  const isLoopback = /^(127\.|::1$|localhost$)/.test(host)
  if (isLoopback) return good('api', `listens on ${host}:${port} alone and wants a token`)
  if (config.isTls === true)
    return good('api', `listens on ${host}:${port} with TLS, wants a token`)
  const fix = 'give it --http-cert and --http-key, or listen on 127.0.0.1'
  return [warn('api', `listens on ${host}:${port} without TLS: other machines reach it`, fix)]
}

const GB = 1_000_000_000
const MB = 1_000_000
const sizeText = (bytes: number): string =>
  bytes >= GB ? `${(bytes / GB).toFixed(1)} GB` : `${Math.round(bytes / MB)} MB`

const disk: Check = ({ disk }) => {
  if (disk === undefined) return []
  const { freeBytes, totalBytes, device, fileSystem } = disk
  const free = `${sizeText(freeBytes)} of ${sizeText(totalBytes)} free`
  const space =
    freeBytes < 50 * MB
      ? [bad('disk', `${free}: definitions will be refused`, 'make room, or move --data-dir')]
      : freeBytes < 500 * MB || freeBytes < totalBytes / 20
        ? [warn('disk', free, 'make room, or keep less: --history-runs, --history-age')]
        : []
  const kind = /^(tmpfs|ramfs|overlay)$/.test(fileSystem)
    ? [
        warn(
          'disk',
          `the data directory is on ${fileSystem}: key and votes are lost with it`,
          'put --data-dir on a disk or a volume',
        ),
      ]
    : /\/mmcblk\d/.test(device)
      ? [
          warn(
            'disk',
            `${device} is a memory card: each history write wears it`,
            'mount it with noatime, keep less history (--history-runs), or use another disk',
          ),
        ]
      : []
  return orGood([...space, ...kind], 'disk', `${free} on ${device} (${fileSystem})`)
}

const memory: Check = ({ memory: { availableBytes, totalBytes } }) => {
  const text = `${sizeText(availableBytes)} of ${sizeText(totalBytes)} available`
  const fix = 'give jobs a bound (memory: 256MiB), or run fewer here: --weight 0.5'
  if (availableBytes < 50 * MB) return [bad('memory', text, fix)]
  return availableBytes < 150 * MB ? [warn('memory', text, fix)] : good('memory', text)
}

const reachability: Check = ({ reached }) => {
  const names = [...new Set(reached.map(({ member }) => member))]
  const closed = names.filter((name) =>
    reached.every(({ member, opened }) => member !== name || !opened),
  )
  const found = closed.map((name) => {
    const all = reached.filter(({ member }) => member === name).map(({ address }) => address)
    const fix = `open ${all.join(' or ')} in the firewall, or --announce another address there`
    return warn('ports', `${name} cannot be reached from here`, fix)
  })
  return names.length === 0
    ? []
    : orGood(found, 'ports', `${countText(names.length, 'other member')} can be reached from here`)
}

const programs: Check = ({ programs }) => {
  const missing = programs.filter(({ isHere }) => !isHere).map(({ program }) => program)
  const found = missing.map((program) => {
    const fix = 'install it here, or bind its jobs to nodes that have it: placement.tags'
    return bad('programs', `jobs that may run here start ${program}, which is not here`, fix)
  })
  return orGood(found, 'programs', `${countText(programs.length, 'program')} of jobs found`)
}

const health: DaemonCheck = ({ status }) => {
  const { ready, isolated, self } = status
  const found = [
    ...(ready ? [] : [bad('node', `${shortName(self)} is not ready`, 'meshcron status says why')]),
    ...(isolated
      ? [bad('node', 'it is cut off from most of its links', 'check cable, radio and firewall')]
      : []),
  ]
  return orGood(found, 'node', `${shortName(self)} is ready, profile ${self.profile}`)
}

/** Beyond it two nodes call one instant by times that people notice. */
const offsetWarnMs = 500

const clock: DaemonCheck = ({ status, members }) => {
  const { state, offsetMs } = status.clock
  const fix = 'set the clock: timedatectl set-ntp true, or chronyc makestep'
  const own =
    state === 'unsynced' || state === 'disputed'
      ? [bad('clock', `${state}: this node starts nothing`, fix)]
      : state === 'skewed' || state === 'drifting'
        ? [warn('clock', `${state}, ${Math.round(offsetMs)} ms from the fleet`, fix)]
        : []
  const others = members
    .filter(({ clockOffsetMs }) => Math.abs(clockOffsetMs ?? 0) > offsetWarnMs)
    .map((member) =>
      warn(
        'clock',
        `${shortName(member)} is ${durationText(Math.abs(member.clockOffsetMs ?? 0))} off`,
        `there: ${fix}`,
      ),
    )
  const measured = members.filter(({ self, clockOffsetMs }) => !self && clockOffsetMs !== null)
  const text = `${state}, compared with ${countText(measured.length, 'member')}`
  return orGood([...own, ...others], 'clock', text)
}

const fleet: DaemonCheck = ({ status, members }) => {
  const away = members.filter(({ state }) => state === 'unreachable' || state === 'down')
  const found = away.map((member) =>
    warn(
      'members',
      `${shortName(member)} is ${member.state}`,
      'start it or its network; meshcron leave there if it is gone for good',
    ),
  )
  const { laggingMembers } = status.jobs
  const lagging =
    laggingMembers.length === 0
      ? []
      : [
          warn(
            'members',
            `${countText(laggingMembers.length, 'member')} with older jobs`,
            'wait a minute; then see meshcron member ls',
          ),
        ]
  const alone = members.length === 1 ? ': no other node would take over' : ''
  const text = `${countText(members.length, 'member')}, all here${alone}`
  return orGood([...found, ...lagging], 'members', text)
}

const skew: DaemonCheck = ({ members }) => {
  const here = members.filter(({ state }) => state === 'alive')
  const kinds = [
    ['version', 'meshcron', 'upgrade all nodes to one version'],
    ['timezoneData', 'time zone data', 'run one version of Node on all: clock changes differ'],
    ['engine', 'scheduler', 'upgrade all nodes to one version'],
  ] as const
  const found = kinds.flatMap(([key, what, fix]) => {
    const values = [...new Set(here.map((member) => member[key]))].sort()
    if (values.length < 2) return []
    const each = values.map((value) => {
      const names = here.filter((member) => member[key] === value).map(shortName)
      return `${value} (${names.join(', ')})`
    })
    return [warn('versions', `${what} differs: ${each.join(', ')}`, fix)]
  })
  const one = here[0]
  const text = one === undefined ? 'none' : `${one.version}, time zones ${one.timezoneData}`
  return orGood(found, 'versions', text)
}

const placing: DaemonCheck = ({ jobs, members }) => {
  const homeless = jobs.filter((job) => job.state !== 'paused' && isHomeless(job))
  const found = homeless.map((job) => {
    const executor = executorOf(job)
    const others = members.filter(({ executors }) => executors.includes(executor))
    const lacks = executor !== '' && others.length === 0 ? `: none has ${executor}` : ''
    const fix = `meshcron explain ${job.name} says why of each node`
    return bad('jobs', `no node may run ${job.name}${lacks}`, fix)
  })
  const conflicting = jobs.filter(({ conflicts }) => conflicts.length > 0)
  const edits = conflicting.map(({ name }) =>
    warn('jobs', `${name} has conflicting edits`, `meshcron job show ${name} shows both`),
  )
  return orGood([...found, ...edits], 'jobs', `${countText(jobs.length, 'job')}, each with a node`)
}

function isHomeless({ state, next }: Job): boolean {
  const [tick] = next
  const isUnclaimed = tick !== undefined && tick.node === null && tick.deniedBy === null
  return state === 'no-eligible-node' || isUnclaimed
}

/** What a node needs to have for the job, as members tell it. */
function executorOf({ document }: Pick<Job, 'document'>): string {
  const run = document['run'] as Readonly<Record<string, unknown>> | undefined
  const [kind = ''] = Object.keys(run ?? {})
  const { name } = (run?.['plugin'] ?? {}) as { readonly name?: string }
  return kind === 'plugin' ? `plugin:${name ?? ''}` : kind
}

const local: readonly Check[] = [config, secrets, exposure, disk, memory]
const ofDaemon: readonly DaemonCheck[] = [health, clock, fleet, skew, placing]

/** Everything that is to be said, the daemon's part after the machine's. */
export function examine(facts: DoctorFacts): readonly Finding[] {
  const { daemon } = facts
  const machine = facts.isLocal ? local.flatMap((check) => check(facts)) : []
  if ('message' in daemon) {
    const isOther = facts.httpIsTaken && facts.config.ok
    const where = facts.config.ok ? `${facts.config.http.host}:${facts.config.http.port}` : ''
    const fix = isOther
      ? `something else listens on ${where}: stop it, or start with --http and another port`
      : daemon.hint
    return [...machine, bad('node', daemon.message, fix)]
  }
  return [
    ...machine,
    ...ofDaemon.flatMap((check) => check(daemon, facts)),
    ...reachability(facts),
    ...(facts.isLocal ? programs(facts) : []),
  ]
}

/** Programs that this node would start. */
export function programsFor({ status, jobs, plan }: DaemonFacts): readonly string[] {
  const ticks = plan.ticks.filter(({ rank }) => rank.some(({ id }) => id === status.self.id))
  const mine = new Set(ticks.map(({ job }) => job))
  const found = jobs.filter(({ name }) => mine.has(name)).map(({ document }) => programOf(document))
  return [...new Set(found.filter((program) => program !== undefined))].sort()
}
