// Of the rows of one slot: who speaks for it, and whether an attempt was started twice.

import type { MemberId } from '../../core/ids.ts'
import { phases, type Outcome, type Phase } from '../../core/execution/record.ts'
import type { Row } from './database.ts'

/** What of a row decides. */
export interface SlotRow {
  readonly id: number
  readonly place: number
  readonly head: boolean
  readonly twin: boolean
  readonly attempt: number
  readonly executor: MemberId | null
  readonly author: string
  readonly phase: Phase
  readonly outcome: Outcome | null
  readonly claimed: number | null
  readonly count: number
  readonly dueMs: number
  readonly actor: string
  readonly seq: number
}

export const slotColumns = `id, place, head, twin, attempt, executor, author, phase, outcome,
  claimed, count, due, actor, seq`

export function toSlotRow(row: Row): SlotRow {
  const [head, twin, dueMs] = [row['head'] === 1, row['twin'] === 1, row['due']]
  return { ...row, head, twin, dueMs } as unknown as SlotRow
}

/**
 * Who speaks for a slot: of its own rows the one that the ledger lets speak. A range that begins with
 * its tick stands for the ticks behind it as well, which the run of the first one does not decide:
 * it speaks beside a run, and instead of the word that this one tick did not run.
 */
export function findHeads(rows: readonly SlotRow[]): readonly SlotRow[] {
  const own = rows.filter(({ count }) => count <= 1)
  const ranges = rows.filter(({ count }) => count > 1)
  if (own.length === 0 || ranges.length === 0) return [first(rows)]
  const speaker = first(own)
  return isClaim(speaker) ? [speaker, first(ranges)] : [first(ranges)]
}

/**
 * Last attempt, then one that ran, then success, then the furthest phase and the longer range, then
 * the earlier claim: the order in which the ledger lets records speak.
 */
const first = (rows: readonly SlotRow[]): SlotRow =>
  rows.reduce((best, row) => (compare(row, best) < 0 ? row : best))

function compare(a: SlotRow, b: SlotRow): number {
  const order =
    placeOf(b) - placeOf(a) ||
    Number(isClaim(b)) - Number(isClaim(a)) ||
    Number(b.outcome === 'success') - Number(a.outcome === 'success') ||
    phases.indexOf(b.phase) - phases.indexOf(a.phase) ||
    b.count - a.count ||
    (a.claimed ?? 0) - (b.claimed ?? 0)
  if (order !== 0) return order
  return (a.executor ?? a.author) < (b.executor ?? b.author) ? -1 : 1
}

/** Whether two members started one attempt. */
export function hasTwin(rows: readonly SlotRow[]): boolean {
  const claims = rows.filter(isClaim)
  return new Set(claims.map(({ attempt }) => attempt)).size < claims.length
}

/** What was queued speaks only while nothing else does. */
const placeOf = ({ phase, attempt }: SlotRow): number => (phase === 'queued' ? -1 : attempt)

const isClaim = (row: SlotRow): boolean => row.executor !== null && row.phase !== 'queued'

/** Whether a record of this attempt, executor and author takes the place of the row. */
export function isReplaced(
  row: SlotRow,
  by: Pick<SlotRow, 'attempt' | 'executor' | 'author' | 'count'>,
): boolean {
  if (row.attempt !== by.attempt || row.executor !== by.executor) return false
  // Ranges of ticks that did not run are kept per author: each author's grows on its own.
  return by.executor !== null || row.author === by.author || (row.count <= 1 && by.count <= 1)
}
