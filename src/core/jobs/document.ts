/**
 * The job document: what users write in files, the API and the dashboard, and its normalised form.
 * Everything here follows from the table in `document-fields.ts`. Schedules and time zones are only
 * checked in form; `checkTiming` of the scheduler knows their meaning.
 */
import type { JobName } from '../ids.ts'
import { ok, refuse, type Result } from '../result.ts'
import { type Definition, type GroupName, groupNames, type Groups } from './definition.ts'
import { checkEdges, checkStart } from './document-after.ts'
import { checkOverlapKey } from './document-bounds.ts'
import { defaultsOf } from './document-params.ts'
import { advice, fixedFields, groupFields, timing } from './document-fields.ts'
import { noNotify } from '../notify/rule.ts'
import { checkSlots } from './document-slots.ts'
import { own, plainMap } from './shape-collection.ts'
import { checkFields, checkKeys, fieldsSchema, parseFields, printFields } from './shape-record.ts'
import type { Schema } from './shape.ts'

export interface DocumentContext {
  /** Instant of the write. */
  readonly nowMs: number
  readonly defaultTimezone: string
}

const allFields: object = { ...fixedFields, ...flatFields() }

function flatFields(): object {
  return Object.assign({}, ...groupNames.map((group) => groupFields[group])) as object
}

/** Reads a user's document; the refusal names the path of what is wrong. */
export function parseDocument(
  document: unknown,
  { nowMs, defaultTimezone }: DocumentContext,
): Result<{ readonly name: JobName; readonly definition: Definition }> {
  const keys = checkKeys(allFields, document, '', advice)
  if (!keys.ok) return keys
  const moved = moveShortForms(keys.value)
  if (!moved.ok) return moved
  const root = moved.value
  const fixed = parseFields(fixedFields, root, '')
  if (!fixed.ok) return fixed
  const timing = parseTiming(root, nowMs, defaultTimezone)
  if (!timing.ok) return timing
  const action = parseFields(groupFields.action, root, '')
  if (!action.ok) return action
  const unfit = checkAction(action.value) ?? checkParams(action.value, timing.value)
  if (unfit !== undefined) return unfit
  const placement = parseFields(groupFields.placement, root, '')
  if (!placement.ok) return placement
  const delivery = parseFields(groupFields.delivery, root, '')
  if (!delivery.ok) return delivery
  const unfitSlots =
    checkSlots(placement.value, delivery.value) ?? checkOverlapKey(action.value, delivery.value)
  if (unfitSlots !== undefined) return unfitSlots
  const notify = parseFields(groupFields.notify, root, '')
  if (!notify.ok) return notify
  const enabled = parseFields(groupFields.enabled, root, '')
  if (!enabled.ok) return enabled
  const meta = parseFields(groupFields.meta, root, '')
  if (!meta.ok) return meta
  return ok({
    name: fixed.value.name,
    definition: {
      timing: timing.value,
      action: action.value,
      placement: placement.value,
      delivery: delivery.value,
      notify: notify.value,
      enabled: enabled.value,
      meta: meta.value,
    },
  })
}

/** `delivery: every-node` says what `placement: { every: true }` says. */
function moveEveryNode(root: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { delivery, placement, ...rest } = root
  const { mode, ...others } =
    typeof delivery === 'string' ? { mode: delivery } : (plainMap(delivery) ?? { mode: undefined })
  const inside = placement === undefined ? {} : plainMap(placement)
  if (mode !== 'every-node' || inside === undefined) return root
  return { ...rest, placement: { ...inside, every: true }, delivery: others }
}

/** `roster` and `minority` beside `delivery` are short for what is inside it. */
function moveShortForms(
  root: Readonly<Record<string, unknown>>,
): Result<Readonly<Record<string, unknown>>> {
  const { roster, minority, ...rest } = moveEveryNode(root)
  const short = Object.entries({ roster, minority }).filter(([, value]) => value !== undefined)
  if (short.length === 0) return ok(rest)
  const { delivery } = rest as { readonly delivery?: unknown }
  const inside = typeof delivery === 'string' ? { mode: delivery } : (plainMap(delivery) ?? {})
  const twice = short.find(([key]) => inside[key] !== undefined)
  if (twice !== undefined) {
    return refuse('MC_BAD_INPUT', `${twice[0]}: is there twice`, 'write it inside delivery only')
  }
  return ok({ ...rest, delivery: { ...inside, ...Object.fromEntries(short) } })
}

function parseTiming(
  root: object,
  nowMs: number,
  defaultTimezone: string,
): Result<Groups['timing']> {
  const unclear = checkStart(root)
  if (unclear !== undefined) return unclear
  const isAfter = own(root as Readonly<Record<string, unknown>>, 'after') !== undefined
  const fields = {
    ...timing,
    schedule: isAfter ? { ...timing.schedule, fallback: ['@manually'] } : timing.schedule,
    timezone: { ...timing.timezone, fallback: defaultTimezone },
    anchorMs: { ...timing.anchorMs, fallback: Math.floor(nowMs / 1_000) * 1_000 },
  }
  const read = parseFields(fields, root, '')
  if (!read.ok) return read
  const { startAtMs, endAtMs, anchorMs } = read.value
  if (isAfter && read.value.after.length === 0) {
    return refuse('MC_BAD_INPUT', 'after: is empty', 'name at least one job, or write a schedule')
  }
  return (
    checkEdges(read.value) ??
    checkRange(read.value, 'endAt') ??
    ok({ ...read.value, startAtMs, endAtMs, anchorMs: startAtMs ?? anchorMs })
  )
}

/** Limits on processes mean nothing where none is started. */
function checkAction({ run, successCodes, memoryMaxBytes }: Groups['action']) {
  if (run.kind !== 'http' && run.kind !== 'mqtt') return undefined
  const why = `means nothing with run.${run.kind}, which starts no process`
  if (successCodes.join() !== '0') {
    const hint = run.kind === 'http' ? 'write run: { http: { expect: … } }' : 'leave it out'
    return refuse('MC_BAD_INPUT', `successCodes: ${why}`, hint)
  }
  return memoryMaxBytes === null
    ? undefined
    : refuse('MC_BAD_INPUT', `memory: ${why}`, 'leave it out')
}

/** A tick has nobody who could say what a parameter is. */
function checkParams({ params }: Groups['action'], { schedule }: Groups['timing']) {
  const { missing } = defaultsOf(params)
  if (missing === undefined || schedule.every((entry) => entry.trim() === '@manually')) {
    return undefined
  }
  const hint = `give ${missing} a default, or write schedule: "@manually"`
  return refuse('MC_BAD_INPUT', `params.${missing}.required: a tick of the schedule lacks it`, hint)
}

function checkRange(
  { startAtMs, endAtMs }: Groups['timing'],
  path: string,
): Result<never> | undefined {
  if (startAtMs === null || endAtMs === null || endAtMs > startAtMs) return undefined
  return refuse('MC_BAD_INPUT', `${path}: is not after startAt`, 'set endAt later than startAt')
}

/** Validates a group's normalised value, as it comes from a peer; total, and the identity on its own results. */
export function parseGroup<G extends GroupName>(group: G, value: unknown): Result<Groups[G]> {
  const read: Result<Groups[G]> = checkFields<Groups[G]>(groupFields[group], value, group)
  if (!read.ok || group !== 'timing') return read
  return checkRange(read.value as Groups['timing'], 'timing.endAtMs') ?? read
}

/** The document of a job, as a user would write it: defaults left out, the time zone explicit. */
export function toDocument(name: JobName, groups: Definition): Readonly<Record<string, unknown>> {
  const document: Record<string, unknown> = { name }
  printFields(groupFields.timing, groups.timing, document)
  if (groups.timing.after.length > 0) delete document['schedule']
  printFields(groupFields.action, groups.action, document)
  printFields(groupFields.placement, groups.placement, document)
  printFields(groupFields.delivery, groups.delivery, document)
  printFields(groupFields.notify, groups.notify, document)
  printFields(groupFields.meta, groups.meta, document)
  printFields(groupFields.enabled, groups.enabled, document)
  return document
}

const { required, ...schema } = fieldsSchema(allFields)

/** JSON Schema of the job document. */
export const jobSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'meshcron job',
  ...schema,
  required: (required as readonly string[]).filter(
    (key) => key !== 'timezone' && key !== 'schedule',
  ),
  oneOf: [{ required: ['schedule'] }, { required: ['after'] }],
}

/**
 * What a group means for which no write is held. The safe side: not live, no ticks, and a command
 * that fails visibly.
 */
export const defaultGroups: Groups = {
  life: { state: 'deleted', seats: [], fromMs: 0 },
  enabled: { enabled: true, note: '', untilMs: null },
  timing: {
    schedule: ['@manually'],
    timezone: 'UTC',
    dst: 'cron',
    startAtMs: null,
    endAtMs: null,
    jitterMs: 0,
    jitterPer: 'job',
    limit: null,
    calendars: [],
    ignoreFreeze: false,
    after: [],
    join: 'all',
    delayMs: 0,
    anchorMs: 0,
  },
  action: {
    run: { kind: 'exec', argv: ['false'] },
    params: {},
    env: {},
    timeoutMs: null,
    totalTimeoutMs: null,
    killAfterMs: 10_000,
    successCodes: [0],
    outputMaxBytes: null,
    onOutputMax: 'kill',
    memoryMaxBytes: null,
  },
  placement: {
    tags: {},
    every: false,
    count: 1,
    countStrict: false,
    shards: null,
    lateJoiners: true,
    staggerMs: 0,
    where: null,
    affinity: 'tick',
  },
  delivery: {
    promised: groupFields.delivery.promised.fallback!,
    overlap: 'skip',
    orphanGraceMs: null,
    overlapKey: null,
    maxStartsPerMinute: null,
    maxStartsPerDay: null,
    pauseOnFailure: null,
    misfire: groupFields.delivery.misfire.fallback!,
    retry: groupFields.delivery.retry.fallback!,
    graceMs: null,
  },
  notify: noNotify,
  meta: {
    displayName: '',
    ownerName: '',
    ownerEmail: '',
    description: '',
    labels: {},
    retentionRuns: null,
    retentionMs: null,
  },
  calendar: { timezone: 'UTC', rules: [] },
}
